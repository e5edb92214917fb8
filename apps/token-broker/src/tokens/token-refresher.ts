import { randomId, sleep } from '#libs/core';
import type { Grant } from '#libs/persistence';
import { LeaseKeeper } from './lease-keeper.js';
import { type AttemptResult, RefreshAttempt, type RefreshTools } from './refresh-attempt.js';

/** What a caller gets to know of a refresh; `fresh` comes with the grant as it is stored now. */
export type RefreshResult =
  { readonly kind: 'fresh'; readonly grant: Grant } | Exclude<AttemptResult, { readonly kind: 'fresh' }>;

/**
 * Refreshes grants, each one at a time: inside the process callers share a flight, across processes a lease in the
 * grant's row decides. Whoever does not get the lease waits for its holder's result instead of asking the vendor too.
 */
export class TokenRefresher {
  private readonly flights = new Map<string, Promise<RefreshResult>>();

  constructor(private readonly tools: RefreshTools) {}

  /**
   * Replaces the tokens of a grant that are at `version`, or finds that somebody has. May take as long as the vendor
   * takes. Rejects with what the database throws, and with `unknown-master-key` and its kind.
   */
  refresh(grantId: string, version: number): Promise<RefreshResult> {
    const key = `${grantId}@${version}`;
    const current = this.flights.get(key);
    if (current) return current;
    const flight = this.fly(grantId, version).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /** Resolves when no refresh is under way: a rotated token must not be lost to a shutdown. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.flights.values());
  }

  private async fly(grantId: string, version: number): Promise<RefreshResult> {
    const { clock, database, settings } = this.tools;
    const deadline = clock.now() + settings.waitMs;
    for (;;) {
      const grant = await database.grants.find(grantId);
      const known = this.resultFrom(grant, version);
      if (known) return known;
      const owner = randomId();
      const lease = { owner, leaseMs: settings.leaseMs, now: clock.now() };
      const leased = await database.grants.acquireLease(grantId, version, lease);
      if (leased) return this.refreshUnderLease(leased, owner);
      if (clock.now() >= deadline)
        return { kind: 'later', retryAfterMs: settings.pollMs, code: 'refresh-in-progress' };
      await sleep(clock, settings.pollMs);
    }
  }

  /** What the stored grant says already, without asking the vendor. */
  private resultFrom(grant: Grant | null, version: number): RefreshResult | null {
    if (!grant || grant.status !== 'active') return { kind: 'revoked' };
    if (grant.version !== version) return { kind: 'fresh', grant };
    const retryAfterMs = (grant.retryAt ?? 0) - this.tools.clock.now();
    return retryAfterMs > 0 ? { kind: 'later', retryAfterMs, code: 'refresh-backing-off' } : null;
  }

  private async refreshUnderLease(leased: Grant, owner: string): Promise<RefreshResult> {
    const { database, clock, settings } = this.tools;
    const { grantId } = leased;
    const keeper = new LeaseKeeper(database.grants, clock, { grantId, owner, leaseMs: settings.leaseMs });
    let result: AttemptResult;
    try {
      result = await new RefreshAttempt(this.tools, leased, owner).run();
    } finally {
      await keeper.release();
    }
    if (result.kind !== 'fresh') return result;
    const grant = await database.grants.find(grantId);
    return grant && grant.status === 'active' ? { kind: 'fresh', grant } : { kind: 'revoked' };
  }
}
