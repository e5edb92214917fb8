/**
 * Time as every part of Ledgerwire sees it. Nothing reads `Date.now()` or sets a timer directly, so that a test or the
 * simulation can run days in milliseconds and reproduce an order of events exactly.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number;
  /** Calls `callback` once after `delayMs` (0 = as soon as possible); the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The longest delay that setTimeout takes before it wraps around to 1 ms. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(abortReason(signal));
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move; timers fire in order of time, then of creation. */
export class ManualClock implements Clock {
  private readonly pending = new Set<Pending>();
  private created = 0;

  constructor(private nowMs: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = { at: this.nowMs + Math.max(delayMs, 0), order: this.created++, callback };
    this.pending.add(entry);
    return () => void this.pending.delete(entry);
  }

  /** When the next timer is due (epoch milliseconds), or undefined when none is set. */
  nextTimerAt(): number | undefined {
    return this.next()?.at;
  }

  /** Moves time forward and fires what becomes due, letting promises settle between two timers. */
  async advance(byMs: number): Promise<void> {
    const target = this.nowMs + byMs;
    for (let due = this.next(); due && due.at <= target; due = this.next()) {
      this.pending.delete(due);
      this.nowMs = due.at;
      due.callback();
      await settle();
    }
    this.nowMs = target;
    await settle();
  }

  private next(): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.pending) {
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}

/** Lets everything run that is ready to run now, promise callbacks included. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
