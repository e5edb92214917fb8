import type { Clock } from '#libs/core';
import type { CallResult } from './http-caller.js';

/** One try to deliver a webhook, as `GET /__sandbox/webhooks/deliveries` lists it. */
export interface DeliveryAttempt {
  readonly sequence: number;
  readonly vendor: string;
  /** What was delivered: `xero events 4-6`, `status delivered`, `inbound`, `intent to receive (forged)`. */
  readonly what: string;
  /** The vendor's id of the thing, e.g. a message SID. */
  readonly id: string;
  readonly url: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** The sandbox's time. */
  readonly at: string;
  readonly outcome: CallResult['outcome'] | 'dropped';
  readonly status?: number | undefined;
  readonly error?: string | undefined;
  /** What the vendor would complain about, e.g. a content type that is not TwiML. */
  readonly warning?: string | undefined;
  readonly durationMs: number;
}

const KEPT = 10_000;

/** The latest ten thousand webhook attempts of all doubles, with running totals per vendor and outcome. */
export class DeliveryLog {
  private attempts: DeliveryAttempt[] = [];
  private sequence = 0;
  private readonly counts = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(attempt: Omit<DeliveryAttempt, 'sequence' | 'at'>): void {
    this.sequence += 1;
    // Twice the number is kept before half goes at once: cheaper than a shift for each.
    if (this.attempts.length >= 2 * KEPT) this.attempts = this.attempts.slice(KEPT);
    this.attempts.push({ ...attempt, sequence: this.sequence, at: new Date(this.clock.now()).toISOString() });
    const key = `${attempt.vendor} ${attempt.outcome}${attempt.status === undefined ? '' : ` ${String(attempt.status)}`}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** Newest first. */
  latest(limit: number, vendor?: string): DeliveryAttempt[] {
    const found: DeliveryAttempt[] = [];
    for (let index = this.attempts.length - 1; index >= 0 && found.length < limit; index -= 1) {
      const attempt = this.attempts[index];
      if (attempt && (vendor === undefined || attempt.vendor === vendor)) found.push(attempt);
    }
    return found;
  }

  /** Attempts per vendor and outcome since the last reset. */
  totals(): Record<string, number> {
    return Object.fromEntries([...this.counts].toSorted(([a], [b]) => a.localeCompare(b)));
  }

  reset(): void {
    this.attempts = [];
    this.sequence = 0;
    this.counts.clear();
  }
}
