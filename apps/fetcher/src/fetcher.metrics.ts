import { Counter, type Registry } from 'prom-client';

/** Counters of the fetcher. Entity types are a small fixed set per vendor. */
export class FetcherMetrics {
  private readonly notices: Counter<'entity_type'>;
  private readonly results: Counter<'entity_type' | 'origin' | 'outcome'>;
  private readonly polls: Counter<'entity_type' | 'outcome'>;

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
      help: 'Entities that were compared with what was emitted before, by what came of it',
      labelNames: ['entity_type', 'origin', 'outcome'],
      registers,
    });
    this.polls = new Counter({
      name: 'fetch_polls_total',
      help: 'Polled pages, by outcome: ok or the code of the error',
      labelNames: ['entity_type', 'outcome'],
      registers,
    });
  }

  noticed(entityType: string, count: number): void {
    this.notices.inc({ entity_type: entityType }, count);
  }

  compared(entityType: string, origin: string, outcome: string): void {
    this.results.inc({ entity_type: entityType, origin, outcome });
  }

  polled(entityType: string, outcome: string): void {
    this.polls.inc({ entity_type: entityType, outcome });
  }
}
