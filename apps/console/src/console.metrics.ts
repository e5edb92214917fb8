import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Counts and times of the audit trail. */
export class ConsoleMetrics {
  private readonly rows: Counter<'kind'>;
  private readonly writing: Histogram<'kind'>;

  /** @param listeners how many live feeds are open now */
  constructor(registry: Registry, listeners: () => number) {
    this.rows = new Counter({
      name: 'audit_rows_total',
      help: 'Rows offered to the audit trail; those that were there already included.',
      labelNames: ['kind'],
      registers: [registry],
    });
    this.writing = new Histogram({
      name: 'audit_write_duration_seconds',
      help: 'Time to write one batch, waiting for the database included.',
      labelNames: ['kind'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
      registers: [registry],
    });
    new Gauge({
      name: 'live_feed_listeners',
      help: 'Live feeds that are open.',
      registers: [registry],
      collect() {
        this.set(listeners());
      },
    });
  }

  /** One batch was written. */
  written(kind: 'outcome' | 'dead-letter', rows: number, durationMs: number): void {
    this.rows.inc({ kind }, rows);
    this.writing.observe({ kind }, durationMs / 1_000);
  }
}
