import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import { repositoryRoot } from '../lib/paths.ts';
import { UserError } from '../lib/user-error.ts';

/** What was asked for on the command line of `npm run simulate`. */
export interface SimulationArguments {
  readonly help: boolean;
  readonly seeds: number;
  readonly from: number;
  readonly scenario: string | undefined;
  /** Show this one seed. */
  readonly seed: number | undefined;
  readonly shrink: boolean;
  /** Only say which seeds failed. */
  readonly brief: boolean;
  readonly keepGoing: boolean;
  readonly workers: number;
  readonly tree: string;
}

/** @throws UserError when an option is unknown, no number, or `--seed` comes without `--scenario`. */
export function parseSimulationArguments(args: readonly string[]): SimulationArguments {
  const values = parse(args);
  const wanted = {
    help: values.help,
    seeds: wholeNumber('--seeds', values.seeds, 10_000),
    from: wholeNumber('--from', values.from, 1),
    scenario: values.scenario,
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, 1),
    shrink: values.shrink,
    brief: values.brief,
    keepGoing: values['keep-going'],
    workers: wholeNumber('--workers', values.workers, availableParallelism()),
    tree: values.tree ?? repositoryRoot,
  };
  if (wanted.seed !== undefined && wanted.scenario === undefined)
    throw new UserError('--seed needs the scenario that it is of, for instance --scenario task --seed 42');
  return wanted;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        seeds: { type: 'string' },
        from: { type: 'string' },
        scenario: { type: 'string' },
        seed: { type: 'string' },
        shrink: { type: 'boolean', default: false },
        brief: { type: 'boolean', default: false },
        'keep-going': { type: 'boolean', default: false },
        workers: { type: 'string' },
        tree: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message} See npm run simulate -- --help`);
  }
}

function wholeNumber(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UserError(`${option} needs a whole number above 0, not "${text}"`);
}
