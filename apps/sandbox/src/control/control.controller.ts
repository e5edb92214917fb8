import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { IngressOffer } from '../ingress-offer.js';
import { DeliveryLog } from '../kit/delivery-log.js';
import { FaultPlan } from '../kit/fault-plan.js';
import { Origin } from '../kit/origin.js';
import { parseBody } from '../kit/parse-body.js';
import { type ClockState, SandboxClock } from '../kit/sandbox-clock.js';
import { TruthLedger } from '../kit/truth-ledger.js';
import type { VendorDouble } from '../kit/vendor-double.js';
import { VENDOR_DOUBLES } from '../vendors/index.js';
import { CONTROL_ENDPOINTS } from './control.endpoints.js';
import { deepMerge } from './deep-merge.js';
import { doubleNamed } from './double-named.js';

const clockSchema = z.strictObject({
  advanceMs: z.int().min(0).optional().describe('Jumps ahead and runs what became due'),
  speed: z.number().gt(0).max(100_000).optional().describe('Sandbox milliseconds per real millisecond'),
});
const limitsSchema = z.looseObject({ vendor: z.string() });

/** What the sandbox is, its credentials, its clock, its limits, and starting over. */
@Controller('__sandbox')
export class ControlController {
  constructor(
    @Inject(VENDOR_DOUBLES) private readonly doubles: readonly VendorDouble[],
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(FaultPlan) private readonly faults: FaultPlan,
    @Inject(TruthLedger) private readonly ledger: TruthLedger,
    @Inject(DeliveryLog) private readonly deliveries: DeliveryLog,
    @Inject(Origin) private readonly origin: Origin,
    @Inject(IngressOffer) private readonly ingress: IngressOffer,
  ) {}

  @Get()
  describe(): Record<string, unknown> {
    return {
      what: "Ledgerwire's sandbox: local doubles of the vendors that speak their real protocols",
      origin: this.origin.url,
      control: [...CONTROL_ENDPOINTS, ...this.doubles.flatMap(({ controls = [] }) => controls)],
      vendors: Object.fromEntries(this.doubles.map((double) => [double.vendor, double.endpoints])),
    };
  }

  @Get('clients')
  clients(): Record<string, unknown> {
    return this.doubles.reduce<Record<string, unknown>>(
      (clients, double) => deepMerge(clients, double.clients(this.origin.url)),
      {
        servers: Object.fromEntries(this.doubles.map((double) => [double.vendor, double.servers?.() ?? {}])),
      },
    );
  }

  @Get('state')
  state(): Record<string, unknown> {
    return {
      clock: this.clock.state(),
      ledger: { last: this.ledger.last },
      faults: this.faults.list().length,
      webhookAttempts: this.deliveries.totals(),
      vendors: Object.fromEntries(this.doubles.map((double) => [double.vendor, double.summary()])),
    };
  }

  @Get('clock')
  showClock(): ClockState {
    return this.clock.state();
  }

  @Post('clock')
  @HttpCode(200)
  setClock(@Body() body: unknown): ClockState {
    const { advanceMs, speed } = parseBody(clockSchema, body);
    if (speed !== undefined) this.clock.setSpeed(speed);
    if (advanceMs !== undefined) this.clock.advance(advanceMs);
    return this.clock.state();
  }

  @Get('limits')
  limits(): Record<string, unknown> {
    return Object.fromEntries(this.doubles.map((double) => [double.vendor, double.limits()]));
  }

  @Post('limits')
  @HttpCode(200)
  setLimits(@Body() body: unknown): Record<string, unknown> {
    const { vendor, ...change } = parseBody(limitsSchema, body);
    const double = doubleNamed(this.doubles, vendor);
    try {
      double.changeLimits(change);
    } catch (error) {
      if (error instanceof z.ZodError) throw new BadRequestException(z.prettifyError(error));
      throw error;
    }
    return this.limits();
  }

  @Post('reset')
  @HttpCode(200)
  reset(): Record<string, unknown> {
    this.clock.reset();
    this.faults.clear();
    this.ledger.reset();
    this.deliveries.reset();
    for (const double of this.doubles) double.reset();
    this.ingress.start();
    return this.state();
  }
}
