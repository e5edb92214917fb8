import { type Clock, dispositionOf, LedgerwireError, sleep } from '#libs/core';

/** How long to wait for a dependency and how to tell of it. */
export interface Waiting {
  readonly clock: Clock;
  readonly limitMs: number;
  /** Called when something does not answer, at most every few seconds. */
  readonly say: (message: string) => void;
}

const PAUSE_MS = 500;
const SAY_EVERY_MS = 5_000;

/**
 * Tries until it works. Only errors with disposition `retry` are worth a wait; any other is final at once.
 * @throws the last error, with the time that was waited, when it still does not work after the limit.
 */
export async function whenReady<T>(name: string, waiting: Waiting, attempt: () => Promise<T>): Promise<T> {
  const { clock, limitMs, say } = waiting;
  const startedAt = clock.now();
  let saidAt = -Infinity;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const waitedMs = clock.now() - startedAt;
      if (dispositionOf(error) !== 'retry') throw error;
      if (waitedMs >= limitMs) throw gaveUp(name, waitedMs, error);
      if (clock.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = clock.now();
        say(
          `waiting for ${name} (${Math.round(waitedMs / 1_000)} of ${Math.round(limitMs / 1_000)} s): ${textOf(error)}`,
        );
      }
      await sleep(clock, PAUSE_MS);
    }
  }
}

function gaveUp(name: string, waitedMs: number, cause: unknown): LedgerwireError {
  return new LedgerwireError(
    `${name} did not answer for ${Math.round(waitedMs / 1_000)} s: ${textOf(cause)}`,
    {
      code: 'dependency-unavailable',
      disposition: 'halt',
      cause,
    },
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
