import { createHash, createHmac } from 'node:crypto';
import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';

/** What one user allowed the app. */
export interface Grant {
  readonly userId: number;
  readonly scopes: readonly string[];
}

/** Tokens as the token endpoint answers them. */
export interface Tokens {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  /** Epoch seconds. */
  readonly created_at: number;
  readonly refresh_token: string;
  readonly scope: string;
  readonly direct_buy_tokens: Readonly<Record<string, never>>;
}

/** Lifetimes, in the sandbox's time. */
export interface GrantSettings {
  codeTtlMs: number;
  accessTtlMs: number;
  autoApprove: boolean;
}

/** FreshBooks' lifetimes. */
export const documentedSettings: GrantSettings = {
  codeTtlMs: 5 * 60_000,
  accessTtlMs: 12 * 3_600_000,
  autoApprove: false,
};

interface Code extends Grant {
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly expiresAt: number;
}

const TOKEN_BYTES = 16;

/**
 * Codes and tokens: a code works once, a refresh token works once and without grace, and a user has one live refresh token per
 * app: a second consent ends what the first gave. Refresh tokens carry a MAC, so that a restarted sandbox still knows the one that
 * its user has; which ones were used it has then forgotten.
 */
export class FreshbooksGrants {
  readonly settings: GrantSettings = { ...documentedSettings };
  private readonly codes = new Map<string, Code>();
  private readonly access = new Map<string, { readonly grant: Grant; readonly expiresAt: number }>();
  private readonly live = new Map<number, { readonly token: string; readonly grant: Grant }>();
  private readonly spent = new Set<string>();

  constructor(
    private readonly parts: {
      readonly clock: Clock;
      readonly ids: Ids;
      readonly sealKey: string;
      /** Users of the present world; a token of an earlier run is good for them only. */
      readonly users: () => readonly number[];
      readonly allScopes: readonly string[];
    },
  ) {}

  issueCode(grant: Grant, redirectUri: string, challenge: string | undefined): string {
    const code = this.parts.ids.hex(32);
    const expiresAt = this.parts.clock.now() + this.settings.codeTtlMs;
    this.codes.set(code, { ...grant, redirectUri, challenge, expiresAt });
    return code;
  }

  /** The grant of a code, or undefined when it is unknown, used, late, or for another redirect URI or verifier. */
  redeemCode(code: string, redirectUri: string, verifier: string | undefined): Grant | undefined {
    const known = this.codes.get(code);
    this.codes.delete(code);
    if (!known || known.expiresAt <= this.parts.clock.now() || known.redirectUri !== redirectUri)
      return undefined;
    if (known.challenge !== undefined && known.challenge !== challengeOf(verifier ?? '')) return undefined;
    return { userId: known.userId, scopes: known.scopes };
  }

  /** New tokens; the refresh token that the user had is dead from now on. */
  issue(grant: Grant): Tokens {
    const { clock, ids } = this.parts;
    const now = clock.now();
    const former = this.live.get(grant.userId);
    if (former) this.spent.add(former.token);
    const refreshToken = this.seal(grant.userId);
    this.live.set(grant.userId, { token: refreshToken, grant });
    const accessToken = `${ids.hex(64)}.${ids.hex(200)}.${ids.hex(64)}`;
    if (this.access.size > 20_000) this.sweep(now);
    this.access.set(accessToken, { grant, expiresAt: now + this.settings.accessTtlMs });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: Math.floor(this.settings.accessTtlMs / 1000),
      created_at: Math.floor(now / 1000),
      refresh_token: refreshToken,
      scope: grant.scopes.join(' '),
      direct_buy_tokens: {},
    };
  }

  /** Uses a refresh token up; undefined when it is not the live one of its user. */
  useRefreshToken(token: string): Grant | undefined {
    const userId = this.open(token);
    if (userId === undefined || this.spent.has(token)) return undefined;
    const live = this.live.get(userId);
    if (live && live.token !== token) return undefined;
    this.spent.add(token);
    return live?.grant ?? { userId, scopes: this.parts.allScopes };
  }

  byAccessToken(token: string, now: number): Grant | undefined {
    const known = this.access.get(token);
    return known && known.expiresAt > now ? known.grant : undefined;
  }

  /** Ends everything that a user allowed. True when there was something. */
  revokeUser(userId: number): boolean {
    const live = this.live.get(userId);
    if (live) this.spent.add(live.token);
    this.live.delete(userId);
    let ended = live !== undefined;
    for (const [token, { grant }] of this.access)
      if (grant.userId === userId) ended = this.access.delete(token) || ended;
    return ended;
  }

  /** Revocation by either token. */
  revokeToken(token: string): void {
    const userId = this.access.get(token)?.grant.userId ?? this.open(token);
    if (userId === undefined) return;
    this.spent.add(token);
    this.revokeUser(userId);
  }

  reset(): void {
    for (const { token } of this.live.values()) this.spent.add(token);
    for (const map of [this.codes, this.access, this.live]) map.clear();
    Object.assign(this.settings, documentedSettings);
  }

  /** 64 hexadecimal characters: a nonce, and a MAC over it and the user. */
  private seal(userId: number): string {
    const nonce = this.parts.ids.hex(TOKEN_BYTES);
    return nonce + this.mac(nonce, userId);
  }

  private open(token: string): number | undefined {
    const nonce = token.slice(0, 2 * TOKEN_BYTES);
    return this.parts.users().find((userId) => token === nonce + this.mac(nonce, userId));
  }

  private mac(nonce: string, userId: number): string {
    const mac = createHmac('sha256', this.parts.sealKey).update(`${nonce} ${userId}`).digest('hex');
    return mac.slice(0, 2 * TOKEN_BYTES);
  }

  private sweep(now: number): void {
    for (const [token, { expiresAt }] of this.access) if (expiresAt <= now) this.access.delete(token);
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
