import { parseArgs } from 'node:util';
import { UserError } from '../lib/user-error.ts';

export const benchNames = ['ingress', 'pipeline', 'latency', 'state'] as const;
export type BenchName = (typeof benchNames)[number];

/** How much is measured. */
export interface BenchSize {
  readonly only: readonly BenchName[];
  readonly rounds: number;
  /** Rounds before the first that counts: code is compiled and connections are opened in them. */
  readonly warmUps: number;
  /** How long one side of one round lasts, about. */
  readonly seconds: number;
  /** Tenants over which the events are spread, so that no limit of a single one is what is measured. */
  readonly organisations: number;
}

/** What `npm run bench` was asked for. */
export interface BenchArguments extends BenchSize {
  readonly json: boolean;
  readonly profile: boolean;
}

/**
 * Reads the command line of `npm run bench`.
 *
 * @throws UserError for an unknown option or value.
 */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
      },
    });
    return {
      only: benchesOf(values.only),
      warmUps: 2,
      organisations: 50,
      rounds: wholeNumber('--rounds', values.rounds, 50),
      seconds: wholeNumber('--seconds', values.seconds, 60),
      json: values.json,
      profile: values.profile,
    };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(`${message}. "npm run bench -- --help" lists the options.`);
  }
}

function benchesOf(texts: readonly string[]): BenchName[] {
  const names = texts.flatMap((text) => text.split(','));
  for (const name of names) {
    if (!benchNames.some((known) => known === name))
      throw new UserError(`--only: there is no bench "${name}". There are: ${benchNames.join(', ')}`);
  }
  return benchNames.filter((name) => names.length === 0 || names.includes(name));
}

function wholeNumber(option: string, text: string, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= highest) return value;
  throw new UserError(`${option} must be a whole number from 1 to ${highest}, not "${text}"`);
}
