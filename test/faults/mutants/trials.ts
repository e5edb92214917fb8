import { runNode } from '../../../tools/checks/step.ts';
import { type Mutant } from '../../../tools/mutants/mutant.ts';
import { mutants } from '../../../tools/mutants/mutants.ts';
import type { MutatedCheckout } from '../../../tools/mutants/mutated-checkout.ts';
import { runOnce } from '../../../tools/mutants/run-once.ts';
import type { RunSuite, SuiteRun } from '../../../tools/mutants/try-mutants.ts';
import { UserError } from '../../../tools/lib/user-error.ts';

/** What must turn red when a mechanism is gone: a fault of this suite, the simulation, or the scenario of `npm start -- --once`. */
export type Detector =
  { readonly kind: 'fault'; readonly id: string } | { readonly kind: 'simulation' | 'once' };

const fault = (id: string): Detector => ({ kind: 'fault', id });
const simulation: Detector = { kind: 'simulation' };

/** One mutant for each mechanism that the promises rest on, with the cheapest thing that must notice. */
const detectors: Readonly<Record<string, Detector>> = {
  'sender-command-states': simulation,
  'sender-doubt': simulation,
  'sender-reconciliation': fault('F10'),
  'sender-intent': simulation,
  'sender-interrupted': simulation,
  'task-fencing': simulation,
  'task-doubtful-producer': simulation,
  'task-watermark': simulation,
  'mapper-recheck': { kind: 'once' },
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

/** Runs in a checkout what must notice; in the unchanged one everything that is used, which must be green. */
export function trialsWith(seed: number): RunSuite {
  return async (checkout, mutant) => {
    const detector = mutant && detectors[mutant.name];
    if (mutant && !detector) return { verdict: 'broken', why: `nothing is known to notice ${mutant.name}` };
    for (const each of detector ? [detector] : all()) {
      const run = await detect(checkout, each, seed);
      if (run.verdict !== 'green') return run;
    }
    return { verdict: 'green', why: '' };
  };
}

function all(): Detector[] {
  return [...new Map(Object.values(detectors).map((each) => [JSON.stringify(each), each])).values()];
}

function detect(checkout: MutatedCheckout, detector: Detector, seed: number): Promise<SuiteRun> {
  if (detector.kind === 'fault') return runFault(checkout, detector.id, seed);
  return detector.kind === 'once' ? runOnce(checkout) : runSimulation(checkout);
}

async function runFault({ root }: MutatedCheckout, id: string, seed: number): Promise<SuiteRun> {
  const options = [
    '--only',
    id,
    '--minutes',
    '0.35',
    '--tenants',
    '4',
    '--rate',
    '8',
    '--seed',
    String(seed),
  ];
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

const SEEDS = '1500';

async function runSimulation({ root }: MutatedCheckout): Promise<SuiteRun> {
  const { code, output } = await runNode(['tools/simulate.ts', '--seeds', SEEDS], { checkout: root });
  return readSimulation(code, output);
}

/** Reads the verdict of the simulation: red needs a seed in which a promise was broken. */
export function readSimulation(code: number, output: string): SuiteRun {
  if (code === 0) return { verdict: 'green', why: '' };
  const failed = /^✗ .* seed \d+: .*/m.exec(output)?.[0];
  if (failed !== undefined) return { verdict: 'red', why: failed.slice(2, 300) };
  return { verdict: 'broken', why: output.trim().split('\n').slice(-3).join(' ').slice(0, 300) };
}
