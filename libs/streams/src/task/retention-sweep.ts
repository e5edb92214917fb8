import type { StoreDefinition } from '#libs/contracts';
import type { TaskRuntime } from './task-runtime.js';
import type { TickHandler } from './topology.js';
import { UnitOfWork } from './unit-of-work.js';

const DAY_MS = 86_400_000;
const INTERVAL_MS = 60_000;
/** Entries looked at in one sweep of one store: a million are seen in less than a day, at a few milliseconds a minute. */
const ENTRIES_PER_SWEEP = 2_000;

/** Writes tombstones for entries that were not written for longer than their store remembers them. */
export class RetentionSweep {
  private readonly cursors = new Map<string, string>();

  constructor(
    private readonly runtime: TaskRuntime,
    private readonly definitions: readonly StoreDefinition<unknown>[],
  ) {}

  /** The tick that sweeps; undefined when no store of the service forgets. */
  tick(): TickHandler | undefined {
    const forgetting = this.definitions.filter(({ retentionDays }) => retentionDays !== undefined);
    if (forgetting.length === 0) return undefined;
    return {
      name: 'retention',
      intervalMs: INTERVAL_MS,
      invoke: () => {
        for (const definition of forgetting) this.sweep(definition);
        return Promise.resolve();
      },
    };
  }

  /** Looks and deletes in one go, so that no other handler can write a key in between. */
  private sweep(definition: StoreDefinition<unknown>): void {
    const before = this.runtime.clock.now() - (definition.retentionDays ?? 0) * DAY_MS;
    const seen = this.runtime
      .storeOf(definition.name)
      .scan(this.cursors.get(definition.name) ?? '', ENTRIES_PER_SWEEP);
    const unit = new UnitOfWork(this.runtime, {});
    for (const { key, at } of seen) if (at < before) unit.store(definition).delete(key);
    unit.flush([]);
    const last = seen.length < ENTRIES_PER_SWEEP ? undefined : seen.at(-1);
    this.cursors.set(definition.name, last?.key ?? '');
  }
}
