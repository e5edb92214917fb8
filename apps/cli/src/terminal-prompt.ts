import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { Surroundings } from './surroundings.js';

/** Asks at the terminal; undefined when there is nobody at the keyboard. What is secret is not shown while it is typed. */
export function terminalPrompt(
  input: ReadStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Surroundings['ask'] {
  if (!input.isTTY) return undefined;
  return async (question, { secret }) => {
    output.write(question);
    // readline repeats what is typed to its output; for a secret it gets one that keeps nothing.
    const echo = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
    const lines = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    try {
      return (await lines.question('', { signal })).trim();
    } finally {
      lines.close();
      if (secret) output.write('\n');
    }
  };
}
