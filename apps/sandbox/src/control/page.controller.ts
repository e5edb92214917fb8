import { Controller, Get, Header, Inject } from '@nestjs/common';
import { DeliveryLog } from '../kit/delivery-log.js';
import { FaultPlan } from '../kit/fault-plan.js';
import { SandboxClock } from '../kit/sandbox-clock.js';
import { TruthLedger } from '../kit/truth-ledger.js';
import type { VendorDouble } from '../kit/vendor-double.js';
import { VENDOR_DOUBLES } from '../vendors/index.js';
import { renderPage } from './page.js';

const SHOWN = 50;

/** A look into the sandbox for people. */
@Controller('__sandbox/page')
export class PageController {
  constructor(
    @Inject(VENDOR_DOUBLES) private readonly doubles: readonly VendorDouble[],
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(FaultPlan) private readonly faults: FaultPlan,
    @Inject(TruthLedger) private readonly ledger: TruthLedger,
    @Inject(DeliveryLog) private readonly deliveries: DeliveryLog,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  page(): string {
    const after = Math.max(this.ledger.last - SHOWN, 0);
    return renderPage({
      clock: this.clock.state(),
      vendors: this.doubles.map((double) => ({ name: double.vendor, summary: double.summary() })),
      items: this.doubles.flatMap((double) => double.recent?.(SHOWN) ?? []),
      effects: this.ledger.read({ after }).toReversed(),
      deliveries: this.deliveries.latest(SHOWN),
      faults: this.faults.list(),
    });
  }
}
