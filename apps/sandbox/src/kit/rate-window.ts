/** What a limit says to one more call. */
export interface LimitAnswer {
  readonly allowed: boolean;
  /** Calls left in the window after this one. */
  readonly remaining: number;
  /** Seconds until a refused call may be tried again, at least 1. */
  readonly retryAfterSeconds: number;
}

const BUCKETS = 60;

/**
 * At most `limit` calls in any `windowMs`, counted in sixtieths of the window so that memory and time per call stay
 * constant whatever the limit. A limit of null means none.
 */
export class SlidingWindow {
  private readonly counts = new Uint32Array(BUCKETS);
  private readonly bucketMs: number;
  private total = 0;
  private lastBucket = 0;

  constructor(
    private readonly windowMs: number,
    public limit: number | null,
  ) {
    this.bucketMs = windowMs / BUCKETS;
  }

  /** Calls left at `now`. */
  remaining(now: number): number {
    this.moveTo(now);
    return this.limit === null ? Number.MAX_SAFE_INTEGER : Math.max(this.limit - this.total, 0);
  }

  /** Counts one call when it fits; a refused call is not counted. */
  take(now: number): LimitAnswer {
    const remaining = this.remaining(now);
    if (remaining === 0) return { allowed: false, remaining, retryAfterSeconds: this.secondsUntilFree(now) };
    this.counts[this.lastBucket % BUCKETS] = (this.counts[this.lastBucket % BUCKETS] ?? 0) + 1;
    this.total += 1;
    return { allowed: true, remaining: remaining - 1, retryAfterSeconds: 0 };
  }

  /** Forgets what was counted. */
  clear(): void {
    this.counts.fill(0);
    this.total = 0;
  }

  private moveTo(now: number): void {
    const bucket = Math.floor(now / this.bucketMs);
    const steps = Math.min(bucket - this.lastBucket, BUCKETS);
    for (let step = 1; step <= steps; step += 1) {
      const index = (this.lastBucket + step) % BUCKETS;
      this.total -= this.counts[index] ?? 0;
      this.counts[index] = 0;
    }
    if (steps > 0) this.lastBucket = bucket;
    if (steps === BUCKETS) this.counts.fill(0);
  }

  private secondsUntilFree(now: number): number {
    for (let age = BUCKETS - 1; age >= 0; age -= 1) {
      const bucket = this.lastBucket - age;
      if (bucket >= 0 && (this.counts[bucket % BUCKETS] ?? 0) > 0) {
        const freeAt = (bucket + BUCKETS) * this.bucketMs;
        return Math.max(Math.ceil((freeAt - now) / 1000), 1);
      }
    }
    return Math.max(Math.ceil(this.windowMs / 1000), 1);
  }
}

/** At most `limit` calls between two resets; the window starts anew every `windowMs`, shifted by `phaseMs`. */
export class FixedWindow {
  private used = 0;
  private period = -1;

  constructor(
    private readonly windowMs: number,
    public limit: number | null,
    private readonly phaseMs: number,
  ) {}

  remaining(now: number): number {
    const period = Math.floor((now - this.phaseMs) / this.windowMs);
    if (period !== this.period) {
      this.period = period;
      this.used = 0;
    }
    return this.limit === null ? Number.MAX_SAFE_INTEGER : Math.max(this.limit - this.used, 0);
  }

  /** Counts one call when it fits; a refused call is not counted. */
  take(now: number): LimitAnswer {
    const remaining = this.remaining(now);
    if (remaining > 0) {
      this.used += 1;
      return { allowed: true, remaining: remaining - 1, retryAfterSeconds: 0 };
    }
    const resetAt = (this.period + 1) * this.windowMs + this.phaseMs;
    return {
      allowed: false,
      remaining: 0,
      retryAfterSeconds: Math.max(Math.ceil((resetAt - now) / 1000), 1),
    };
  }
}
