import { parseArgs } from 'node:util';
import { UserError } from '../lib/user-error.ts';
import type { Mutant, Suite } from './mutant.ts';

/** What `npm run mutants` is asked to do. */
export interface MutantArguments {
  /** Those that the suite must catch, or all of them for a list without a suite. */
  readonly chosen: readonly Mutant[];
  /** The suite to run; undefined for a list of all. */
  readonly suite: Suite | undefined;
  readonly list: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** Suites that this command can run; the others run their mutants themselves. */
const RUNNABLE: readonly Suite[] = ['once', 'simulation'];

/**
 * Reads the command line.
 *
 * @throws UserError for an unknown option, suite or mutant, and for a mutant that the suite is not expected to catch.
 */
export function parseMutantArguments(args: readonly string[], all: readonly Mutant[]): MutantArguments {
  const { against, only, ...flags } = readOptions(args);
  if (flags.help) return { ...flags, suite: undefined, chosen: [] };
  if (against === undefined && flags.list) return { ...flags, suite: undefined, chosen: named(all, only) };
  const suite = RUNNABLE.find((name) => name === against);
  if (!suite) throw new UserError(`--against must name a suite: ${RUNNABLE.join(', ')}. See --help.`);
  const chosen = named(all, only);
  const elsewhere = chosen.filter(({ caughtBy }) => !caughtBy.includes(suite));
  if (only.length > 0 && elsewhere[0])
    throw new UserError(`${elsewhere[0].name} is not for ${suite}: ${elsewhere[0].note ?? 'see the list'}`);
  return { ...flags, suite, chosen: chosen.filter((mutant) => !elsewhere.includes(mutant)) };
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        against: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(`${message}. "npm run mutants -- --help" lists the options.`);
  }
}

function named(all: readonly Mutant[], names: readonly string[]): readonly Mutant[] {
  for (const name of names)
    if (!all.some((mutant) => mutant.name === name))
      throw new UserError(
        `There is no mutant "${name}". There are: ${all.map((one) => one.name).join(', ')}`,
      );
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}
