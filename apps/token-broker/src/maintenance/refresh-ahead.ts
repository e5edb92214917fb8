import type { Clock } from '#libs/core';
import type { Database, Grant } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { TokenRefresher } from '../tokens/token-refresher.js';
import type { OAuthAccess, VendorAccess } from '../vendor-access.js';

/** What {@link RefreshAhead} works with. */
export interface RefreshAheadTools {
  readonly database: Pick<Database, 'grants'>;
  readonly vendors: VendorAccess;
  readonly refresher: TokenRefresher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Refreshes side by side, per vendor and look. */
const BATCH = 20;
/** A grant counts as in use when somebody asked within so many lifetimes of its access token. */
const LIFETIMES_IN_USE = 2;

/**
 * Refreshes before anybody has to wait for it: grants in use shortly before their token ends, and idle ones often enough
 * for the vendor to keep them (Xero ends a consent after 60 days without a refresh).
 */
export class RefreshAhead {
  constructor(private readonly tools: RefreshAheadTools) {}

  async run(): Promise<void> {
    for (const access of this.tools.vendors.oauthVendors()) {
      const due = await this.due(access);
      await Promise.all(due.map((grant) => this.refresh(grant)));
    }
  }

  private due({ vendor, auth }: OAuthAccess): Promise<readonly Grant[]> {
    const now = this.tools.clock.now();
    const { refreshAheadMs, accessTokenMs, keepAliveMs } = auth.lifetimes;
    return this.tools.database.grants.dueForRefresh({
      vendor: vendor.manifest.id,
      now,
      expiringBefore: now + refreshAheadMs,
      usedSince: now - accessTokenMs * LIFETIMES_IN_USE,
      idleBefore: keepAliveMs === null ? null : now - keepAliveMs,
      limit: BATCH,
    });
  }

  private async refresh({ grantId, version, vendor }: Grant): Promise<void> {
    try {
      await this.tools.refresher.refresh(grantId, version);
    } catch (error) {
      this.tools.logger.error({ event: 'token.refresh-crashed', grantId, vendor, error });
    }
  }
}
