import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Secret } from '#libs/platform';
import { CliError } from '../cli-error.js';
import type { Address } from './addresses.js';

/** What a running `npm start` tells of itself. */
export interface RunningStart {
  readonly console: Address | undefined;
  readonly broker: Address | undefined;
  readonly ingressUrl: string | undefined;
}

const FOLDER = '.ledgerwire';
const runFile = z.object({ urls: z.record(z.string(), z.string()) });
const secretsFile = z.object({ consoleToken: z.string().min(1).optional() });
const sandboxFile = z.object({ consoleUrl: z.string(), consoleToken: z.string(), ingressUrl: z.string() });

/**
 * Looks for `.ledgerwire` in a folder and those above it. `run.json` is there while a start runs, `secrets.json` has the token of
 * both operator APIs; `sandbox.json` serves where only that one was handed on.
 * @throws CliError when a file is not what `npm start` writes.
 */
export function findRunningStart(folder: string): RunningStart | undefined {
  for (let here = folder; ; here = dirname(here)) {
    const found = readStart(join(here, FOLDER));
    if (found || dirname(here) === here) return found;
  }
}

function readStart(folder: string): RunningStart | undefined {
  const run = readJson(join(folder, 'run.json'), runFile);
  const token = readJson(join(folder, 'secrets.json'), secretsFile)?.consoleToken;
  const sandbox = readJson(join(folder, 'sandbox.json'), sandboxFile);
  if (run && token !== undefined) {
    const addressOf = (name: string): Address | undefined => {
      const url = run.urls[name];
      return url === undefined
        ? undefined
        : { url, token: new Secret(token), source: join(folder, 'run.json') };
    };
    return {
      console: addressOf('console'),
      broker: addressOf('token-broker'),
      ingressUrl: run.urls['ingress'],
    };
  }
  if (!sandbox) return undefined;
  const source = join(folder, 'sandbox.json');
  return {
    console: { url: sandbox.consoleUrl, token: new Secret(sandbox.consoleToken), source },
    broker: undefined,
    ingressUrl: sandbox.ingressUrl,
  };
}

function readJson<T extends z.ZodType>(file: string, schema: T): z.output<T> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // Somebody else's start, whose files are their own, is none that we could use.
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'EACCES', 'ENOTDIR'].includes(String(error.code))
    )
      return undefined;
    throw error;
  }
  const parsed = schema.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data;
  throw new CliError(
    `${file} is not in the form that "npm start" writes. Stop it, delete the file and start again.`,
  );
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
