import { type DynamicModule, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '#libs/core';
import { DeliveryLog } from './delivery-log.js';
import { FaultPlan } from './fault-plan.js';
import { HttpCaller } from './http-caller.js';
import { Ids } from './ids.js';
import { Origin } from './origin.js';
import { SandboxClock } from './sandbox-clock.js';
import { TruthLedger } from './truth-ledger.js';

/** What the kit is started with. */
export interface KitOptions {
  /** Makes every identifier reproducible. */
  readonly seed: number | undefined;
  /** Scheme, host and port under which others reach the sandbox; 127.0.0.1 and the port unless given. */
  readonly publicUrl: string | undefined;
  /** The machine's time. */
  readonly clock: Clock;
}

/** What all doubles share: time, identifiers, faults, the truth ledger and the way webhooks leave. */
@Module({})
export class KitModule implements OnModuleDestroy {
  constructor(
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(HttpCaller) private readonly caller: HttpCaller,
  ) {}

  static register(options: KitOptions): DynamicModule {
    const clock = new SandboxClock(options.clock);
    const providers = [
      { provide: SandboxClock, useValue: clock },
      { provide: Ids, useValue: new Ids(options.seed) },
      { provide: FaultPlan, useValue: new FaultPlan() },
      { provide: TruthLedger, useValue: new TruthLedger(clock) },
      { provide: DeliveryLog, useValue: new DeliveryLog(clock) },
      { provide: HttpCaller, useValue: new HttpCaller() },
      { provide: Origin, useValue: new Origin(options.publicUrl) },
    ];
    return { module: KitModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }

  async onModuleDestroy(): Promise<void> {
    this.clock.stop();
    await this.caller.close();
  }
}
