import { createHash } from 'node:crypto';
import type { Clock } from '#libs/core';
import { fixedUuid, type Ids } from '../../../kit/ids.js';
import { RefreshTokenSeal } from './refresh-token-seal.js';

/** How long things live; changed by `POST /__sandbox/xero/oauth`. */
export interface OAuthSettings {
  codeTtlMs: number;
  accessTtlMs: number;
  refreshTtlMs: number;
  /** How long a refresh token that was used may be used again. */
  refreshGraceMs: number;
  /** Stricter than Xero: use after the grace ends the whole grant, as some vendors do. */
  revokeOnReuse: boolean;
  /** Approve every authorisation without asking. */
  autoApprove: boolean;
}

/** Xero's documented lifetimes. */
export const documentedLifetimes: OAuthSettings = {
  codeTtlMs: 5 * 60_000,
  accessTtlMs: 30 * 60_000,
  refreshTtlMs: 60 * 86_400_000,
  refreshGraceMs: 30 * 60_000,
  revokeOnReuse: false,
  autoApprove: false,
};

/** One act of consent: what its tokens may do. */
export interface Grant {
  readonly id: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly authEventId: string;
  readonly tenantIds: readonly string[];
  readonly authTime: number;
  revoked: boolean;
}

/** An access token that was given out. */
export interface AccessToken {
  readonly grant: Grant;
  readonly expiresAt: number;
}

/** A tenant that a user connected to the app, as `/connections` lists it. */
export interface Connection {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  authEventId: string;
  readonly createdAt: number;
  updatedAt: number;
}

interface Code {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly nonce: string | undefined;
  readonly expiresAt: number;
}

interface RefreshToken {
  readonly grant: Grant;
  readonly expiresAt: number;
  usedAt: number | undefined;
}

/** What an authorisation decided. */
export interface Consent {
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly tenantIds: readonly string[];
}

/** A code, verifier or token that the token endpoint must refuse with `invalid_grant`. */
export class InvalidGrantError extends Error {
  override readonly name = 'InvalidGrantError';
}

/** What grants need from outside. */
export interface GrantsOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly settings: OAuthSettings;
  /** Key of the MAC over refresh tokens; the same in every run. */
  readonly sealKey: string;
  readonly isTenant: (tenantId: string) => boolean;
}

/** Consents, codes, tokens and connections of the app. */
export class Grants {
  readonly connections = new Map<string, Connection>();
  private readonly byUserAndTenant = new Map<string, Connection>();
  private readonly usersOfTenant = new Map<string, number>();
  private readonly formerConnections = new Set<string>();
  private readonly codes = new Map<string, Code>();
  private readonly refreshTokens = new Map<string, RefreshToken>();
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly grants: Grant[] = [];
  private readonly seal: RefreshTokenSeal;
  /** When a user's or a tenant's tokens were revoked, for tokens that this process has not seen yet. */
  private readonly revokedAt = new Map<string, number>();
  /** Tokens of worlds before a reset. */
  private readonly forgotten = new Set<string>();

  constructor(private readonly options: GrantsOptions) {
    this.seal = new RefreshTokenSeal(options.sealKey);
  }

  get settings(): OAuthSettings {
    return this.options.settings;
  }

  private get clock(): Clock {
    return this.options.clock;
  }

  private get ids(): Ids {
    return this.options.ids;
  }

  /** Records a consent and connects its tenants. */
  consent({ userId, scopes, tenantIds }: Consent): Grant {
    const now = this.clock.now();
    const authEventId = this.ids.uuid();
    const grant: Grant = {
      id: this.ids.uuid(),
      userId,
      scopes,
      authEventId,
      tenantIds,
      authTime: now,
      revoked: false,
    };
    this.grants.push(grant);
    for (const tenantId of tenantIds) this.connect(userId, tenantId, authEventId, now);
    return grant;
  }

  issueCode(
    grant: Grant,
    redirectUri: string,
    challenge: string | undefined,
    nonce: string | undefined,
  ): string {
    const code = this.ids.token();
    const expiresAt = this.clock.now() + this.settings.codeTtlMs;
    this.codes.set(code, { grant, redirectUri, challenge, nonce, expiresAt });
    return code;
  }

  /** @throws InvalidGrantError when the code is unknown, used, late, or for another redirect URI or verifier. */
  redeemCode(
    code: string,
    redirectUri: string,
    verifier: string | undefined,
  ): { grant: Grant; nonce: string | undefined } {
    const known = this.codes.get(code);
    this.codes.delete(code);
    if (!known || known.expiresAt <= this.clock.now())
      throw new InvalidGrantError('unknown, used or expired code');
    if (known.redirectUri !== redirectUri) throw new InvalidGrantError('redirect_uri differs');
    if (known.challenge !== undefined && known.challenge !== challengeOf(verifier ?? ''))
      throw new InvalidGrantError('code_verifier does not match');
    return { grant: known.grant, nonce: known.nonce };
  }

  issueRefreshToken(grant: Grant): string {
    const expiresAt = this.clock.now() + this.settings.refreshTtlMs;
    const { userId, scopes, tenantIds, authEventId, authTime } = grant;
    const token = this.seal.seal(
      { userId, scopes, tenantIds, authEventId, authTime, expiresAt },
      this.ids.token(),
    );
    this.refreshTokens.set(token, { grant, expiresAt, usedAt: undefined });
    return token;
  }

