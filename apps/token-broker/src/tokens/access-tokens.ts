import { type Clock, codeOf, digestOf, type LedgerwireError, sleep } from '#libs/core';
import type { ConnectionRow, Database, Grant } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { AccessTokenAnswer, AccessTokenQuestion } from '#libs/vendor-kit';
import type { GrantSecrets } from '../crypto/grant-secrets.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { VendorAccess } from '../vendor-access.js';
import type { RefreshSettings } from './refresh-settings.js';
import type { RefreshResult, TokenRefresher } from './token-refresher.js';
import { refusal } from '../refusal.js';

/** What {@link AccessTokens} works with. */
export interface AccessTokenTools {
  readonly database: Pick<Database, 'connections' | 'grants'>;
  readonly vendors: VendorAccess;
  readonly secrets: GrantSecrets;
  readonly refresher: TokenRefresher;
  readonly clock: Clock;
  readonly settings: RefreshSettings;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
}

/** A token that ends sooner is not handed out: it could end before it is used. */
const MIN_USABLE_MS = 10_000;
/** How exactly the time of last use is known; each note of it is a write. */
const USE_NOTED_EVERY_MS = 300_000;
const MAX_NOTED = 10_000;

/** Hands out access tokens. Refresh tokens never leave this process. */
export class AccessTokens {
  /** When this process last noted the use of a grant: of many reads at once, one writes. */
  private readonly useNoted = new Map<string, number>();

  constructor(private readonly tools: AccessTokenTools) {}

  /**
   * An access token for one connection that is good for some time yet. One that ends soon is still given while it is being
   * replaced, so that callers seldom wait for a vendor.
   *
   * @throws LedgerwireError `unknown-connection`, `connection-disconnected`, `not-by-consent`, `needs-reauthorisation`,
   * or `token-not-ready` (retry, with `retryAfterMs`).
   */
  async tokenFor(connectionId: string, question: AccessTokenQuestion): Promise<AccessTokenAnswer> {
    const connection = await this.tools.database.connections.find(connectionId);
    const vendor = connection?.vendor ?? 'unknown';
    try {
      const grant = await this.grantOf(connection, connectionId);
      await this.markUsed(grant);
      const answer = await this.answer(grant, question);
      this.tools.metrics.read(vendor, 'ok');
      return { ...answer, accountId: connection?.accountId ?? '' };
    } catch (error) {
      this.tools.metrics.read(vendor, codeOf(error));
      throw error;
    }
  }

  /**
   * The grant's access token for our own calls (account checks, subscriptions, disconnecting); with `refused`, one that is newer
   * than the token that the vendor has refused. @throws as {@link tokenFor}.
   */
  async tokenOfGrant(grant: Grant, refused?: string): Promise<string> {
    const question = refused === undefined ? {} : { rejected: true, rejectedDigest: digestOf(refused) };
    return (await this.answer(grant, question)).accessToken;
  }

  /** For ending a consent: its refresh token as it is now, or null when it has none. */
  async refreshTokenForRevocation(grantId: string): Promise<string | null> {
    const grant = await this.tools.database.grants.find(grantId);
    return grant && this.tools.secrets.refreshTokenOf(grant);
  }

  private async grantOf(connection: ConnectionRow | null, connectionId: string): Promise<Grant> {
    if (!connection) throw refusal('unknown-connection', `there is no connection ${connectionId}`);
    if (connection.status === 'disconnected')
      throw refusal('connection-disconnected', `connection ${connectionId} was disconnected`);
    if (connection.grantId === null)
      throw refusal('not-by-consent', `connection ${connectionId} has API keys and no access token`);
    if (connection.status === 'needs-reauthorisation') throw reauthorise(connectionId);
    const grant = await this.tools.database.grants.find(connection.grantId);
    if (!grant || grant.status !== 'active') throw reauthorise(connectionId);
    return grant;
  }

  private async answer(
    grant: Grant,
    question: AccessTokenQuestion,
  ): Promise<Omit<AccessTokenAnswer, 'accountId'>> {
    const { clock, vendors } = this.tools;
    if (this.isRefused(grant, question)) return this.open(await this.refreshed(grant));
    const leftMs = (grant.accessTokenExpiresAt ?? 0) - clock.now();
    const { refreshAheadMs } = vendors.oauth(grant.vendor).auth.lifetimes;
    if (leftMs > refreshAheadMs) return this.open(grant);
    if (leftMs <= Math.min(MIN_USABLE_MS, refreshAheadMs)) return this.open(await this.refreshed(grant));
    this.refreshInBackground(grant);
    return this.open(grant);
  }

  private async markUsed({ grantId, lastUsedAt }: Grant): Promise<void> {
    const now = this.tools.clock.now();
    const noted = Math.max(lastUsedAt ?? 0, this.useNoted.get(grantId) ?? 0);
    if (noted >= now - USE_NOTED_EVERY_MS) return;
    if (this.useNoted.size >= MAX_NOTED) this.useNoted.clear();
    this.useNoted.set(grantId, now);
    await this.tools.database.grants.markUsed(grantId, now, USE_NOTED_EVERY_MS);
  }

  /** Whether the caller was refused with the very token that we hold, and a new one may help. */
  private isRefused(grant: Grant, { rejected, rejectedDigest }: AccessTokenQuestion): boolean {
    if (rejected !== true) return false;
    const { clock, secrets, settings } = this.tools;
    if (clock.now() - grant.refreshedAt < settings.forcedRefreshPauseMs) return false;
    const token = secrets.accessTokenOf(grant);
    return rejectedDigest === undefined || token === null || digestOf(token) === rejectedDigest;
  }

  private open(grant: Grant): Omit<AccessTokenAnswer, 'accountId'> {
    const accessToken = this.tools.secrets.accessTokenOf(grant);
    if (accessToken === null || grant.accessTokenExpiresAt === null) throw reauthorise(grant.grantId);
    return {
      accessToken,
      expiresAt: grant.accessTokenExpiresAt,
    };
  }

  private async refreshed(grant: Grant): Promise<Grant> {
    const { refresher, settings, clock } = this.tools;
    const waiting = new AbortController();
    const tooLong = sleep(clock, settings.waitMs, waiting.signal).then((): RefreshResult => ({
      kind: 'later',
      retryAfterMs: 1_000,
      code: 'refresh-in-progress',
    }));
    // Ends with the race; its rejection on abort is nobody's business.
    tooLong.catch(() => undefined);
    try {
      const result = await Promise.race([refresher.refresh(grant.grantId, grant.version), tooLong]);
      if (result.kind === 'fresh') return result.grant;
      if (result.kind === 'revoked') throw reauthorise(grant.grantId);
      throw refusal('token-not-ready', `no access token at the moment (${result.code})`, result.retryAfterMs);
    } finally {
      waiting.abort();
    }
  }

  private refreshInBackground({ grantId, version, vendor }: Grant): void {
    this.tools.refresher.refresh(grantId, version).catch((error: unknown) => {
      this.tools.logger.error({ event: 'token.refresh-crashed', grantId, vendor, error });
    });
  }
}

function reauthorise(what: string): LedgerwireError {
  return refusal('needs-reauthorisation', `${what} must be authorised again by its owner`);
}
