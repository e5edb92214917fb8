import type { Clock } from '#libs/core';
import type { OutcomeRow } from '#libs/persistence';

/** Where the feed reads: outcomes by order of arrival. */
export interface FeedSource {
  after(position: number, limit: number): Promise<readonly OutcomeRow[]>;
  /** The highest position there is; 0 in an empty trail. */
  lastPosition(): Promise<number>;
}

/** Called with new outcomes, in order of arrival. */
export type FeedListener = (outcomes: readonly OutcomeRow[]) => void;

/** Times of the feed, in milliseconds. */
export interface FeedTimes {
  /** How often the trail is looked at while somebody listens; other consoles write to it too. */
  readonly pollMs: number;
  /** Pause after news of our own, so that a burst is read once. */
  readonly settleMs: number;
}

const PAGE = 500;

/**
 * Positions are given out before a row is committed, so that a row can appear below one that was read already. A position that
 * was passed over is looked for again for this long; most never come, because a row that was there already uses one up too.
 */
const GAP_MS = 3_000;

/** So many missing positions are looked for at most, the newest first. */
const MAX_GAPS = 5_000;

/**
 * New outcomes for whoever listens. It reads the table and not the topic, because every console consumes only a part of the
 * topic. While nobody listens it does nothing at all.
 */
export class LiveFeed {
  private readonly listeners = new Set<FeedListener>();
  /** Missing positions below {@link position}, and until when they are looked for. */
  private readonly gaps = new Map<number, number>();
  private position = 0;
  private running: Promise<void> | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly source: FeedSource,
    private readonly clock: Clock,
    private readonly times: FeedTimes = { pollMs: 1_000, settleMs: 50 },
  ) {}

  /** How many listen now. */
  get listenerCount(): number {
    return this.listeners.size;
  }

  /** Calls the listener with everything from now on; the returned function ends that. */
  async listen(listener: FeedListener): Promise<() => void> {
    if (this.listeners.size === 0) await this.begin();
    this.listeners.add(listener);
    this.schedule(this.times.pollMs);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.rest();
    };
  }

  /** There may be news: look soon instead of at the next poll. */
  nudge(): void {
    if (this.listeners.size > 0) this.schedule(this.times.settleMs);
  }

  /** Reads what is new and tells the listeners. Errors of the database leave everything as it was for the next time. */
  async poll(): Promise<void> {
    this.running ??= this.readOn().finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  private async begin(): Promise<void> {
    this.gaps.clear();
    this.position = await this.source.lastPosition();
  }

  private async readOn(): Promise<void> {
    for (;;) {
      const from = this.lowestOpen() - 1;
      const rows = await this.source.after(from, this.position - from + PAGE);
      const fresh = rows.filter((row) => row.position > this.position || this.gaps.has(row.position));
      for (const row of fresh) this.note(row.position);
      if (fresh.length > 0) for (const listener of this.listeners) listener(fresh);
      if (fresh.length < PAGE) return;
    }
  }

  /** The lowest position that may still appear. */
  private lowestOpen(): number {
    let lowest = this.position + 1;
    for (const [position, until] of this.gaps) {
      if (until < this.clock.now()) this.gaps.delete(position);
      else lowest = Math.min(lowest, position);
    }
    return lowest;
  }

  private note(position: number): void {
    this.gaps.delete(position);
    const until = this.clock.now() + GAP_MS;
    for (let gap = Math.max(this.position + 1, position - MAX_GAPS); gap < position; gap += 1)
      this.gaps.set(gap, until);
    this.position = Math.max(this.position, position);
  }

  private schedule(delayMs: number): void {
    this.cancelTimer?.();
    this.cancelTimer = this.clock.after(delayMs, () => {
      this.cancelTimer = undefined;
      void this.poll()
        .catch(() => undefined)
        .then(() => {
          if (this.listeners.size > 0 && !this.cancelTimer) this.schedule(this.times.pollMs);
        });
    });
  }

  private rest(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}
