import { type Clock, systemClock } from '#libs/core';

/** The machine's clock, set forward by hand: timers run in real time, only what it says of the time moves. */
export class ShiftableClock implements Clock {
  private aheadMs = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return systemClock.after(delayMs, callback);
  }

  /** Lets `ms` go by at once. */
  shift(ms: number): void {
    this.aheadMs += ms;
  }
}
