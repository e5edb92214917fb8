import type { Clock } from '#libs/core';
import type { Environment } from '#libs/platform';

/** Everything outside of the program that a command touches; tests pass their own. */
export interface Surroundings {
  /** Absent: that of the process. */
  readonly environment?: Environment;
  /** Where files are looked for. */
  readonly folder: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Asks for a value, without showing what is typed where it is secret; undefined where nobody can be asked. */
  readonly ask: ((question: string, options: { readonly secret: boolean }) => Promise<string>) | undefined;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
