import type { z } from 'zod';
import type { AuthCall, BaseUrls } from './call.js';

/**
 * One account that a consent or key gives access to. What the vendor does not say is null, never a default: what is known of the
 * account already, or was entered by an operator, then stays.
 */
export interface VendorAccount {
  /** The vendor's id of the account; becomes `Connection.accountId`. */
  readonly accountId: string;
  readonly displayName: string | null;
  /** IANA zone, e.g. `Pacific/Auckland`. */
  readonly timeZone: string | null;
  /** ISO 3166 alpha-2. */
  readonly country: string | null;
  /** ISO 4217 base currency. */
  readonly currency: string | null;
  /** What {@link OAuth2Auth.disconnectAccount} needs, e.g. Xero's connection id. */
  readonly handle: string | null;
  /** Settings of this account that the vendor tells (its plan); they go into `Connection.settings`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What a token endpoint answered. */
export interface TokenSet {
  readonly accessToken: string;
  /** Epoch milliseconds, counted from the moment the request was sent, so that it is never too late. */
  readonly accessTokenExpiresAt: number;
  /** Null when the vendor keeps the former one. */
  readonly refreshToken: string | null;
  /** Scopes that were granted, as the vendor writes them. */
  readonly scopes: readonly string[];
  /** Settings that came with the token (Zoho's `api_domain`); they go into `Connection.settings`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Lifetimes in milliseconds, from the vendor's documentation. */
export interface TokenLifetimes {
  readonly accessTokenMs: number;
  /** Since last use; null = does not end. */
  readonly refreshTokenMs: number | null;
  /** How long the former refresh token still works after a rotation (a lost answer can be asked for again). 0 = not at all. */
  readonly refreshGraceMs: number;
  /** How long before its expiry an access token is replaced. */
  readonly refreshAheadMs: number;
  /** An unused connection is refreshed this often to keep it alive; null = not needed. */
  readonly keepAliveMs: number | null;
  readonly authorizationCodeMs: number;
}

/**
 * How a failed refresh is to be understood:
 * - `revoked`: the customer must authorise again.
 * - `transient`: try again later with the same refresh token; it may still work.
 * - `misconfigured`: our app's own credentials or scopes are wrong; an operator must act, the customer need not.
 */
export type TokenFailure = 'revoked' | 'transient' | 'misconfigured';

/** OAuth 2.0 authorisation code flow with PKCE (RFC 6749, RFC 7636) as one vendor does it. */
export interface OAuth2Auth {
  readonly kind: 'oauth2';
  readonly scopes: readonly string[];
  /** Asked for in addition where an operator's link says that Ledgerwire may write; absent: nothing is ever written. */
  readonly writeScopes?: readonly string[];
  readonly lifetimes: TokenLifetimes;
  /** `grant`: one token set serves all accounts of the consent (Xero); `account`: one each. */
  readonly tokenScope: 'grant' | 'account';

  /** Where to send the customer's browser. `codeChallenge` is the S256 form of the verifier. */
  authorizeUrl(request: {
    readonly baseUrls: BaseUrls;
    readonly clientId: string;
    readonly redirectUri: string;
    readonly state: string;
    readonly codeChallenge: string;
    /** To be asked for besides `scopes`: none or all of `writeScopes`. */
    readonly extraScopes?: readonly string[];
  }): string;
  /** Redeems the code of the callback. @throws VendorError */
  exchange(
    call: AuthCall,
    grant: {
      readonly code: string;
      readonly redirectUri: string;
      readonly codeVerifier: string;
      /** The other query parameters of the callback (Zoho's `accounts-server`); from the browser, so not to be trusted. */
      readonly callback: Readonly<Record<string, string>>;
    },
  ): Promise<TokenSet>;
  /** Asks for a new access token. The answer must be stored before it is used. @throws VendorError */
  refresh(call: AuthCall, refreshToken: string): Promise<TokenSet>;
  /** Ends the whole grant at the vendor. @throws VendorError */
  revoke(call: AuthCall, refreshToken: string): Promise<void>;
  /** Accounts that this consent (not an earlier one of the same user) gives access to. @throws VendorError */
  listAccounts(call: AuthCall, accessToken: string): Promise<readonly VendorAccount[]>;
  /** Takes one account out of the grant. @throws VendorError */
  disconnectAccount?(call: AuthCall, accessToken: string, handle: string): Promise<void>;
  /**
   * Classifies what {@link refresh} threw. `triedForMs` is the time since this refresh token was first presented: only
   * when `invalid_grant` still comes after `graceMs` (normally `lifetimes.refreshGraceMs`) is the grant `revoked`.
   */
  classifyRefreshFailure(
    error: unknown,
    trial: { readonly triedForMs: number; readonly graceMs: number },
  ): TokenFailure;
  /** Headers that authenticate one API request for one account. */
  requestHeaders(accessToken: string, accountId: string): Readonly<Record<string, string>>;
}

/** Credentials of an ApiKey vendor, by field name. Only token-broker holds all of them. */
export type ApiKeyCredentials = Readonly<Record<string, string>>;

/** One field of the form in which an operator enters credentials. */
export interface CredentialField {
  readonly name: string;
  readonly label: string;
  readonly required: boolean;
  /** Secrets are stored encrypted and never shown again. */
  readonly secret: boolean;
  /** `account` names the account, `sending` goes to services that call the vendor, `verification` only to ingress. */
  readonly purposes: readonly ('account' | 'sending' | 'verification')[];
  readonly help: string;
}

/** Long-lived keys instead of OAuth. */
export interface ApiKeyAuth {
  readonly kind: 'api-key';
  readonly fields: readonly CredentialField[];
  /** Checks a whole set, relations between fields included; its issues name fields, never values. */
  readonly schema: z.ZodType<ApiKeyCredentials>;
  /** The vendor's id of the account; becomes `Connection.accountId`. */
  accountIdOf(credentials: ApiKeyCredentials): string;
  /** The part that services which call the vendor get: nothing that is not needed for that. */
  sendingCredentials(credentials: ApiKeyCredentials): ApiKeyCredentials;
  /** The part that ingress gets, newest key first. */
  verificationKeys(
    credentials: ApiKeyCredentials,
  ): readonly { readonly keyId: string; readonly secret: string }[];
  /** Headers that authenticate one request; takes what {@link sendingCredentials} gave. */
  requestHeaders(credentials: ApiKeyCredentials): Readonly<Record<string, string>>;
  /** Tries the credentials and describes the account. @throws VendorError `vendor-unauthorised` when they are refused. */
  describeAccount(call: Omit<AuthCall, 'app'>, credentials: ApiKeyCredentials): Promise<VendorAccount>;
}

/** How a vendor lets us in. */
export type VendorAuth = OAuth2Auth | ApiKeyAuth;
