import { type Clock, codeOf, randomId } from '#libs/core';
import type { ConnectionRow, ConsentResult, Database, StateUse } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import { type TokenSet, type VendorAccount, VendorError } from '#libs/vendor-kit';
import type { GrantSecrets } from '../crypto/grant-secrets.js';
import type { SecretBox, SecretPlace } from '../crypto/secret-box.js';
import type { Announcer } from '../publish/announcer.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import { callAbout, callOf, type OAuthAccess, type VendorAccess } from '../vendor-access.js';
import { callbackPath } from './callback-path.js';
import { codeChallengeOf, digestOfSecret, randomText } from './pkce.js';

/** What {@link ConsentFlow} works with. */
export interface ConsentFlowTools {
  readonly database: Pick<Database, 'oauthStates' | 'consents'>;
  readonly vendors: VendorAccess;
  readonly secrets: GrantSecrets;
  readonly box: SecretBox;
  readonly announcer: Announcer;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Under which browsers reach this service, without trailing slash. */
  readonly publicBaseUrl: string;
}

/** A consent that was begun: send the browser to `authorizeUrl`, with `browserId` in a cookie. */
export interface BegunConsent {
  readonly authorizeUrl: string;
  readonly browserId: string;
}

/** How a consent begins. */
export interface ConsentWish {
  /** Of a browser that was here before. */
  readonly browserId?: string | undefined;
  /** Whether the right to write is asked for too. */
  readonly mayWrite?: boolean;
}

/** What the vendor's redirect brought back. */
export interface ConsentAnswer {
  readonly state: string;
  readonly code: string | undefined;
  /** RFC 6749 section 4.1.2.1. */
  readonly error: string | undefined;
  /** What else the vendor put into the query, e.g. where the account lives. */
  readonly others: Readonly<Record<string, string>>;
}

/** Why a consent led to nothing. */
export type ConsentRefusal =
  | 'state-unknown'
  | 'state-used'
  | 'state-expired'
  | 'state-foreign'
  | 'denied'
  | 'code-refused'
  | 'vendor-failed'
  | 'no-accounts';

/** How a consent ended. */
export type ConsentEnd =
  | {
      readonly kind: 'connected';
      readonly connections: readonly ConnectionRow[];
      /** Names of accounts that another workspace has connected. */
      readonly elsewhere: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: ConsentRefusal };

/** How long somebody may take at the vendor's consent page. */
const STATE_LIFETIME_MS = 15 * 60_000;

/**
 * OAuth 2.0 authorisation code flow with PKCE and a state that is good once, in the browser it began in (RFC 9700 sections
 * 2.1 and 4.7): a link that somebody else began cannot connect their company to this workspace.
 */
export class ConsentFlow {
  constructor(private readonly tools: ConsentFlowTools) {}

  /** @throws LedgerwireError as {@link VendorAccess.oauth}. */
  async begin(vendorId: string, workspaceId: string, wish: ConsentWish = {}): Promise<BegunConsent> {
    const { vendors, database, box, clock } = this.tools;
    const { auth, call } = vendors.oauth(vendorId);
    const [state, codeVerifier] = [randomText(), randomText()];
    const browserId = wish.browserId ?? randomText();
    const stateDigest = digestOfSecret(state);
    await database.oauthStates.begin({
      stateDigest,
      vendor: vendorId,
      workspaceId,
      browserDigest: digestOfSecret(browserId),
      keyId: box.currentKeyId,
      codeVerifier: box.seal(codeVerifier, verifierPlace(stateDigest)),
      createdAt: clock.now(),
      expiresAt: clock.now() + STATE_LIFETIME_MS,
    });
    const authorizeUrl = auth.authorizeUrl({
      baseUrls: call.baseUrls,
      clientId: call.app.clientId,
      redirectUri: this.redirectUri(vendorId),
      state,
      codeChallenge: codeChallengeOf(codeVerifier),
      ...(wish.mayWrite && auth.writeScopes && { extraScopes: auth.writeScopes }),
    });
    return { authorizeUrl, browserId };
  }

