import { UserError } from '../lib/user-error.ts';
import { requestJson } from '../once/http.ts';
import type { RunningSystem } from '../start/start-system.ts';
import type { BenchEvent } from './tenants.ts';

/** A message that the Twilio double took. */
export interface TakenMessage {
  readonly to: string;
  /** Epoch milliseconds with fractions. */
  readonly realAtMs: number;
  /** The StatusCallback URL, which names the command, or the invoice for the bare loop; not there when none was asked for. */
  readonly key?: string;
}

interface LedgerLine extends TakenMessage {
  readonly sequence: number;
  readonly action: string;
}

const POLL_MS = 100;

/** Reads what the Twilio double took from a moment on. */
export class TruthReader {
  private readonly url: string;
  private readonly taken: TakenMessage[] = [];
  private after: number;

  private constructor(sandboxUrl: string, after: number) {
    this.url = `${sandboxUrl}/__sandbox/ledger`;
    this.after = after;
  }

  static async fromNow({ sandbox }: RunningSystem): Promise<TruthReader> {
    const { last } = await requestJson<{ last: number }>(`${sandbox.sandboxUrl}/__sandbox/ledger?limit=1`);
    return new TruthReader(sandbox.sandboxUrl, last);
  }

  /** Everything so far. */
  async read(): Promise<readonly TakenMessage[]> {
    const { lines } = await requestJson<{ lines: LedgerLine[] }>(
      `${this.url}?vendor=twilio&kind=message&after=${this.after}&limit=100000`,
    );
    this.after = lines.at(-1)?.sequence ?? this.after;
    this.taken.push(...lines.filter(({ action }) => action === 'create'));
    return this.taken;
  }

  /** Waits until there are so many messages, or the time is over; the caller looks at what is there. */
  async waitFor(count: number, timeoutMs: number, onProgress: (taken: number) => void): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { length } = await this.read();
      onProgress(length);
      if (length >= count || performance.now() > deadline) return;
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
    }
  }
}

/**
 * Each event must have exactly one message, and each message one event.
 *
 * @throws UserError that says how many are missing, doubled or unasked for: figures of such a run would mean nothing.
 */
export function assertOnceEach(events: readonly BenchEvent[], taken: readonly TakenMessage[]): void {
  const wanted = new Set(events.map(({ to }) => to));
  const counts = new Map<string, number>();
  for (const { to } of taken) counts.set(to, (counts.get(to) ?? 0) + 1);
  const missing = [...wanted].filter((to) => !counts.has(to)).length;
  const doubled = [...counts].filter(([to, count]) => wanted.has(to) && count > 1).length;
  const unasked = [...counts.keys()].filter((to) => !wanted.has(to)).length;
  const keys = taken.flatMap(({ key }) => key ?? []);
  const repeated = keys.length - new Set(keys).size;
  if (missing + doubled + unasked + repeated === 0) return;
  throw new UserError(
    `The benchmark failed: of ${events.length} events ${missing} had no message and ${doubled} more than one; ${unasked} messages went to others, ${repeated} commands were seen twice.`,
  );
}
