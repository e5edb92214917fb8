import { type Clock, LedgerwireError } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';

/** What one sender gave, and how it hears what became of it. */
export class SendEntry {
  private told = false;

  constructor(
    readonly outputs: readonly RawOutput[],
    readonly bytes: number,
    /** Epoch milliseconds. */
    readonly expiresAt: number,
    /** When it must leave though nothing else does. Epoch milliseconds. */
    readonly dueAt: number,
    private readonly resolve: () => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** Whether the sender has heard already. */
  get settled(): boolean {
    return this.told;
  }

  /** Tells the sender; only the first time counts. Undefined means: acknowledged. */
  settle(error: Error | undefined): void {
    this.told = true;
    if (error) this.reject(error);
    else this.resolve();
  }
}

/** Bounds of a {@link SendQueue}. */
export interface SendQueueLimits {
  /** More than this waiting: refused at once, so that a long outage of the broker does not fill the memory. */
  readonly maxWaitingRecords: number;
  readonly maxRequestBytes: number;
}

const LOOK_EVERY_MS = 100;
/** What a record takes beside its value, about. */
const AROUND_VALUE_BYTES = 200;

/** Records that wait for the next request, in the order in which they were sent, each with its sender's deadline. */
export class SendQueue {
  private readonly entries: SendEntry[] = [];
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: SendQueueLimits,
  ) {}

  /** How many records wait. */
  get records(): number {
    return this.count;
  }

  /** When the first of them must leave, epoch milliseconds; undefined when none waits. */
  get dueAt(): number | undefined {
    return this.entries.reduce<number | undefined>(
      (earliest, { dueAt }) => Math.min(earliest ?? dueAt, dueAt),
      undefined,
    );
  }

  /** Whether any of them may wait no longer. */
  isDue(): boolean {
    const now = this.clock.now();
    return this.entries.some(({ dueAt }) => dueAt <= now);
  }

  /** Resolves when they are acknowledged. @throws LedgerwireError `log-unavailable` when it is full, or when they are settled so. */
  add(outputs: readonly RawOutput[], withinMs: number, patienceMs: number): Promise<void> {
    if (this.count + outputs.length > this.limits.maxWaitingRecords)
      return Promise.reject(logUnavailable('too many records wait'));
    return new Promise((resolve, reject) => {
      const bytes = outputs.reduce((sum, { value }) => sum + (value?.length ?? 0) + AROUND_VALUE_BYTES, 0);
      const now = this.clock.now();
      this.entries.push(new SendEntry(outputs, bytes, now + withinMs, now + patienceMs, resolve, reject));
      this.count += outputs.length;
    });
  }

  /** Takes out what fits into one request; one sender's records stay together, however long they are. */
  take(): SendEntry[] {
    let bytes = 0;
    let taken = 0;
    for (const entry of this.entries) {
      bytes += entry.bytes;
      if (taken > 0 && bytes > this.limits.maxRequestBytes) break;
      taken += 1;
    }
    const batch = this.entries.splice(0, taken);
    this.count -= recordsOf(batch);
    return batch;
  }

  /**
   * Refuses records to their senders as their deadlines pass: those of the batch under way, and those that wait behind it.
   *
   * @returns ends the watch
   */
  watchDeadlines(batch: readonly SendEntry[], expired: () => void): () => void {
    let cancel = (): void => undefined;
    const look = (): void => {
      const now = this.clock.now();
      for (const entry of [...batch, ...this.entries]) {
        if (entry.settled || entry.expiresAt > now) continue;
        expired();
        entry.settle(logUnavailable('no acknowledgement in time'));
      }
      this.dropSettled();
      cancel = this.clock.after(LOOK_EVERY_MS, look);
    };
    cancel = this.clock.after(LOOK_EVERY_MS, look);
    return () => cancel();
  }

  private dropSettled(): void {
    const alive = this.entries.filter(({ settled }) => !settled);
    if (alive.length === this.entries.length) return;
    this.entries.splice(0, this.entries.length, ...alive);
    this.count = recordsOf(alive);
  }
}

/** What a sender hears when its records are not in the log for certain; it is to come again. */
export function logUnavailable(what: string, cause?: unknown): LedgerwireError {
  return new LedgerwireError(`the log is not available: ${what}`, {
    code: 'log-unavailable',
    disposition: 'retry',
    cause,
  });
}

function recordsOf(entries: readonly SendEntry[]): number {
  return entries.reduce((sum, { outputs }) => sum + outputs.length, 0);
}
