import type { Mutant } from './mutant.ts';
import { makeMutatedCheckout, type MutatedCheckout } from './mutated-checkout.ts';

/** How a suite ended in a checkout. */
export interface SuiteRun {
  /** `broken`: it ended without a verdict, e.g. because a service did not start. */
  readonly verdict: 'green' | 'red' | 'broken';
  /** What it said, in one line. */
  readonly why: string;
}

/** A mutant (undefined: nothing removed) and whether the suite took it as it must. */
export interface Trial extends SuiteRun {
  readonly mutant: Mutant | undefined;
  readonly passed: boolean;
  readonly seconds: number;
}

/** Runs a suite in a checkout. */
export type RunSuite = (checkout: MutatedCheckout, mutant: Mutant | undefined) => Promise<SuiteRun>;

export interface TrialOptions {
  /** No further mutant is tried once it is aborted; the run under way must end by itself. */
  readonly signal?: AbortSignal;
  /** Told before each run, which can take a minute. */
  readonly starting?: (mutant: Mutant | undefined) => void;
  /** For tests. */
  readonly make?: typeof makeMutatedCheckout;
}

/**
 * Tries one mutant after the other: each must turn the suite red. Before them the unchanged checkout must be green, else a red
 * run would say nothing. A suite that breaks shows nothing either and does not count as red.
 */
export async function tryMutants(
  mutants: readonly Mutant[],
  run: RunSuite,
  told: (trial: Trial) => void,
  { signal, starting, make = makeMutatedCheckout }: TrialOptions = {},
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const mutant of [undefined, ...mutants]) {
    if (signal?.aborted) break;
    starting?.(mutant);
    const startedAt = performance.now();
    const checkout = make(mutant);
    try {
      const { verdict, why } = await run(checkout, mutant);
      const passed = verdict === (mutant ? 'red' : 'green');
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const trial = { mutant, verdict, why, passed, seconds };
      told(trial);
      trials.push(trial);
      if (!mutant && !passed) return trials;
    } finally {
      checkout.remove();
    }
  }
  return trials;
}

/** One line for people. */
export function describeTrial({ mutant, verdict, why, passed, seconds }: Trial): string {
  const what = mutant ? `${mutant.name}: without ${mutant.removes}` : 'nothing removed';
  return `${passed ? '✓' : '✗'} ${what}\n    ${verdict} after ${seconds} s${why ? `: ${why}` : ''}`;
}

/** The last line that every test command of this repository ends with. */
export function countTrials(trials: readonly Trial[]): string {
  const passed = trials.filter((trial) => trial.passed).length;
  return `${passed} passed, ${trials.length - passed} failed`;
}
