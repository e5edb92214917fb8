import type { PlayScenario } from '../start/scenario.ts';
import type { RunningSystem } from '../start/start-system.ts';
import { connectDemo } from './connect-demo.ts';
import { type ExpectedEvent, playEvents } from './scenario-events.ts';
import { arrivedOf, ledgerEnd, type LedgerLine, sentSince, type Trace, traceOf } from './trail.ts';
import { printReport } from './report.ts';

/** An event, what the trail says of it and whether it is as expected. */
export interface JudgedEvent {
  readonly event: ExpectedEvent;
  readonly trace: Trace | undefined;
  /** Messages to the recipient in the truth ledger. */
  readonly effects: number;
  readonly problems: readonly string[];
}

const SETTLE_WITHIN_MS = 120_000;
/** A status callback that finds no ingress is lost; the sender asks for the status itself a quarter of an hour later. */
const CALLBACKS_WITHIN_MS = 30_000;

/**
 * Plays the sandbox scenario: ok only if every expected effect is in the doubles' truth ledger exactly once and the trail
 * tells its whole way.
 */
export const playScenario: PlayScenario = async (system, { json }) => {
  await connectDemo(system);
  const from = await ledgerEnd(system);
  const events = await playEvents(system);
  const judged = await settle(system, events, from);
  const doubles = doubledKeys(await sentSince(system, from));
  printReport(judged, doubles, json);
  return { ok: doubles.length === 0 && judged.every(({ problems }) => problems.length === 0) };
};

/** Waits until everything is as expected, or the time is over, and judges what is there then. */
async function settle(
  system: RunningSystem,
  events: readonly ExpectedEvent[],
  from: number,
): Promise<JudgedEvent[]> {
  const startedAt = Date.now();
  for (;;) {
    const lines = await sentSince(system, from);
    const judged: JudgedEvent[] = [];
    const callbacksOver = Date.now() - startedAt > CALLBACKS_WITHIN_MS;
    for (const event of events)
      judged.push(judge(event, await traceOf(system, event.invoiceId), lines, callbacksOver));
    const done = judged.every(({ problems }) => problems.length === 0);
    const tooMany = judged.some(({ event, effects }) => effects > event.delivered);
    if (done || tooMany || Date.now() - startedAt > SETTLE_WITHIN_MS) return judged;
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

function judge(
  event: ExpectedEvent,
  trace: Trace | undefined,
  lines: readonly LedgerLine[],
  callbacksOver: boolean,
): JudgedEvent {
  const effects = lines.filter(({ to }) => event.to !== null && to === event.to).length;
  const arrived = arrivedOf(trace, callbacksOver);
  const problems: string[] = [];
  if (!trace) problems.push('the trail knows nothing of it');
  if (effects !== event.delivered)
    problems.push(`${effects} messages at the vendor instead of ${event.delivered}`);
  if (arrived !== event.delivered)
    problems.push(`${arrived} arrived by the trail instead of ${event.delivered}`);
  const reasons = trace?.notSent.map(({ reason }) => reason) ?? [];
  if (event.notSent && !event.notSent.some((reason) => reasons.includes(reason)))
    problems.push(`no reason ${event.notSent.join(' or ')} in the trail (${reasons.join(', ') || 'none'})`);
  return { event, trace, effects, problems };
}

/** Commands that the vendor has seen more than once. */
function doubledKeys(lines: readonly LedgerLine[]): string[] {
  const seen = new Set<string>();
  const doubled = new Set<string>();
  for (const { key } of lines) {
    if (key === undefined) continue;
    if (seen.has(key)) doubled.add(key);
    seen.add(key);
  }
  return [...doubled];
}
