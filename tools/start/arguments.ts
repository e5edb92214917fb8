import { parseArgs } from 'node:util';
import { UserError } from '../lib/user-error.ts';
import { parseScale, type Scale } from './layout.ts';

export interface StartArguments {
  /** Plays the sandbox scenario and exits. */
  readonly once: boolean;
  /** Throws the data of earlier starts away. */
  readonly fresh: boolean;
  /** Lets apt fetch what is missing. */
  readonly install: boolean;
  /** Prints for programs: one JSON object on standard output. */
  readonly json: boolean;
  readonly scale: Scale;
}

/**
 * Reads the command line of `npm start`.
 *
 * @throws UserError for an unknown option or value.
 */
export function parseStartArguments(args: readonly string[]): StartArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        install: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        scale: { type: 'string', multiple: true, default: [] },
      },
    });
    const { scale, ...flags } = values;
    return { ...flags, scale: parseScale(scale) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(`${message}. "npm start -- --help" lists the options.`);
  }
}
