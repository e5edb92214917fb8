import { setTimeout as delay } from 'node:timers/promises';
import { type Evidence, TrailReader } from '../check/evidence.ts';
import { judge, type Verdict } from '../check/invariants.ts';
import { LoadDriver } from '../load/load-driver.ts';
import { planLoad } from '../load/load-plan.ts';
import { retryWhile } from '../world/retry.ts';
import type { FaultReport, FaultRun } from './fault-test.ts';

/** What a fault does while the load plays. */
export interface Injection {
  /** Strikes until `until` (a `performance.now()`), then returns how often it struck. Everything it broke may stay broken. */
  inject(until: number): Promise<number>;
  /** Strikes that are only seen afterwards; they count with those that {@link inject} returned. */
  strikes?(load: LoadDriver, evidence: Evidence): number;
  /** Puts right what is not put right by healing the world. */
  mend?(): Promise<void>;
  /** Figures, once everything is settled. */
  figures?(load: LoadDriver, evidence: Evidence): FaultReport['figures'] | Promise<FaultReport['figures']>;
  /** What must hold besides the invariants; a sentence for each thing that does not. */
  check?(load: LoadDriver, evidence: Evidence): string[] | Promise<string[]>;
  /** Numbers (E.164) of messages that the fault causes itself, and judges itself. */
  readonly others?: ReadonlySet<string>;
  /** Other habits of the vendor's webhooks than one duplicate in ten, a little out of order. */
  readonly habits?: Readonly<Record<string, number>>;
  /** How long after the fault everything owed may take. */
  readonly settleWithinMs?: number;
}

/** 10 % duplicates; copies and neighbours overtake each other. */
const USUAL_HABITS = { duplicates: 1, duplicateFraction: 0.1, jitterMs: 150, delayMs: 0, dropFraction: 0 };
const SETTLE_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 400;
/** A recovery that takes longer tells what it waited for. */
const SLOW_MS = 20_000;
/** Load without the fault, before it. */
const WARM_UP_MS = 1_500;
/** The load goes on a little when the fault is over. */
const AFTER_MS = 1_000;

/** Plays load L1 with a fault in its middle, heals everything, waits until all that is owed is settled, and judges. */
export async function underLoad(run: FaultRun, injection: Injection): Promise<FaultReport> {
  const { world, note } = run;
  const trail = new TrailReader(world.infrastructure.direct.databaseUrl);
  const [ledgerStart, trailStart, lettersStart] = await Promise.all([
    world.sandbox.ledgerEnd(),
    trail.end(),
    trail.unknownTenantLetters(),
  ]);
  await world.sandbox.webhookHabits({
    ...USUAL_HABITS,
    ...injection.habits,
    seed: Math.floor(run.random() * 1e9),
  });
  const load = new LoadDriver(world);
  const plan = planLoad(
    {
      tenants: world.tenants.length,
      eventsPerSecond: run.eventsPerSecond,
      durationMs: WARM_UP_MS + run.activeMs + AFTER_MS,
    },
    run.random,
  );
  const playing = load.play(plan);
  await delay(WARM_UP_MS);
  note('fault');
  const injected = await injection.inject(performance.now() + run.activeMs);
  const struckByVendors = await world.sandbox.injected();
  note('healing');
  await injection.mend?.();
  await world.heal();
  const healedAt = performance.now();
  await playing;
  note('settling');
  const gather = async (): Promise<Evidence> => ({
    expected: load.expected,
    acknowledged: load.acknowledged,
    messages: (await world.sandbox.messagesAfter(ledgerStart)).filter(
      ({ to }) => injection.others?.has(to ?? '') !== true,
    ),
    trail: await trail.after(trailStart),
    unknownTenantLetters: (await trail.unknownTenantLetters()) - lettersStart,
  });
  const { verdict, evidence, settledAt, lastOwed } = await settle(
    gather,
    injection.settleWithinMs ?? SETTLE_WITHIN_MS,
  );
  const mistakes = load.mistakes.map((mistake) => `the load itself failed: ${mistake}`);
  const count = injected + struckByVendors + (injection.strikes?.(load, evidence) ?? 0);
  return {
    ...verdict,
    injected: count,
    events: load.played,
    recoveryMs: settledAt === undefined ? undefined : Math.round(settledAt - healedAt),
    figures: {
      ...(await injection.figures?.(load, evidence)),
      ...(settledAt !== undefined && settledAt - healedAt > SLOW_MS ? { 'last to come': lastOwed } : {}),
    },
    failures: [
      ...verdict.failures,
      ...(settledAt === undefined ? ['I8: not everything that was owed is settled'] : []),
      ...(count === 0 ? ['the fault never struck'] : []),
      ...mistakes.slice(0, 3),
      ...((await injection.check?.(load, evidence)) ?? []),
    ],
  };
}

/** Looks until nothing is owed or in doubt any more; a loss is only a loss when the time is over. */
async function settle(
  gather: () => Promise<Evidence>,
  withinMs: number,
): Promise<{ verdict: Verdict; evidence: Evidence; settledAt: number | undefined; lastOwed: string }> {
  const deadline = performance.now() + withinMs;
  let lastOwed = 'nothing';
  for (;;) {
    const lookedAt = performance.now();
    const evidence = await retryWhile(gather, 5);
    const verdict = judge(evidence);
    const lookTookMs = performance.now() - lookedAt;
    const settled = verdict.lost === 0 && (verdict.uncertainEnds['open'] ?? 0) === 0;
    const clean = settled && verdict.failures.length === 0;
    // A double does not go away by waiting.
    if (clean || verdict.duplicated > 0 || performance.now() > deadline)
      return { verdict, evidence, settledAt: settled ? performance.now() : undefined, lastOwed };
    lastOwed = verdict.failures[0] ?? 'doubts';
    // Looking through ten thousand lines takes from the machine what the system needs to recover.
    await delay(Math.max(LOOK_EVERY_MS, 3 * lookTookMs));
  }
}
