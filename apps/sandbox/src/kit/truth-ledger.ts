import { createHash } from 'node:crypto';
import type { Clock } from '#libs/core';

/** One effect that a double accepted, whether or not its answer ever reached the caller. */
export interface Effect {
  readonly vendor: string;
  /** What was done: `message`, `email`, `sync-item`, `consent`, `contact`, `invoice`, `payment`, … */
  readonly kind: string;
  /** `create`, `update` or `delete`. */
  readonly action: string;
  /** The vendor account: Xero tenant, Twilio account SID. */
  readonly account: string;
  /** The vendor's id of the thing. */
  readonly id: string;
  /** The key by which the caller can be recognised: Twilio's StatusCallback URL, Xero's Idempotency-Key, an e-mail tag. */
  readonly key?: string | undefined;
  readonly to?: string | undefined;
  /** The text whose hash the ledger shows. */
  readonly body?: string | undefined;
}

/** A ledger line as `GET /__sandbox/ledger` gives it. */
export interface LedgerLine extends Omit<Effect, 'body'> {
  readonly sequence: number;
  /** The sandbox's time. */
  readonly at: string;
  /** The machine's time in epoch milliseconds with fractions, for latency measurements across processes. */
  readonly realAtMs: number;
  /** SHA-256 of the body, hexadecimal. */
  readonly bodyHash?: string | undefined;
}

/** Which lines to read; all fields must match. */
export interface LedgerQuery {
  readonly vendor?: string | undefined;
  readonly kind?: string | undefined;
  readonly account?: string | undefined;
  readonly to?: string | undefined;
  /** Lines with a greater sequence only. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

interface Entry extends Effect {
  readonly sequence: number;
  readonly atMs: number;
  readonly realAtMs: number;
}

/** A generous bound: about 400 bytes a line. */
const MAX_LINES = 2_000_000;
const DROP_AT_ONCE = 100_000;

/**
 * The truth ledger (reliability.md section 6): every effect in order of acceptance, written at the moment of applying,
 * so that a reset or a lost answer after it still shows. The oldest lines go when two million are kept.
 */
export class TruthLedger {
  private entries: Entry[] = [];
  private sequence = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  /** Sequence of the newest line; 0 when there is none. */
  get last(): number {
    return this.sequence;
  }

  record(effect: Effect): number {
    this.sequence += 1;
    if (this.entries.length >= MAX_LINES) this.entries = this.entries.slice(DROP_AT_ONCE);
    const realAtMs = performance.timeOrigin + performance.now();
    this.entries.push({ ...effect, sequence: this.sequence, atMs: this.clock.now(), realAtMs });
    for (const wake of this.waiting) wake();
    return this.sequence;
  }

  read(query: LedgerQuery): LedgerLine[] {
    const limit = query.limit ?? 1000;
    const lines: LedgerLine[] = [];
    for (let index = this.indexAfter(query.after ?? 0); index < this.entries.length; index += 1) {
      const entry = this.entries[index];
      if (!entry || !matches(entry, query)) continue;
      lines.push(asLine(entry));
      if (lines.length === limit) break;
    }
    return lines;
  }

  /** Resolves when a line is written or `timeoutMs` of real time have passed. */
  waitForLine(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
    });
  }

  reset(): void {
    this.entries = [];
    this.sequence = 0;
    for (const wake of this.waiting) wake();
  }

  private indexAfter(sequence: number): number {
    const first = this.entries[0]?.sequence ?? 1;
    return Math.max(sequence - first + 1, 0);
  }
}

function matches(entry: Entry, query: LedgerQuery): boolean {
  return (
    (query.vendor === undefined || entry.vendor === query.vendor) &&
    (query.kind === undefined || entry.kind === query.kind) &&
    (query.account === undefined || entry.account === query.account) &&
    (query.to === undefined || entry.to === query.to)
  );
}

function asLine(entry: Entry): LedgerLine {
  const { body, atMs, ...line } = entry;
  const bodyHash = body === undefined ? undefined : createHash('sha256').update(body).digest('hex');
  return { ...line, at: new Date(atMs).toISOString(), bodyHash };
}
