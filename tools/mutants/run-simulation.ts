import { runNode } from '../checks/step.ts';
import type { Mutant } from './mutant.ts';
import type { MutatedCheckout } from './mutated-checkout.ts';
import type { SuiteRun } from './try-mutants.ts';

/** Where a mechanism is decides who misses it; seeds are several times as many as any mutant of the list needs. */
const SCENARIOS = [
  { name: 'mapper', below: 'apps/mapper/', seeds: 100 },
  { name: 'sender', below: 'apps/twilio-sender/', seeds: 400 },
  { name: 'task', below: 'libs/streams/', seeds: 1_000 },
  { name: 'fetcher', below: 'apps/fetcher/', seeds: 100 },
] as const;

/** Plays the scenarios of the simulation that are about the mutant until a promise is broken; without one the same seeds of all. */
export async function runSimulation(
  { root }: MutatedCheckout,
  mutant: Mutant | undefined,
): Promise<SuiteRun> {
  let run: SuiteRun = { verdict: 'broken', why: 'no scenario is about what the mutant removes' };
  for (const { name, below, seeds } of SCENARIOS) {
    if (mutant && !mutant.edits.some(({ file }) => file.startsWith(below))) continue;
    const { code, output } = await runNode([
      'tools/simulate.ts',
      '--tree',
      root,
      '--scenario',
      name,
      '--seeds',
      String(seeds),
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
