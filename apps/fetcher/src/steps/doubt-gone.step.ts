import type { EntityFingerprint } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { FetcherSettings } from '../fetcher-tools.js';
import type { FetchRequest } from './coalesce-notices.step.js';

/**
 * A vendor answers 404 for a moment where what was written has not reached the server that was asked. Unless somebody said that
 * the entity was deleted, or that is known, the first such answers are not believed.
 * @throws LedgerwireError `not-found-yet` (retry), with a wait that doubles.
 */
export function doubtGone(
  request: Pick<FetchRequest, 'deleted'>,
  known: Pick<EntityFingerprint, 'deleted'> | undefined,
  attempt: number,
  { goneTries, goneWaitMs }: Pick<FetcherSettings, 'goneTries' | 'goneWaitMs'>,
): void {
  if (request.deleted || known?.deleted || attempt >= goneTries) return;
  throw new LedgerwireError('the vendor does not have the entity, or does not show it yet', {
    code: 'not-found-yet',
    disposition: 'retry',
    retryAfterMs: goneWaitMs * 2 ** (attempt - 1),
  });
}
