/**
 * Counts events of the last `windowMs`, in `buckets` slices. An event is forgotten between one window and one window plus
 * one slice after it happened, so the count is never too low.
 */
export class SlidingCount {
  private readonly slices: number[];
  private readonly sliceMs: number;
  private newest: number;

  constructor(windowMs: number, buckets: number, nowMs: number) {
    this.sliceMs = windowMs / buckets;
    this.slices = Array.from({ length: buckets + 1 }, () => 0);
    this.newest = this.sliceOf(nowMs);
  }

  add(nowMs: number, count: number): void {
    this.roll(nowMs);
    const index = this.newest % this.slices.length;
    this.slices[index] = (this.slices[index] ?? 0) + count;
  }

  total(nowMs: number): number {
    this.roll(nowMs);
    return this.slices.reduce((sum, count) => sum + count, 0);
  }

  /** Forgets everything and counts `count` events as of now. */
  reset(nowMs: number, count: number): void {
    this.roll(nowMs);
    this.slices.fill(0);
    this.slices[this.newest % this.slices.length] = count;
  }

  /** The first moment at which the count will be below `limit`, if nothing is added. */
  belowAt(nowMs: number, limit: number): number {
    let total = this.total(nowMs);
    if (total < limit) return nowMs;
    for (let age = this.slices.length - 1; age >= 0; age--) {
      total -= this.slices[(this.newest - age + this.slices.length * 2) % this.slices.length] ?? 0;
      if (total < limit) return (this.newest - age + this.slices.length) * this.sliceMs;
    }
    return (this.newest + this.slices.length) * this.sliceMs;
  }

  private sliceOf(nowMs: number): number {
    return Math.floor(nowMs / this.sliceMs);
  }

  private roll(nowMs: number): void {
    const current = this.sliceOf(nowMs);
    const steps = Math.min(current - this.newest, this.slices.length);
    for (let step = 1; step <= steps; step++) this.slices[(this.newest + step) % this.slices.length] = 0;
    this.newest = Math.max(this.newest, current);
  }
}
