import { type Clock, codeOf, fullJitterBackoff, LedgerwireError, type Random, sleep } from '#libs/core';
import type { Database, Grant, SealedTokens } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { FaultPoints, TokenSet } from '#libs/vendor-kit';
import type { GrantSecrets } from '../crypto/grant-secrets.js';
import type { RefreshOutcome, TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { OAuthAccess, VendorAccess } from '../vendor-access.js';
import type { Announcer, RefreshNews } from '../publish/announcer.js';
import type { RefreshSettings } from './refresh-settings.js';

/** What a refresh works with. */
export interface RefreshTools {
  readonly database: Pick<Database, 'grants' | 'authorisations'>;
  readonly vendors: VendorAccess;
  readonly secrets: GrantSecrets;
  readonly announcer: Pick<Announcer, 'announceSoon' | 'tellSoon'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: RefreshSettings;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
  /** `refresh.leased`, `refresh.answered` (the vendor has rotated, nothing is stored), `refresh.stored`. */
  readonly faultPoints: FaultPoints;
}

/** How one attempt ended. */
export type AttemptResult =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'later'; readonly retryAfterMs: number; readonly code: string };

/** Tokens the vendor gave, and with which refresh token. */
interface Answer {
  readonly tokens: TokenSet;
  readonly presented: string;
  readonly former: boolean;
}

const STORE_RETRY = { baseMs: 200, capMs: 5_000 };
/** What the trail says when a failing spell begins. */
const FAILING_BECAUSE: Readonly<Record<keyof RefreshSettings['backoff'], string>> = {
  transient: 'The vendor gave no new access token; that mostly passes by itself',
  refused: 'The vendor refuses the refresh token; it is believed only when its time of grace is over',
  misconfigured: 'The vendor refuses our own credentials or scopes; an operator must look at them',
};
/** For `classifyRefreshFailure`: so long that no grace is left, so that the answer says what kind of refusal it is. */
const BEYOND_GRACE = { triedForMs: Number.MAX_SAFE_INTEGER, graceMs: 0 };

/**
 * One refresh of one grant by the holder of its lease. The vendor is asked without any transaction open; its answer is
 * stored, by version, before anybody gets to see it. A refusal is believed only when nobody has stored newer tokens, the
 * former refresh token does not help either, and the vendor's grace is over.
 */
export class RefreshAttempt {
  private readonly access: OAuthAccess;
  private readonly startedAt: number;

  constructor(
    private readonly tools: RefreshTools,
    private readonly grant: Grant,
    private readonly owner: string,
  ) {
    this.access = tools.vendors.oauthOf(grant);
    this.startedAt = tools.clock.now();
  }

  async run(): Promise<AttemptResult> {
    const refreshToken = this.tools.secrets.refreshTokenOf(this.grant);
    // Consent without the right to refresh: what it gave has ended.
    if (refreshToken === null) return this.suspend();
    await this.tools.faultPoints.hit('refresh.leased');
    let answer: Answer;
    try {
      answer = await this.present(refreshToken, false);
    } catch (error) {
      return this.afterFailure(error);
    }
    return this.keep(answer);
  }

  private async present(refreshToken: string, former: boolean): Promise<Answer> {
    const { auth, call } = this.access;
    return { tokens: await auth.refresh(call, refreshToken), presented: refreshToken, former };
  }

  /** Stores what the vendor gave. Until that has happened the only copy of a rotated token is in this process. */
  private async keep(answer: Answer): Promise<AttemptResult> {
    await this.tools.faultPoints.hit('refresh.answered');
    const sealed = this.seal(answer);
    const stored = await this.storeWithPatience(sealed, answer);
    await this.tools.faultPoints.hit('refresh.stored');
    if (stored && this.grant.failures > 0) this.tell({ status: 'refresh-recovered' });
    this.note(stored ? (answer.former ? 'refreshed-with-former' : 'refreshed') : 'superseded');
    return { kind: 'fresh' };
  }