  /**
   * Uses a refresh token: the first time always, later only within the grace after the first use, which is there for
   * answers that got lost.
   * @throws InvalidGrantError when it is unknown, idle for 60 days, revoked, or used beyond its grace.
   */
  useRefreshToken(token: string): Grant {
    const now = this.clock.now();
    const known = this.refreshTokens.get(token) ?? this.revive(token);
    if (!known || known.grant.revoked || known.expiresAt <= now)
      throw new InvalidGrantError('unknown, revoked or expired refresh token');
    if (known.usedAt !== undefined && now >= known.usedAt + this.settings.refreshGraceMs) {
      if (this.settings.revokeOnReuse) known.grant.revoked = true;
      throw new InvalidGrantError('refresh token was used before');
    }
    known.usedAt ??= now;
    return known.grant;
  }

  rememberAccessToken(token: string, grant: Grant): AccessToken {
    if (this.accessTokens.size > 20_000) this.sweepAccessTokens();
    const access = { grant, expiresAt: this.clock.now() + this.settings.accessTtlMs };
    this.accessTokens.set(token, access);
    return access;
  }

  /** The token if it was given out and not revoked; it may be expired. */
  accessToken(token: string): AccessToken | undefined {
    const access = this.accessTokens.get(token);
    return access?.grant.revoked ? undefined : access;
  }

  /** The grant behind a refresh token, for faults that are meant for one connection. */
  grantOf(refreshToken: string): Grant | undefined {
    return this.refreshTokens.get(refreshToken)?.grant;
  }

  /** Revocation as Xero does it: the user's refresh tokens die and the connections go. */
  revokeUser(userId: string): void {
    for (const grant of this.grants) if (grant.userId === userId) grant.revoked = true;
    this.revokedAt.set(userId, this.clock.now());
    for (const connection of this.connections.values())
      if (connection.userId === userId) this.disconnect(connection.id);
  }

  /** Kills the tokens that reach a tenant, but leaves its connection: the next refresh answers `invalid_grant`. */
  revokeTokensOf(tenantId: string): void {
    for (const grant of this.grants) if (grant.tenantIds.includes(tenantId)) grant.revoked = true;
    this.revokedAt.set(tenantId, this.clock.now());
  }

  connectionOf(userId: string, tenantId: string): Connection | undefined {
    return this.byUserAndTenant.get(`${userId} ${tenantId}`);
  }

  /** Whether anybody connected the tenant: only then does Xero send its webhooks to the app. */
  isConnected(tenantId: string): boolean {
    return (this.usersOfTenant.get(tenantId) ?? 0) > 0;
  }

  disconnect(connectionId: string): boolean {
    const connection = this.connections.get(connectionId);
    if (!connection) return false;
    this.connections.delete(connectionId);
    this.byUserAndTenant.delete(`${connection.userId} ${connection.tenantId}`);
    this.countUsers(connection.tenantId, -1);
    this.formerConnections.add(connectionId);
    return true;
  }

  /** Forgets everything. */
  reset(): void {
    for (const grant of this.grants) grant.revoked = true;
    this.grants.length = 0;
    for (const token of this.refreshTokens.keys()) this.forgotten.add(token);
    const maps = [this.connections, this.byUserAndTenant, this.usersOfTenant, this.codes, this.refreshTokens];
    this.revokedAt.clear();
    for (const map of maps) map.clear();
    this.accessTokens.clear();
    this.formerConnections.clear();
  }

  /** Takes a token of a sandbox before this one, when its tenants are still there and were not disconnected since. */
  private revive(token: string): RefreshToken | undefined {
    const sealed = this.forgotten.has(token) ? undefined : this.seal.open(token);
    if (!sealed?.tenantIds.every((tenantId) => this.options.isTenant(tenantId))) return undefined;
    const { expiresAt, ...consent } = sealed;
    const subjects = [consent.userId, ...consent.tenantIds];
    const isRevoked = subjects.some((subject) => (this.revokedAt.get(subject) ?? 0) >= consent.authTime);
    if (isRevoked) return undefined;
    const grant: Grant = { ...consent, id: this.ids.uuid(), revoked: false };
    this.grants.push(grant);
    for (const tenantId of grant.tenantIds) {
      const wasDisconnected = this.formerConnections.has(namedConnection(grant.userId, tenantId));
      if (!wasDisconnected) this.connect(grant.userId, tenantId, grant.authEventId, this.clock.now());
    }
    const revived = { grant, expiresAt, usedAt: undefined };
    this.refreshTokens.set(token, revived);
    return revived;
  }

  private connect(userId: string, tenantId: string, authEventId: string, now: number): void {
    const known = this.connectionOf(userId, tenantId);
    if (known) {
      known.authEventId = authEventId;
      known.updatedAt = now;
      return;
    }
    const named = namedConnection(userId, tenantId);
    const id = this.formerConnections.has(named) ? this.ids.uuid() : named;
    const connection = { id, userId, tenantId, authEventId, createdAt: now, updatedAt: now };
    this.connections.set(id, connection);
    this.byUserAndTenant.set(`${userId} ${tenantId}`, connection);
    this.countUsers(tenantId, 1);
  }

  private countUsers(tenantId: string, by: number): void {
    this.usersOfTenant.set(tenantId, (this.usersOfTenant.get(tenantId) ?? 0) + by);
  }

  private sweepAccessTokens(): void {
    const now = this.clock.now();
    for (const [token, access] of this.accessTokens)
      if (access.expiresAt <= now) this.accessTokens.delete(token);
  }
}

/** A connection's id is named after its two ends, so that a script finds the same in every run; a reconnection gets another. */
function namedConnection(userId: string, tenantId: string): string {
  return fixedUuid(`xero connection ${userId} ${tenantId}`);
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
