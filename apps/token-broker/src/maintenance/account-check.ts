import { type Clock, codeOf } from '#libs/core';
import type { Database, Grant } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { Announcer } from '../publish/announcer.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { AccessTokens } from '../tokens/access-tokens.js';
import type { VendorAccess } from '../vendor-access.js';

/** What {@link AccountCheck} works with. */
export interface AccountCheckTools {
  readonly database: Pick<Database, 'grants' | 'connections' | 'authorisations'>;
  readonly vendors: VendorAccess;
  readonly accessTokens: AccessTokens;
  readonly announcer: Announcer;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;
/** A check that failed is tried again after this. */
const RETRY_MS = 3_600_000;
const BATCH = 20;

/**
 * Asks each vendor once a day which accounts a consent still covers: nobody tells us when a customer removes us (Xero has
 * no webhook for it, and refreshes go on working). An account that is gone stops, one that is back goes on.
 */
export class AccountCheck {
  constructor(private readonly tools: AccountCheckTools) {}

  /** Checks what is due; of several instances one gets each grant. */
  async run(): Promise<void> {
    const now = this.tools.clock.now();
    for (const grant of await this.tools.database.grants.claimAccountChecks(now - DAY_MS, now, BATCH))
      await this.checkOrPostpone(grant, now);
  }

  private async checkOrPostpone(grant: Grant, now: number): Promise<void> {
    const { database, logger } = this.tools;
    const { grantId, vendor } = grant;
    try {
      await this.check(grant);
    } catch (error) {
      logger.warn({ event: 'accounts.check-failed', grantId, vendor, code: codeOf(error), error });
      await database.grants.postponeAccountCheck(grantId, now - DAY_MS + RETRY_MS);
    }
  }

  private async check(grant: Grant): Promise<void> {
    const { database, vendors, accessTokens, announcer, clock, metrics, logger } = this.tools;
    const { auth, call } = vendors.oauthOf(grant);
    const listed = await auth.listAccounts(call, await accessTokens.tokenOfGrant(grant));
    const there = new Set(listed.map(({ accountId }) => accountId));
    const connections = await database.connections.listOfGrant(grant.grantId);
    const idsOf = (present: boolean): string[] =>
      connections
        .filter(({ accountId }) => there.has(accountId) === present)
        .map(({ connectionId }) => connectionId);
    const { connections: stopped, alertRaised } = await database.authorisations.suspendAccounts(
      idsOf(false),
      clock.now(),
    );
    const restored = await database.authorisations.restoreAccounts(idsOf(true), clock.now());
    if (alertRaised) metrics.alert(grant.vendor, 'account-vanished');
    const changed = [...stopped, ...restored].map(({ connectionId, status }) => ({ connectionId, status }));
    if (changed.length === 0) return;
    logger.warn({ event: 'accounts.changed', grantId: grant.grantId, vendor: grant.vendor, changed });
    announcer.announceSoon(changed.map(({ connectionId }) => connectionId));
  }
}
