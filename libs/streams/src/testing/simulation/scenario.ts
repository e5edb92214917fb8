import type { Strike } from './chance.js';
import { SimulatedWorld, type WorldOptions } from './simulated-world.js';

/** One thing that happens to the services from outside, at its time. */
export interface ScenarioStep {
  readonly atMs: number;
  readonly name: string;
  run(): void;
}

/** A scenario in one world. */
export interface ScenarioRun {
  readonly steps: readonly ScenarioStep[];
  /** How long faults go on, in virtual milliseconds; steps end before that. */
  readonly faultsMs: number;
  /** Everything that was to happen has happened. */
  settled(): boolean;
  /** After the faults it must be settled within this time. */
  readonly settleMs: number;
  /** How often {@link settled} is looked at. */
  readonly lookEveryMs: number;
  /** What is missing when it is not settled in time. */
  missing(): string;
  /** The promises; each sentence is one that was broken. */
  check(): readonly string[];
  /** Lets go of what the run holds outside of the world's processes. */
  end?(): void;
}

/** A kind of world, filled anew for each seed. */
export interface Scenario {
  readonly name: string;
  readonly world?: Partial<WorldOptions>;
  /** When the world of a seed begins, epoch milliseconds. */
  startAt?(seed: number): number;
  /** How often a process may be harassed, virtual milliseconds. */
  readonly harassEveryMs: number;
  prepare(world: SimulatedWorld): ScenarioRun;
}

/** What came of one seed. */
export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly strikes: readonly Strike[];
  readonly history: readonly string[];
  /** Events that happened. */
  readonly events: number;
  /** Virtual milliseconds. */
  readonly elapsedMs: number;
}

/** Which history of a seed is wanted. */
export interface HistoryOptions {
  readonly muted?: ReadonlySet<number>;
  readonly keepHistory?: boolean;
}

/** Plays one seed of a scenario to its end. The same seed and options give the same result, event by event. */
export async function simulate(
  scenario: Scenario,
  seed: number,
  options: HistoryOptions = {},
): Promise<SimulationResult> {
  const startAt = scenario.startAt?.(seed);
  const world = new SimulatedWorld({
    ...scenario.world,
    ...options,
    ...(startAt !== undefined && { startAt }),
    seed,
  });
  const startedAt = world.queue.now;
  const run = scenario.prepare(world);
  for (const step of run.steps) {
    // A step is drawn like a fault, so that shrinking can leave it out.
    if (world.chance.strikesHere(`step: ${step.name}`, 1)) {
      world.queue.schedule(step.atMs, () => {
        world.history.note('world', () => step.name);
        step.run();
      });
    }
  }
  world.harassEvery(scenario.harassEveryMs);
  await world.runUntil(() => false, run.faultsMs, run.faultsMs);
  world.calmDown();
  const settled = await world.runUntil(() => run.settled(), run.settleMs, run.lookEveryMs);
  if (!settled && world.violations.length === 0) world.violated(`not settled: ${run.missing()}`);
  for (const broken of run.check()) world.violated(broken);
  world.end();
  run.end?.();
  return {
    seed,
    violations: world.violations,
    strikes: world.chance.strikes,
    history: world.history.lines,
    events: world.queue.happened,
    elapsedMs: world.queue.now - startedAt,
  };
}