  private seal({ tokens, presented }: Answer): SealedTokens {
    const { secrets, clock } = this.tools;
    const { grantId } = this.grant;
    const refreshToken = tokens.refreshToken ?? presented;
    const { refreshGraceMs } = this.access.auth.lifetimes;
    const keepFormer = refreshGraceMs > 0 && refreshToken !== presented;
    return {
      keyId: secrets.currentKeyId,
      accessToken: secrets.sealAccessToken(grantId, tokens.accessToken),
      accessTokenExpiresAt: tokens.accessTokenExpiresAt,
      refreshToken: secrets.sealRefreshToken(grantId, refreshToken),
      previousRefreshToken: keepFormer ? secrets.sealPreviousRefreshToken(grantId, presented) : null,
      previousUsableUntil: keepFormer ? clock.now() + refreshGraceMs : null,
      scopes: [...tokens.scopes],
      settings: { ...this.grant.settings, ...tokens.settings },
    };
  }

  private async storeWithPatience(sealed: SealedTokens, answer: Answer): Promise<boolean> {
    const { clock, random, settings } = this.tools;
    const deadline = clock.now() + settings.storePatienceMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.store(sealed, answer);
      } catch (error) {
        if (clock.now() >= deadline) throw error;
        this.tools.logger.warn({ event: 'token.store-failed', ...this.ids(), attempt, error });
        await sleep(clock, fullJitterBackoff(STORE_RETRY, attempt, random));
      }
    }
  }

  /** False = newer tokens are there already; then ours stay at hand as the ones to fall back on. */
  private async store(sealed: SealedTokens, { tokens }: Answer): Promise<boolean> {
    const { database, clock, secrets } = this.tools;
    const { grantId, version } = this.grant;
    if (await database.grants.storeTokens(grantId, version, sealed, clock.now())) return true;
    if (await this.revive(sealed)) return true;
    const stored = await database.grants.find(grantId);
    if (!stored || stored.status === 'ended') return false;
    // An earlier try of ours may have been stored although its answer was lost.
    if (secrets.accessTokenOf(stored) === tokens.accessToken) return true;
    if (tokens.refreshToken !== null && sealed.previousUsableUntil !== null) {
      await database.grants.keepFallback(grantId, stored.version, {
        keyId: sealed.keyId,
        refreshToken: secrets.sealPreviousRefreshToken(grantId, tokens.refreshToken),
        usableUntil: sealed.previousUsableUntil,
      });
    }
    return false;
  }

  /** Somebody else gave the consent up while we waited for the answer; that we have one proves him wrong. */
  private async revive(sealed: SealedTokens): Promise<boolean> {
    const { database, clock, announcer, logger } = this.tools;
    const { grantId, version } = this.grant;
    const restored = await database.authorisations.reviveGrant(grantId, version, sealed, clock.now());
    if (restored === null) return false;
    const connectionIds = restored.map(({ connectionId }) => connectionId);
    logger.warn({ event: 'token.revived', ...this.ids(), connectionIds });
    announcer.announceSoon(connectionIds);
    return true;
  }

  private async afterFailure(error: unknown): Promise<AttemptResult> {
    const { auth } = this.access;
    const kind = auth.classifyRefreshFailure(error, BEYOND_GRACE);
    if (kind !== 'revoked') return this.backOff(error, kind);
    if (await this.isOutdated()) {
      this.note('superseded');
      return { kind: 'fresh' };
    }
    const rescued = await this.tryFormer();
    if (rescued) return this.keep(rescued);
    return this.isFinal(error) ? this.suspend() : this.backOff(error, 'refused');
  }

  /** Whether somebody has stored other tokens since ours were read. */
  private async isOutdated(): Promise<boolean> {
    const stored = await this.tools.database.grants.find(this.grant.grantId);
    return stored !== null && stored.status === 'active' && stored.version !== this.grant.version;
  }

  private async tryFormer(): Promise<Answer | null> {
    const { secrets, clock } = this.tools;
    const former = secrets.previousRefreshTokenOf(this.grant);
    if (former === null || (this.grant.previousUsableUntil ?? 0) <= clock.now()) return null;
    try {
      return await this.present(former, true);
    } catch (error) {
      this.tools.logger.info({ event: 'token.former-refused', ...this.ids(), code: codeOf(error) });
      return null;
    }
  }

  private firstRefusal(): number {
    return this.grant.refusedAt ?? this.tools.clock.now();
  }

  private isFinal(error: unknown): boolean {
    const { clock, settings } = this.tools;
    const { auth } = this.access;
    const { refreshGraceMs: graceMs } = auth.lifetimes;
    const triedForMs = clock.now() - (this.grant.presentedAt ?? clock.now());
    if (auth.classifyRefreshFailure(error, { triedForMs, graceMs }) !== 'revoked') return false;
    return graceMs === 0 || clock.now() - this.firstRefusal() >= Math.min(settings.confirmRefusalMs, graceMs);
  }

  private async suspend(): Promise<AttemptResult> {
    const { database, clock, announcer, metrics, logger } = this.tools;
    const { grantId, version, vendor } = this.grant;
    const verdict = { version, owner: this.owner };
    const suspension = await database.authorisations.suspendGrant(grantId, verdict, clock.now());
    if (suspension === null) {
      this.note('superseded');
      return { kind: 'fresh' };
    }
    if (suspension.alertRaised) metrics.alert(vendor, 'grant-revoked');
    this.note('revoked');
    const connectionIds = suspension.connections.map(({ connectionId }) => connectionId);
    logger.warn({ event: 'token.needs-reauthorisation', ...this.ids(), connectionIds });
    announcer.announceSoon(connectionIds);
    return { kind: 'revoked' };
  }

  private async backOff(error: unknown, kind: keyof RefreshSettings['backoff']): Promise<AttemptResult> {
    const { clock, random, settings, database, logger } = this.tools;
    const { grantId, version } = this.grant;
    const failures = this.grant.failures + 1;
    const policy = settings.backoff[kind];
    const asked = error instanceof LedgerwireError ? (error.retryAfterMs ?? 0) : 0;
    const retryAfterMs = Math.max(asked, policy.baseMs, fullJitterBackoff(policy, failures, random));
    const retryAt = clock.now() + retryAfterMs;
    await database.grants.recordFailure(
      grantId,
      { version, owner: this.owner },
      {
        failures,
        retryAt,
        refusedAt: kind === 'refused' ? this.firstRefusal() : this.grant.refusedAt,
      },
    );
    if (failures === 1)
      this.tell({ status: 'refresh-failing', detail: FAILING_BECAUSE[kind], nextTryAt: retryAt });
    const line = { event: 'token.refresh-failed', ...this.ids(), kind, failures, retryAfterMs, error };
    logger[kind === 'misconfigured' ? 'error' : 'warn'](line);
    this.note(kind);
    return { kind: 'later', retryAfterMs, code: `refresh-${kind}` };
  }

  private tell(news: Pick<RefreshNews, 'status' | 'detail' | 'nextTryAt'>): void {
    const { announcer, clock } = this.tools;
    const { grantId, version } = this.grant;
    announcer.tellSoon({ grantId, version, at: clock.now(), ...news });
  }

  private note(outcome: RefreshOutcome): void {
    const durationMs = this.tools.clock.now() - this.startedAt;
    this.tools.metrics.refreshed(this.grant.vendor, outcome, durationMs);
    this.tools.logger.info({ event: 'token.refresh', ...this.ids(), outcome, durationMs });
  }

  private ids(): { grantId: string; vendor: string; version: number } {
    const { grantId, vendor, version } = this.grant;
    return { grantId, vendor, version };
  }
}