  /** Takes the vendor's answer. Refusals of every kind are an end and not an error; errors are ours (the database). */
  async finish(vendorId: string, answer: ConsentAnswer, browserId: string): Promise<ConsentEnd> {
    const access = this.tools.vendors.oauth(vendorId);
    const use = await this.tools.database.oauthStates.use(
      digestOfSecret(answer.state),
      { vendor: vendorId, browserDigest: digestOfSecret(browserId) },
      this.tools.clock.now(),
    );
    const end =
      use.kind === 'fresh' ? await this.redeem(access, use.state, answer) : refused(`state-${use.kind}`);
    const outcome = end.kind === 'connected' ? 'connected' : end.reason;
    this.tools.metrics.consent(vendorId, outcome);
    this.tools.logger.info({ event: 'consent.ended', vendor: vendorId, outcome });
    return end;
  }

  private async redeem(
    access: OAuthAccess,
    state: Extract<StateUse, { kind: 'fresh' }>['state'],
    { code, error, others }: ConsentAnswer,
  ): Promise<ConsentEnd> {
    if (code === undefined || error !== undefined) return refused('denied');
    const { box, clock, database, announcer } = this.tools;
    const codeVerifier = box.open(state.codeVerifier, verifierPlace(state.stateDigest), state.keyId);
    let tokens: TokenSet;
    let accounts: readonly VendorAccount[];
    try {
      const redirectUri = this.redirectUri(state.vendor);
      const grant = { code, redirectUri, codeVerifier, callback: others };
      tokens = await access.auth.exchange(access.call, grant);
      const call = callAbout(state.stateDigest, callOf(access, tokens.settings ?? {}));
      accounts = await access.auth.listAccounts(call, tokens.accessToken);
    } catch (cause) {
      return this.vendorRefusal(state.vendor, cause);
    }
    if (accounts.length === 0) return refused('no-accounts');
    const result = await database.consents.saveConsent(
      this.newGrant(state, tokens),
      accounts.map((account) => newAccount(account, tokens)),
      clock.now(),
    );
    announcer.announceSoon(result.connections.map(({ connectionId }) => connectionId));
    return connected(result);
  }

  private vendorRefusal(vendor: string, error: unknown): ConsentEnd {
    if (!(error instanceof VendorError)) throw error;
    this.tools.logger.warn({ event: 'consent.vendor-failed', vendor, code: codeOf(error), error });
    return refused(error.status !== undefined && error.status < 500 ? 'code-refused' : 'vendor-failed');
  }

  private newGrant(
    { vendor, workspaceId }: { readonly vendor: string; readonly workspaceId: string },
    tokens: TokenSet,
  ): Parameters<Database['consents']['saveConsent']>[0] {
    const { secrets } = this.tools;
    const grantId = randomId();
    return {
      grantId,
      vendor,
      workspaceId,
      keyId: secrets.currentKeyId,
      accessToken: secrets.sealAccessToken(grantId, tokens.accessToken),
      accessTokenExpiresAt: tokens.accessTokenExpiresAt,
      refreshToken:
        tokens.refreshToken === null ? null : secrets.sealRefreshToken(grantId, tokens.refreshToken),
      scopes: [...tokens.scopes],
      settings: { ...tokens.settings },
    };
  }

  private redirectUri(vendorId: string): string {
    return this.tools.publicBaseUrl + callbackPath(vendorId);
  }
}

function newAccount(
  account: VendorAccount,
  tokens: TokenSet,
): Parameters<Database['consents']['saveConsent']>[1][number] {
  const { handle, settings, ...rest } = account;
  return { ...rest, accountHandle: handle, settings: { ...tokens.settings, ...settings } };
}

function connected({ connections, elsewhere }: ConsentResult): ConsentEnd {
  return {
    kind: 'connected',
    connections,
    elsewhere: elsewhere.map(({ displayName, accountId }) => displayName ?? accountId),
  };
}

function refused(reason: ConsentRefusal): ConsentEnd {
  return { kind: 'refused', reason };
}

function verifierPlace(stateDigest: string): SecretPlace {
  return { table: 'oauth_states', row: stateDigest, column: 'code_verifier' };
}
