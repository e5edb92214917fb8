import { UserError } from '../lib/user-error.ts';
import type { Step } from './step.ts';

/** What was asked for on the command line of `npm test`. */
export interface TestArguments {
  /** Names of steps; empty means all. */
  readonly only: readonly string[];
  /** File filters and options for vitest, in the order given. */
  readonly passThrough: readonly string[];
}

/** Splits `--only a,b` (or `--only=a,b`, repeatable) from everything that is vitest's. */
export function parseTestArguments(args: readonly string[]): TestArguments {
  const only: string[] = [];
  const passThrough: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const argument = args[i] ?? '';
    const inline = /^--only=(.*)$/.exec(argument)?.[1];
    if (inline === undefined && argument !== '--only') {
      passThrough.push(argument);
      continue;
    }
    if (inline === undefined) i += 1;
    const names = (inline ?? args[i] ?? '').split(',').filter((name) => name !== '');
    if (names.length === 0) throw new UserError('--only needs the name of a step, for instance --only unit');
    only.push(...names);
  }
  return { only, passThrough };
}

/**
 * The steps to run: those named by `--only`; with file filters but no `--only` just the test runs; else all.
 *
 * @throws UserError when a name is unknown; lists the names that there are.
 */
export function selectSteps(
  steps: { readonly static: readonly Step[]; readonly tests: readonly Step[] },
  { only, passThrough }: TestArguments,
): Step[] {
  const all = [...steps.static, ...steps.tests];
  const unknown = only.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) {
    const names = all.map((step) => step.name).join(', ');
    throw new UserError(`There is no step "${unknown.join('", "')}". There are: ${names}`);
  }
  if (only.length > 0) return all.filter((step) => only.includes(step.name));
  return passThrough.length > 0 ? [...steps.tests] : all;
}
