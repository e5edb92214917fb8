import { type Clock, LedgerwireError } from '#libs/core';
import type { Endpoint } from './endpoint.js';

/** How long before the vendor's own deadline we give up, for the way back and a busy event loop. */
const ANSWER_MARGIN_MS = 1_000;

/** Milliseconds until we must have answered what came in at `receivedAt`. */
export function leftMs(clock: Clock, { webhooks }: Endpoint, receivedAt: number): number {
  return webhooks.deadlineMs - ANSWER_MARGIN_MS - (clock.now() - receivedAt);
}

/** Gives up in time for the vendor to hear it from us. @throws LedgerwireError `deadline` (retry), or what the work throws. */
export function beforeDeadline<T>(
  clock: Clock,
  endpoint: Endpoint,
  receivedAt: number,
  work: Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(leftMs(clock, endpoint, receivedAt), () => {
      reject(unavailable('deadline', 'the vendor would not wait any longer'));
    });
    work.then(resolve, reject).finally(cancel);
  });
}

/** The vendor is to come again. */
export function unavailable(code: string, message: string): LedgerwireError {
  return new LedgerwireError(message, { code, disposition: 'retry' });
}
