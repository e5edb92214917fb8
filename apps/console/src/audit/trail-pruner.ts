import { type Clock, sleep } from '#libs/core';
import type { DeadLetterStore, OutcomeStore } from '#libs/persistence';

/** How many rows a round deleted. */
export interface PrunedRows {
  readonly outcomes: number;
  readonly deadLetters: number;
}

/** What the pruner works with. */
export interface TrailPrunerPorts {
  readonly outcomes: Pick<OutcomeStore, 'deleteBefore'>;
  readonly deadLetters: Pick<DeadLetterStore, 'deleteBefore'>;
  readonly clock: Clock;
  readonly retentionDays: number;
  /** Told after a round that deleted something, even one that failed then. */
  readonly onPruned: (rows: PrunedRows) => void;
  /** Told when a round failed; the next one does the rest. */
  readonly onFailed: (error: unknown) => void;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 10 * 60_000;
/** Rows of one statement, so that none holds the table for long. */
const PORTION = 5_000;
/** Between two portions what is written now has its turn. */
const PAUSE_MS = 200;

/**
 * Deletes what is older than the retention, in portions: the first time ten minutes after the start, then every ten minutes. Each
 * console does so; they pass over each other's rows.
 */
export class TrailPruner {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly ports: TrailPrunerPorts) {}

  start(): void {
    this.loop = this.run();
  }

  /** Resolves when no statement runs any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (await this.passed(EVERY_MS)) await this.prune();
  }

  private async prune(): Promise<void> {
    const { clock, retentionDays, onPruned, onFailed } = this.ports;
    const before = clock.now() - retentionDays * DAY_MS;
    const count = { outcomes: 0, deadLetters: 0 };
    try {
      for (const kind of ['outcomes', 'deadLetters'] as const) {
        let portion: number;
        do {
          portion = await this.ports[kind].deleteBefore(before, PORTION);
          count[kind] += portion;
        } while (portion === PORTION && (await this.passed(PAUSE_MS)));
      }
    } catch (error) {
      onFailed(error);
    }
    if (count.outcomes + count.deadLetters > 0) onPruned(count);
  }

  /** Waits; false when it is stopped meanwhile. */
  private passed(ms: number): Promise<boolean> {
    return sleep(this.ports.clock, ms, this.stopping.signal).then(
      () => true,
      () => false,
    );
  }
}
