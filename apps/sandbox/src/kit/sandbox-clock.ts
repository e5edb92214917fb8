import { type Clock, systemClock } from '#libs/core';
import { DueQueue } from './due-queue.js';

/** How the sandbox's time stands to the machine's, as `GET /__sandbox/clock` shows it. */
export interface ClockState {
  readonly now: string;
  /** What the sandbox is ahead of the machine's clock, in milliseconds. */
  readonly aheadMs: number;
  /** Sandbox milliseconds per real millisecond; 1 unless changed. */
  readonly speed: number;
  /** Timers that wait: webhook retries, delivery steps, prices. */
  readonly timers: number;
}

/**
 * The vendors' own time. Token lifetimes, rate-limit windows, webhook delays and retries and message progress follow
 * it, so that a test sees Xero's retry after 15 minutes without waiting. Socket time-outs do not: they meet a real peer.
 */
export class SandboxClock implements Clock {
  private readonly queue = new DueQueue();
  private offsetMs = 0;
  private speed = 1;
  private anchorMs: number;
  private cancelWakeUp: (() => void) | undefined;
  private wakeUpAt = Number.POSITIVE_INFINITY;

  constructor(private readonly real: Clock = systemClock) {
    this.anchorMs = real.now();
  }

  now(): number {
    return this.at(this.real.now());
  }

  /** The sandbox's time at an instant of the machine's clock, which goes on between two looks at it. */
  private at(real: number): number {
    return this.speed === 1
      ? real + this.offsetMs
      : this.anchorMs + this.offsetMs + Math.floor((real - this.anchorMs) * this.speed);
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = this.queue.add(this.now() + Math.max(delayMs, 0), callback);
    this.arm();
    return () => this.queue.cancel(entry);
  }

  /**
   * Moves forward from timer to timer, so that one set by another runs at its own time too. What waits for a socket
   * meanwhile comes after the jump. Never goes back: vendors' clocks do not either.
   */
  advance(byMs: number): void {
    const target = this.now() + Math.max(byMs, 0);
    for (let next = this.queue.nextAt(); next !== undefined && next <= target; next = this.queue.nextAt()) {
      this.moveTo(next);
      this.queue.takeDue(next)?.();
    }
    this.moveTo(target);
    this.rearm();
  }

  /** Lets the sandbox's time pass `speed` times as fast as the machine's, from now on. */
  setSpeed(speed: number): void {
    const real = this.real.now();
    this.offsetMs = this.at(real) - real;
    this.anchorMs = real;
    this.speed = speed;
    this.rearm();
  }

  state(): ClockState {
    const real = this.real.now();
    const now = this.at(real);
    return {
      now: new Date(now).toISOString(),
      aheadMs: now - real,
      speed: this.speed,
      timers: this.queue.size,
    };
  }

  /** Back to the machine's time and pace, without timers. */
  reset(): void {
    this.stop();
    this.offsetMs = 0;
    this.speed = 1;
    this.anchorMs = this.real.now();
  }

  /** Drops every timer, so that nothing keeps the process alive. */
  stop(): void {
    this.disarm();
    this.queue.clear();
  }

  private moveTo(at: number): void {
    this.offsetMs += Math.max(at - this.now(), 0);
  }

  private runDue(): void {
    for (let due = this.queue.takeDue(this.now()); due; due = this.queue.takeDue(this.now())) due();
    this.rearm();
  }

  private rearm(): void {
    this.disarm();
    this.arm();
  }

  private arm(): void {
    const next = this.queue.nextAt();
    if (next === undefined || next >= this.wakeUpAt) return;
    this.disarm();
    this.wakeUpAt = next;
    const delayMs = Math.ceil((next - this.now()) / this.speed);
    this.cancelWakeUp = this.real.after(Math.max(delayMs, 0), () => {
      this.wakeUpAt = Number.POSITIVE_INFINITY;
      this.runDue();
    });
  }

  private disarm(): void {
    this.cancelWakeUp?.();
    this.cancelWakeUp = undefined;
    this.wakeUpAt = Number.POSITIVE_INFINITY;
  }
}
