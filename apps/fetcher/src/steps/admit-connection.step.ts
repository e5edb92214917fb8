import type { Connection } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { FetcherSettings } from '../fetcher-tools.js';

/** Whether the vendor may be asked now. `drop` = never again for this work. */
export type Admission =
  | { readonly kind: 'go'; readonly connection: Connection }
  | { readonly kind: 'drop'; readonly reason: string; readonly detail: string };

/**
 * Reads from the connection whether its work can go on.
 * @throws LedgerwireError (park) when that may change by itself or by an operator: the connection is paused, must be authorised
 * again, or is not in the table yet.
 */
export function admitConnection(
  connection: Connection | undefined,
  settings: Pick<FetcherSettings, 'connectionWaitMs' | 'unknownConnectionTries'>,
  attempt: number,
): Admission {
  switch (connection?.status) {
    case 'active':
      return { kind: 'go', connection };
    case 'disconnected':
      return {
        kind: 'drop',
        reason: 'disconnected',
        detail: 'The connection was removed; its books are not read any more',
      };
    case undefined:
      if (attempt >= settings.unknownConnectionTries)
        return { kind: 'drop', reason: 'unknown-connection', detail: 'No connection has this id' };
      throw waiting('unknown-connection', 'the connection is not known (yet)', 5_000);
    case 'paused':
      throw waiting('paused', 'the connection is paused', settings.connectionWaitMs);
    default:
      throw waiting(
        'needs-reauthorisation',
        'the connection must be authorised again',
        settings.connectionWaitMs,
      );
  }
}

function waiting(code: string, message: string, retryAfterMs: number): LedgerwireError {
  return new LedgerwireError(message, { code, disposition: 'park', retryAfterMs });
}
