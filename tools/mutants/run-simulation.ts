import { runNode } from '../checks/step.ts';
import type { Mutant } from './mutant.ts';
import type { MutatedCheckout } from './mutated-checkout.ts';
import type { SuiteRun } from './try-mutants.ts';

/** Where a mechanism is decides who misses it; seeds are several times as many as any mutant of the list needs. */
const SCENARIOS = [
  { name: 'mapper', below: 'apps/mapper/', seeds: 100 },
  { name: 'sender', below: 'apps/twilio-sender/', seeds: 400 },
  { name: 'task', below: 'libs/streams/', seeds: 1_000 },
] as const;
const SEEDS_WITHOUT_MUTANT = 25;

/** Plays the scenarios of the simulation that are about the mutant, or a little of all, until a promise is broken. */
export async function runSimulation(
  { root }: MutatedCheckout,
  mutant: Mutant | undefined,
): Promise<SuiteRun> {
  let run: SuiteRun = { verdict: 'broken', why: 'no scenario is about what the mutant removes' };
  for (const { name, below, seeds } of SCENARIOS) {
    if (mutant && !mutant.edits.some(({ file }) => file.startsWith(below))) continue;
    const count = String(mutant ? seeds : SEEDS_WITHOUT_MUTANT);
    const { code, output } = await runNode([
      'tools/simulate.ts',
      '--tree',
      root,
      '--scenario',
      name,
      '--seeds',
      count,
      '--brief',
    ]);
    run = readSimulation(code, output);
    if (run.verdict !== 'green') return run;
  }
  return run;
}

/** Reads the verdict from what the command printed and its exit code. Red needs a seed that was played. */
export function readSimulation(code: number, output: string): SuiteRun {
  const failed = output.split('\n').find((line) => line.startsWith('✗ '));
  if (code === 0 && failed === undefined) return { verdict: 'green', why: '' };
  if (code === 1 && failed !== undefined) return { verdict: 'red', why: failed.slice(2) };
  return { verdict: 'broken', why: output.trim().split('\n').slice(-3).join(' ') };
}
