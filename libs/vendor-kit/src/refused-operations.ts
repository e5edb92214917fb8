import type { Clock } from '#libs/core';
import { LruMap } from './lru-map.js';

const REMEMBERED_MS = 60 * 60_000;
/** Of all connections together. */
const MAX_REMEMBERED = 10_000;

/** What a connection wanted to do. */
interface AskedOperation {
  readonly connectionId: string;
  readonly operation: string;
}

/**
 * Operations that a vendor refuses to a connection with 401 although its token had just been renewed: the token is good, and a
 * scope, role or plan is lacking. Vendors do not tell the two apart, and to renew the token at each such refusal would
 * use up what they give of tokens. Remembered for an hour, or until the operation succeeds.
 */
export class RefusedOperations {
  private readonly until = new LruMap<string, number>(MAX_REMEMBERED);

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /**
   * Whether a 401 is not the token's fault. `refusedBefore` is the token that the same call was refused with just before; keys have
   * no `token`, for nobody renews them.
   */
  isForbidden(asked: AskedOperation, token: string | undefined, refusedBefore: string | undefined): boolean {
    if (token === undefined) return false;
    const now = this.clock.now();
    if (refusedBefore !== undefined && refusedBefore !== token)
      this.until.set(keyOf(asked), now + REMEMBERED_MS);
    return (this.until.get(keyOf(asked)) ?? now) > now;
  }

  /** The operation went well. */
  forget(asked: AskedOperation): void {
    this.until.delete(keyOf(asked));
  }
}

function keyOf({ connectionId, operation }: AskedOperation): string {
  return `${connectionId}/${operation}`;
}
