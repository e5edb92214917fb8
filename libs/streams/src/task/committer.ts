import type { Clock } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import type { InputPosition, TaskTransaction } from '../log/task-log.js';

/** What one piece of work adds to a transaction; it is never split over two. */
export interface Contribution {
  readonly records: readonly RawOutput[];
  /** Input records that are finished with it. */
  readonly finished: readonly { readonly topic: string; readonly offset: number }[];
}

interface Pending extends Contribution {
  readonly bytes: number;
}

/** What the committer needs of its task. */
export interface CommitterPorts {
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly maxBytes: number;
  /** Resolves when the transaction is surely committed and kept. */
  commit(transaction: TaskTransaction): Promise<void>;
  /** Marks input records as finished and returns the positions that have moved since the last call. */
  advance(finished: Contribution['finished']): readonly InputPosition[];
  committed(records: number, durationMs: number): void;
  failed(error: unknown): void;
}

/** How long a transaction is put off for what is certain to follow. Milliseconds; what follows takes a few microtasks. */
const HOLD_MS = 10;

/**
 * Group commit: contributions that arrive while a transaction is under way go into the next one together. They become
 * visible in the order in which they were added. After the first failure nothing is committed any more.
 */
export class Committer {
  private readonly queue: Pending[] = [];
  private readonly waiters: { upTo: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private added = 0;
  private done = 0;
  private running = false;
  private queuedBytes = 0;
  private failure: { readonly error: unknown } | undefined;
  private cancelHold: (() => void) | undefined;

  constructor(private readonly ports: CommitterPorts) {}

  /** Bytes that wait for their transaction. */
  get waitingBytes(): number {
    return this.queuedBytes;
  }

  add(contribution: Contribution): void {
    this.enqueue(contribution);
    this.start();
  }

  /**
   * Adds what is followed by more of the same handler, as a rule at once: no transaction begins for it alone, which would leave
   * the rest to a second one, unless nothing has followed after {@link HOLD_MS}.
   */
  addFirstPart(contribution: Contribution): void {
    this.enqueue(contribution);
    if (!this.running) this.cancelHold ??= this.ports.clock.after(HOLD_MS, () => this.start());
  }

  private enqueue(contribution: Contribution): void {
    const bytes = contribution.records.reduce((sum, record) => sum + sizeOf(record), 0);
    this.queue.push({ ...contribution, bytes });
    this.queuedBytes += bytes;
    this.added += 1;
  }

  private start(): void {
    this.cancelHold?.();
    this.cancelHold = undefined;
    if (this.running || this.failure || this.queue.length === 0) return;
    this.running = true;
    void this.run();
  }

  /** Resolves when everything added so far is committed; rejects when it will not be. */
  flush(): Promise<void> {
    if (this.failure) return Promise.reject(asError(this.failure.error));
    if (this.done === this.added) return Promise.resolve();
    this.start();
    return new Promise((resolve, reject) => {
      this.waiters.push({ upTo: this.added, resolve, reject });
    });
  }

  /** Refuses everything from now on, e.g. when the task is closed. */
  fail(error: unknown): void {
    if (this.failure) return;
    this.failure = { error };
    this.cancelHold?.();
    this.cancelHold = undefined;
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }

  private async run(): Promise<void> {
    try {
      await this.linger();
      while (this.queue.length > 0 && !this.failure) await this.commitNext();
    } catch (error) {
      this.fail(error);
      this.ports.failed(error);
    } finally {
      this.running = false;
    }
  }

  private async commitNext(): Promise<void> {
    const batch = this.takeBatch();
    const records = batch.flatMap((contribution) => contribution.records);
    const positions = this.ports.advance(batch.flatMap((contribution) => contribution.finished));
    const startedAt = this.ports.clock.now();
    if (records.length > 0 || positions.length > 0) await this.ports.commit({ records, positions });
    this.ports.committed(records.length, this.ports.clock.now() - startedAt);
    this.done += batch.length;
    while (this.waiters[0] && this.waiters[0].upTo <= this.done) this.waiters.shift()?.resolve();
  }

  private takeBatch(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const contribution of this.queue) {
      bytes += contribution.bytes;
      if (count > 0 && bytes > this.ports.maxBytes) break;
      count += 1;
    }
    const batch = this.queue.splice(0, count);
    for (const contribution of batch) this.queuedBytes -= contribution.bytes;
    return batch;
  }

  /** One turn of the event loop at least, so that work that ends together is committed together. */
  private linger(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ports.lingerMs === 0) queueMicrotask(resolve);
      else this.ports.clock.after(this.ports.lingerMs, resolve);
    });
  }
}

function sizeOf(record: RawOutput): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0) + 100;
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
