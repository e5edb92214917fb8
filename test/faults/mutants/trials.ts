import { runNode } from '../../../tools/checks/step.ts';
import { type Mutant } from '../../../tools/mutants/mutant.ts';
import { mutants } from '../../../tools/mutants/mutants.ts';
import type { MutatedCheckout } from '../../../tools/mutants/mutated-checkout.ts';
import { runSimulation } from '../../../tools/mutants/run-simulation.ts';
import type { RunSuite, SuiteRun } from '../../../tools/mutants/try-mutants.ts';
import { UserError } from '../../../tools/lib/user-error.ts';

/** What must turn red when a mechanism is gone: the simulation's scenarios about it, or a fault of this suite in its shortest form. */
export type Detector = 'simulation' | { readonly fault: string };

/**
 * One mutant for each mechanism that the promises rest on, with what must notice it. Simulated, a missing mechanism shows in seconds;
 * one of them is also played against real processes, so that the suite itself is known to turn red.
 */
const detectors: Readonly<Record<string, readonly Detector[]>> = {
  'mapper-command-ids': ['simulation'],
  'sender-command-states': ['simulation'],
  'sender-doubt': ['simulation'],
  'sender-reconciliation': ['simulation', { fault: 'F10' }],
  'sender-intent': ['simulation'],
  'sender-interrupted': ['simulation'],
  'task-fencing': ['simulation'],
  'task-doubtful-producer': ['simulation'],
  'task-watermark': ['simulation'],
  'mapper-recheck': ['simulation'],
};

/**
 * The mutants that `--mutants` tries.
 *
 * @throws UserError when one of them is not in the list of tools/mutants any more.
 */
export function mutantsToTry(): Mutant[] {
  return Object.keys(detectors).map((name) => {
    const mutant = mutants.find((candidate) => candidate.name === name);
    if (!mutant) throw new UserError(`There is no mutant "${name}" in tools/mutants any more`);
    return mutant;
  });
}

/** Runs in a checkout what must notice, all of it; in the unchanged one everything that is used, which must be green. */
export function trialsWith(seed: number): RunSuite {
  return async (checkout, mutant) => {
    const chosen = mutant ? (detectors[mutant.name] ?? []) : all();
    const wanted = mutant ? 'red' : 'green';
    let run: SuiteRun = { verdict: 'broken', why: 'nothing is known to notice it' };
    for (const detector of chosen) {
      run =
        detector === 'simulation'
          ? await runSimulation(checkout, mutant)
          : await runFault(checkout, detector.fault, seed);
      if (run.verdict !== wanted) return { ...run, why: `${nameOf(detector)}: ${run.why}` };
    }
    return run;
  };
}

function all(): Detector[] {
  const used = Object.values(detectors).flat();
  return [...new Map(used.map((detector) => [nameOf(detector), detector])).values()];
}

function nameOf(detector: Detector): string {
  return detector === 'simulation' ? detector : detector.fault;
}

/** Long enough for a dozen losses, and few enough companies that starting them costs little. */
const SHORTEST = ['--minutes', '0.35', '--tenants', '4', '--rate', '8'];

async function runFault({ root }: MutatedCheckout, id: string, seed: number): Promise<SuiteRun> {
  const options = ['--only', id, ...SHORTEST, '--seed', String(seed)];
  const { code, output } = await runNode(['tools/test-faults.ts', ...options], { checkout: root });
  return readFaultRun(code, output);
}

/** Reads the verdict of the fault suite: red needs a fault that was played to its end and judged. */
export function readFaultRun(code: number, output: string): SuiteRun {
  const closing = /^\d+ passed, \d+ failed$/m.test(output);
  const failures = output.split('\n').flatMap((line) => /^ {6}✗ (.*)/.exec(line)?.[1] ?? []);
  if (closing && code === 0) return { verdict: 'green', why: '' };
  const played = failures.filter((failure) => /^I\d: /.test(failure) || failure.includes('in doubt'));
  if (closing && played.length > 0) return { verdict: 'red', why: played.join('; ').slice(0, 300) };
  const end = failures[0] ?? output.trim().split('\n').slice(-3).join(' ');
  return { verdict: 'broken', why: end.slice(0, 300) };
}
