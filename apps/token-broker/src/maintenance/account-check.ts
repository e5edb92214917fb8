import { type Clock, codeOf } from '#libs/core';
import type { Database, Grant } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import { refusal } from '../refusal.js';
import type { Announcer } from '../publish/announcer.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { AccessTokens } from '../tokens/access-tokens.js';
import { callAbout, type VendorAccess } from '../vendor-access.js';

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
/** Reports of services cost the vendor no more than one look at each consent in this time. */
const REPORTED_EVERY_MS = 60_000;
const BATCH = 20;

/**
 * Asks each vendor once a day which accounts a consent still covers: nobody tells us when a customer removes us (Xero has
 * no webhook for it, and refreshes go on working). A service that runs into it reports it, and the look is taken at once. An
 * account that is gone stops, one that is back goes on.
 */
export class AccountCheck {
  constructor(private readonly tools: AccountCheckTools) {}

  /** Checks what is due; of several instances one gets each grant. */
  async run(): Promise<void> {
    const now = this.tools.clock.now();
    for (const grant of await this.tools.database.grants.claimAccountChecks(now - DAY_MS, now, BATCH))
      await this.checkOrPostpone(grant, now);
  }

  /**
   * Looks at once because a vendor told a service that this connection's account is gone. The vendor's list decides, not the
   * report. At most one look a minute per consent, whichever instance is told; giving the consent counts as a look, too. One
   * that fails leaves everything as it is until the next report or the daily look. Answers whether it has looked.
   *
   * @throws LedgerwireError `unknown-connection`, `not-by-consent`, and as {@link AccessTokens.tokenFor}; what the vendor's
   * account list throws.
   */
  async checkReported(connectionId: string): Promise<boolean> {
    const { database, clock, logger } = this.tools;
    const connection = await database.connections.find(connectionId);
    if (!connection) throw refusal('unknown-connection', `there is no connection ${connectionId}`);
    const { grantId, status, vendor } = connection;
    if (grantId === null) throw refusal('not-by-consent', `connection ${connectionId} has API keys`);
    if (status !== 'active') return false;
    const now = clock.now();
    const grant = await database.grants.claimAccountCheck(grantId, now - REPORTED_EVERY_MS, now);
    if (!grant) return false;
    logger.info({ event: 'accounts.reported-gone', grantId, vendor, connectionId });
    await this.check(grant);
    return true;
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
    const accessToken = await accessTokens.tokenOfGrant(grant);
    const listed = await auth.listAccounts(callAbout(grant.grantId, call), accessToken);
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
