import { type Clock, systemClock } from '#libs/core';
import { runCli } from '../run-cli.js';
import type { Surroundings } from '../surroundings.js';
import type { ServiceDouble } from './service-double.js';

export const TOKEN = 'operator-token-of-the-spec';

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a test may set. */
export interface RunOptions {
  readonly console?: Pick<ServiceDouble, 'url'>;
  readonly broker?: Pick<ServiceDouble, 'url'>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly ask?: Surroundings['ask'];
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Told of all that is printed so far. */
  readonly onOut?: (text: string) => void;
}

/** Time that passes as soon as somebody waits for it. */
export function hastyClock(): Clock {
  let now = Date.parse('2026-11-21T08:00:00Z');
  return {
    now: () => now,
    after: (delayMs, callback) => {
      const timer = setImmediate(() => {
        now += delayMs;
        callback();
      });
      return () => clearImmediate(timer);
    },
  };
}

/** Runs `ledgerwire` with these words. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let [out, err] = ['', ''];
  const { console, broker, environment, folder = '/nowhere', ask, onOut } = options;
  const code = await runCli(words, {
    environment: {
      ...(console && { LEDGERWIRE_CONSOLE_URL: console.url, LEDGERWIRE_CONSOLE_TOKEN: TOKEN }),
      ...(broker && { LEDGERWIRE_TOKEN_BROKER_URL: broker.url, LEDGERWIRE_OPERATOR_TOKEN: TOKEN }),
      ...environment,
    },
    folder,
    out: (text) => {
      out += text;
      onOut?.(out);
    },
    err: (text) => void (err += text),
    ask,
    clock: options.clock ?? systemClock,
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}
