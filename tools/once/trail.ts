import type { RunningSystem } from '../start/start-system.ts';

/** One step of a trace, as the console tells it. */
export interface TraceStep {
  readonly at: number;
  readonly sinceStartMs: number;
  readonly step: string;
  readonly status: string;
  readonly reason: string | null;
  readonly sentence: string;
}

/** One command of a trace. */
export interface TracedCommand {
  readonly commandId: string;
  readonly businessEvent: string | null;
  readonly channel: string | null;
  readonly recipient: string | null;
  readonly messageSid: string | null;
  readonly result: string;
  readonly steps: readonly TraceStep[];
}

/** The whole way of one event (`GET /api/traces/:id`). */
export interface Trace {
  readonly entityType: string | null;
  readonly notices: readonly { readonly noticeId: string; readonly steps: readonly TraceStep[] }[];
  readonly records: readonly { readonly recordId: string; readonly steps: readonly TraceStep[] }[];
  readonly commands: readonly TracedCommand[];
  readonly notSent: readonly { readonly reason: string; readonly sentence: string }[];
  readonly steps: readonly TraceStep[];
}

/** An effect that a double accepted. */
export interface LedgerLine {
  readonly kind: string;
  readonly action: string;
  readonly key?: string;
  readonly to?: string;
  readonly sequence: number;
}

/** The trace of any id on the way, or undefined while there is none, or no console to ask (it may be starting again). */
export async function traceOf(system: RunningSystem, id: string): Promise<Trace | undefined> {
  const { consoleUrl, consoleToken } = system.sandbox;
  const response = await fetch(`${consoleUrl}/api/traces/${encodeURIComponent(id)}`, {
    headers: { authorization: `Bearer ${consoleToken}` },
    signal: AbortSignal.timeout(10_000),
  }).catch(() => undefined);
  if (!response || response.status === 404 || response.status === 503) return undefined;
  const text = await response.text();
  if (!response.ok) throw new Error(`GET /api/traces answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as Trace;
}

/**
 * The commands that have arrived, by the trail. Of an e-mail it counts that Twilio took it: its delivery is polled for much
 * later, since there is no callback. The same goes for a text message whose callbacks were lost: `takenIsEnough`.
 */
export function arrivedOf(trace: Trace | undefined, takenIsEnough = false): readonly TracedCommand[] {
  const arrived = trace?.commands.filter(
    ({ result, channel }) =>
      result === 'delivered' || (result === 'sent' && (takenIsEnough || channel === 'email')),
  );
  return arrived ?? [];
}

/** Messages and e-mails that the doubles accepted after a sequence: the truth, whatever the trail says. */
export async function sentSince(system: RunningSystem, after: number): Promise<LedgerLine[]> {
  const url = `${system.sandbox.sandboxUrl}/__sandbox/ledger?vendor=twilio&after=${after}&limit=10000`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const { lines } = (await response.json()) as { lines: LedgerLine[] };
  return lines.filter(({ kind, action }) => (kind === 'message' || kind === 'email') && action === 'create');
}

/** Where the truth ledger stands now. */
export async function ledgerEnd(system: RunningSystem): Promise<number> {
  const response = await fetch(`${system.sandbox.sandboxUrl}/__sandbox/ledger?limit=1`);
  return ((await response.json()) as { last: number }).last;
}
