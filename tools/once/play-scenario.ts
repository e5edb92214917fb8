import type { PlayScenario } from '../start/scenario.ts';
import type { RunningSystem } from '../start/start-system.ts';
import { connectWholeDemo, liftMinuteLimit, restoreMinuteLimit } from './connect-demo.ts';
import { demoVendors } from './demo-vendors.ts';
import type { ExpectedEvent } from './expected-event.ts';
import { judge, type JudgedEvent, wholeRunProblems } from './judge.ts';
import { printReport } from './report.ts';
import { playEvents } from './scenario-events.ts';
import { ledgerEnd, type LedgerLine, sentSince, traceOf } from './trail.ts';

const SETTLE_WITHIN_MS = 120_000;
/** A status callback that finds no ingress is lost; the sender asks for the status itself a quarter of an hour later. */
const CALLBACKS_WITHIN_MS = 30_000;

/**
 * Plays the sandbox scenario: ok only if every expected effect is in the doubles' truth ledger exactly once and the trail
 * tells its whole way.
 */
export const playScenario: PlayScenario = async (system, { json }) => {
  const demo = await connectWholeDemo(system);
  await liftMinuteLimit(system, demo);
  const from = await ledgerEnd(system);
  const events = await playEvents(system, demo);
  for (const { vendor, play } of demoVendors) {
    const connection = demo.others.get(vendor);
    if (connection) events.push(...(await play(system, connection)));
  }
  const judged = await settle(system, events, from);
  await restoreMinuteLimit(system, demo);
  const doubles = doubledKeys(await sentSince(system, from));
  const problems = wholeRunProblems(judged);
  const ok = [...doubles, ...problems, ...judged.flatMap((event) => event.problems)].length === 0;
  printReport({ ok, judged, doubles, problems }, json);
  return { ok };
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
    const spoilt = judged.some((one) => one.spoilt);
    if (done || spoilt || Date.now() - startedAt > SETTLE_WITHIN_MS) return judged;
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
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
