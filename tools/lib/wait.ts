import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from './user-error.ts';

/** What `waitFor` was waiting for did not come in time. */
export class WaitTimeoutError extends UserError {}

export interface WaitOptions {
  /** Used in the error: "<what> did not happen within 30 s". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Pause between two tries; 50 ms unless given. */
  readonly intervalMs?: number;
  /** Throws to give up early, for instance because the process that is waited for has ended. */
  readonly abortIf?: () => void;
}

/**
 * Asks again and again until the answer is true.
 *
 * @throws WaitTimeoutError when `timeoutMs` is over; whatever `abortIf` throws; whatever `ready` throws.
 */
export async function waitFor(ready: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.abortIf?.();
    if (await ready()) return;
    if (performance.now() >= deadline) {
      throw new WaitTimeoutError(`${options.what} did not happen within ${options.timeoutMs / 1000} s`);
    }
    await delay(options.intervalMs ?? 50);
  }
}

/**
 * Waits until all have ended, also when one of them fails, so that nothing is still under way when the failure is handled.
 *
 * @throws what the first one that failed threw.
 */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
