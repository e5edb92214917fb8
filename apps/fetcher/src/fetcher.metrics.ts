import { Counter, type Registry } from 'prom-client';

/** Counters of the fetcher. Entity types are a small fixed set per vendor. */
export class FetcherMetrics {
  private readonly notices: Counter<'entity_type'>;
  private readonly results: Counter<'entity_type' | 'origin' | 'result'>;
  private readonly polls: Counter<'entity_type' | 'result'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.notices = new Counter({
      name: 'fetch_notices_total',
      help: 'Change notices that fetches answered; divided by fetches it shows how much coalescing saves',
      labelNames: ['entity_type'],
      registers,
    });
    this.results = new Counter({
      name: 'fetch_results_total',
      help: 'Entities that were compared with what was emitted before, by result',
      labelNames: ['entity_type', 'origin', 'result'],
      registers,
    });
    this.polls = new Counter({
      name: 'fetch_polls_total',
      help: 'Polled pages, by result: ok or the code of the error',
      labelNames: ['entity_type', 'result'],
      registers,
    });
  }

  noticed(entityType: string, count: number): void {
    this.notices.inc({ entity_type: entityType }, count);
  }

  compared(entityType: string, origin: string, result: string): void {
    this.results.inc({ entity_type: entityType, origin, result });
  }

  polled(entityType: string, result: string): void {
    this.polls.inc({ entity_type: entityType, result });
  }
}
