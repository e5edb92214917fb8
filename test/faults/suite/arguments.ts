import { parseArgs } from 'node:util';
import { UserError } from '../../../tools/lib/user-error.ts';
import { faultTests } from '../cases/index.ts';
import type { FaultTest } from './fault-test.ts';

/** What was asked for on the command line of `npm run test:faults`. */
export interface SuiteArguments {
  readonly mode: 'faults' | 'mutants' | 'list';
  /** How long all faults together are active and loaded; start, healing and settling come on top. */
  readonly minutes: number;
  readonly seed: number;
  readonly tests: readonly FaultTest[];
  readonly short: boolean;
  readonly json: boolean;
  readonly tenants: number;
  readonly eventsPerSecond: number;
}

const LARGEST_SEED = 2 ** 31 - 1;
const SHORT_MINUTES = 1.5;
const LONG_MINUTES = 10;

/**
 * Reads the command line; `now` seeds a run that was given no seed.
 *
 * @throws UserError for an unknown option, fault or value.
 */
export function parseSuiteArguments(args: readonly string[], now: number): SuiteArguments {
  const values = parse(args);
  const short = values.short;
  const tests = choose(values.only, short);
  return {
    mode: values.list ? 'list' : values.mutants ? 'mutants' : 'faults',
    minutes: numberOf('--minutes', values.minutes, short ? SHORT_MINUTES : LONG_MINUTES, 0.1, 24 * 60),
    seed: Math.floor(numberOf('--seed', values.seed, now % LARGEST_SEED, 0, LARGEST_SEED)),
    tests,
    short,
    json: values.json,
    tenants: Math.floor(numberOf('--tenants', values.tenants, short ? 12 : 60, 2, 200)),
    eventsPerSecond: numberOf('--rate', values.rate, short ? 3 : 50, 0.5, 300),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        tenants: { type: 'string' },
        rate: { type: 'string' },
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        mutants: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(`${message}. "npm run test:faults -- --help" lists the options.`);
  }
}

function choose(only: readonly string[], short: boolean): readonly FaultTest[] {
  const ids = only.flatMap((list) => list.split(',')).filter((id) => id !== '');
  const unknown = ids.filter((id) => !faultTests.some((test) => sameId(test.id, id)));
  if (unknown.length > 0) {
    const known = faultTests.map(({ id }) => id).join(', ');
    throw new UserError(`There is no fault "${unknown.join('", "')}". There are: ${known}`);
  }
  if (ids.length > 0) return faultTests.filter((test) => ids.some((id) => sameId(test.id, id)));
  return short ? faultTests.filter((test) => test.short) : faultTests;
}

function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function numberOf(
  name: string,
  text: string | undefined,
  otherwise: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UserError(`${name} is "${text}"; it must be a number from ${least} to ${most}`);
}
