import type { Clock } from '#libs/core';
import type { LimitSignals } from '../contract.js';
import { VendorError } from '../vendor-error.js';
import { SlidingCount } from './sliding-count.js';

/** What one connection (or one app) may do. */
export interface Limits {
  /** Requests in flight. */
  readonly concurrent: number;
  readonly perMinute?: number | undefined;
  readonly perDay?: number | undefined;
}

/** What a connection has used of its limits; absent windows have none. */
export interface LimitUsage {
  readonly minute?: { readonly used: number; readonly limit: number };
  readonly day?: { readonly used: number; readonly limit: number };
  /** Until a request could go, 0 = now. */
  readonly waitMs: number;
}

/** How the limiter itself behaves. */
export interface LimiterOptions {
  readonly vendor: string;
  readonly clock: Clock;
  /** A request that would wait longer is refused with `park` instead. */
  readonly maxWaitMs: number;
  /** Requests that may wait at once. */
  readonly maxQueue: number;
}

/** The right to send one request; give it back when the answer is there. */
export interface Permit {
  /** Gives the place back; `signals` of the answer, if there was one. Calling it twice does nothing. */
  release(signals?: LimitSignals): void;
}

interface Waiting {
  readonly grant: () => void;
  readonly cancelDeadline: () => void;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A sixth of the minute's calls may go at once; after that they are spread evenly. */
const BURST_PART = 6;
/** Vendors do not say when their day begins, so a used-up day is tried again this often with a single request. */
const DAY_PROBE_MS = 15 * MINUTE_MS;
/** What background work (polls, backfills) leaves to webhooks. */
const BACKGROUND_LEAVES = { minute: 0.5, day: 0.1 };
/** Waits after a refusal without Retry-After. */
const defaultBlockMs = { concurrent: 1000, minute: 10_000, app: 10_000, day: DAY_PROBE_MS, unknown: 2000 };

/**
 * Keeps one connection within its limits: requests in flight, a sliding minute, a sliding day. Never more than `perMinute` in any
 * 60 s, with a burst of a sixth and an even pace after it (GCRA, ITU-T I.371), and it believes the vendor's own counters
 * over its own. Short waits are queued first come first served, background work last; longer ones are refused with `park`.
 */
export class ConnectionLimiter {
  private inFlight = 0;
  private pacedUntil = 0;
  private blockedUntil = 0;
  private lastGrantAt = Number.NEGATIVE_INFINITY;
  private readonly minute: SlidingCount;
  private readonly day: SlidingCount;
  private readonly queues = { foreground: [] as Waiting[], background: [] as Waiting[] };
  private cancelWakeUp: (() => void) | undefined;

  constructor(
    private limits: Limits,
    private readonly options: LimiterOptions,
  ) {
    const now = options.clock.now();
    this.minute = new SlidingCount(MINUTE_MS, 60, now);
    this.day = new SlidingCount(DAY_MS, 96, now);
  }

  /** Replaces the limits, e.g. after the connection's plan changed; what was counted stays. */
  setLimits(limits: Limits): void {
    this.limits = limits;
    this.pump();
  }

  /** @throws VendorError `vendor-limit-wait` (park) with the expected wait; nothing was sent then. */
  acquire(background = false): Promise<Permit> {
    const now = this.options.clock.now();
    const waiting = this.queues.foreground.length + (background ? this.queues.background.length : 0);
    const readyAt = this.readyAt(now, background);
    if (waiting === 0 && this.inFlight < this.limits.concurrent && readyAt <= now)
      return Promise.resolve(this.grant());
    const expectedMs = Math.max(readyAt - now, 0) + waiting * this.paceMs();
    if (expectedMs > this.options.maxWaitMs || waiting >= this.options.maxQueue)
      return Promise.reject(this.tooLong(Math.max(expectedMs, 1000)));
    return this.enqueue(background ? this.queues.background : this.queues.foreground);
  }

  /** Takes in what an answer said about limits; also called for answers of requests that were not counted here. */
  observe(signals: LimitSignals): void {
    const now = this.options.clock.now();
    const { perMinute, perDay } = this.limits;
    if (signals.minuteRemaining !== undefined && perMinute !== undefined) {
      const unknownCalls = perMinute - signals.minuteRemaining - this.minute.total(now);
      if (unknownCalls > 0) this.minute.add(now, unknownCalls);
    }
    if (signals.dayRemaining !== undefined && perDay !== undefined)
      this.day.reset(now, Math.max(perDay - signals.dayRemaining, 0));
    const blockMs = signals.retryAfterMs ?? (signals.exceeded && defaultBlockMs[signals.exceeded]);
    if (blockMs !== undefined) this.blockedUntil = Math.max(this.blockedUntil, now + blockMs);
  }

