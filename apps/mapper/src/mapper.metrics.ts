import { Counter, Gauge, type Registry } from 'prom-client';

/** Counters of the mapper. Reasons come from closed lists; flows and tenants are never labels. */
export class MapperMetrics {
  private readonly commands: Counter<'channel' | 'origin'>;
  private readonly skips: Counter<'reason'>;
  private readonly reminders: Counter<'outcome'>;

  /** @param brokenFlows how many applied flows cannot be used; asked when the metrics are. */
  constructor(registry: Registry, brokenFlows: () => number) {
    const registers = [registry];
    this.commands = new Counter({
      name: 'map_commands_total',
      help: 'Commands that were derived',
      labelNames: ['channel', 'origin'],
      registers,
    });
    this.skips = new Counter({
      name: 'map_skips_total',
      help: 'What was not sent, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.reminders = new Counter({
      name: 'map_reminders_total',
      help: 'Reminders that were scheduled, cancelled, asked about, answered or given up',
      labelNames: ['outcome'],
      registers,
    });
    const broken = new Gauge({
      name: 'map_flows_broken',
      help: 'Applied flows that do not parse and therefore do nothing',
      registers: [],
      collect() {
        this.set(brokenFlows());
      },
    });
    registry.registerMetric(broken);
  }

  derived(channel: string, origin: string): void {
    this.commands.inc({ channel, origin });
  }

  skipped(reason: string): void {
    this.skips.inc({ reason });
  }

  reminder(outcome: 'scheduled' | 'cancelled' | 'asked' | 'answered' | 'given-up'): void {
    this.reminders.inc({ outcome });
  }
}