  /** What was used of the minute and the day, by our own count and by what the vendor said. */
  usage(): LimitUsage {
    const now = this.options.clock.now();
    const { perMinute, perDay } = this.limits;
    return {
      ...(perMinute !== undefined && { minute: { used: this.minute.total(now), limit: perMinute } }),
      ...(perDay !== undefined && { day: { used: this.day.total(now), limit: perDay } }),
      waitMs: this.waitMs(),
    };
  }

  /** Milliseconds until a request could go, 0 = now; for park times and health pages. */
  waitMs(): number {
    const now = this.options.clock.now();
    return Math.max(this.readyAt(now, false) - now, 0);
  }

  /** True when nothing is in flight, waiting or blocked, so that forgetting this limiter loses no more than its counters. */
  get idle(): boolean {
    const { foreground, background } = this.queues;
    return this.inFlight === 0 && foreground.length === 0 && background.length === 0;
  }

  private paceMs(): number {
    return this.limits.perMinute === undefined ? 0 : MINUTE_MS / this.limits.perMinute;
  }

  private readyAt(now: number, background: boolean): number {
    return Math.max(this.blockedUntil, this.minuteReadyAt(now, background), this.dayReadyAt(now, background));
  }

  private minuteReadyAt(now: number, background: boolean): number {
    const { perMinute } = this.limits;
    if (perMinute === undefined) return now;
    const burst = Math.max(1, Math.floor(perMinute / BURST_PART));
    const paced = this.pacedUntil - (burst - 1) * this.paceMs();
    const usable = background ? Math.ceil(perMinute * (1 - BACKGROUND_LEAVES.minute)) : perMinute;
    return Math.max(paced, this.minute.belowAt(now, usable));
  }

  private dayReadyAt(now: number, background: boolean): number {
    const { perDay } = this.limits;
    if (perDay === undefined) return now;
    const usable = background ? Math.ceil(perDay * (1 - BACKGROUND_LEAVES.day)) : perDay;
    const freeAt = this.day.belowAt(now, usable);
    return freeAt <= now ? now : Math.min(freeAt, Math.max(this.lastGrantAt + DAY_PROBE_MS, now));
  }

  private grant(): Permit {
    const now = this.options.clock.now();
    this.inFlight += 1;
    this.lastGrantAt = now;
    this.minute.add(now, 1);
    this.day.add(now, 1);
    this.pacedUntil = Math.max(now, this.pacedUntil) + this.paceMs();
    let released = false;
    return {
      release: (signals) => {
        if (released) return;
        released = true;
        this.inFlight -= 1;
        if (signals) this.observe(signals);
        this.pump();
      },
    };
  }

  private enqueue(queue: Waiting[]): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        grant: () => {
          entry.cancelDeadline();
          resolve(this.grant());
        },
        cancelDeadline: this.options.clock.after(this.options.maxWaitMs, () => {
          this.pump();
          if (!queue.includes(entry)) return;
          queue.splice(queue.indexOf(entry), 1);
          reject(this.tooLong(Math.max(this.waitMs(), 1000)));
        }),
      };
      queue.push(entry);
      this.pump();
    });
  }

  /** Lets go whoever may go now and arms one timer for the next. */
  private pump(): void {
    this.cancelWakeUp?.();
    this.cancelWakeUp = undefined;
    const { foreground, background } = this.queues;
    for (const queue of [foreground, background]) {
      while (queue.length > 0 && this.inFlight < this.limits.concurrent) {
        const now = this.options.clock.now();
        const readyAt = this.readyAt(now, queue === background);
        if (readyAt > now) {
          this.cancelWakeUp = this.options.clock.after(readyAt - now, () => this.pump());
          return;
        }
        queue.shift()?.grant();
      }
    }
  }

  private tooLong(retryAfterMs: number): VendorError {
    return new VendorError('the limit of this connection asks for a longer wait', {
      code: 'vendor-limit-wait',
      disposition: 'park',
      vendor: this.options.vendor,
      effect: 'none',
      retryAfterMs: Math.ceil(retryAfterMs),
    });
  }
}
