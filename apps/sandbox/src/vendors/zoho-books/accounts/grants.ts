import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';

/** Whose consent it is, where, and for what. */
export interface Consent {
  readonly userId: string;
  readonly region: string;
  readonly scopes: readonly string[];
}

/** A code that waits to be redeemed. */
interface Code extends Consent {
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly expiresAt: number;
}

interface RefreshToken extends Consent {
  readonly token: string;
  /** When access tokens were made from it, within the last ten minutes. */
  mintedAt: number[];
  accessTokens: string[];
}

interface AccessToken extends Consent {
  readonly expiresAt: number;
}

/** Lifetimes and limits, as documented. */
export interface TokenSettings {
  codeTtlMs: number;
  accessTtlMs: number;
  /** The next one deletes the oldest, although that is in use. */
  refreshTokensPerUser: number;
  /** Access tokens made from one refresh token in ten minutes. */
  mintsPerTenMinutes: number;
  /** Access tokens of one refresh token that live side by side. */
  liveAccessTokens: number;
}

/** zoho.com/accounts/protocol/oauth and zoho.com/crm/developer, "Token validity". */
export const documentedTokens: TokenSettings = {
  codeTtlMs: 60_000,
  accessTtlMs: 3_600_000,
  refreshTokensPerUser: 20,
  mintsPerTenMinutes: 10,
  liveAccessTokens: 15,
};
const TEN_MINUTES_MS = 600_000;

/** Codes and tokens of Zoho's accounts servers. */
export class Grants {
  settings: TokenSettings = { ...documentedTokens };
  private readonly codes = new Map<string, Code>();
  private readonly refreshTokens = new Map<string, RefreshToken>();
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly revoked = new Set<string>();

  constructor(
    private readonly tools: { readonly clock: Clock; readonly ids: Ids; readonly sealKey: string },
  ) {}

  issueCode(consent: Consent, redirectUri: string, challenge: string | undefined): string {
    const code = `1000.${this.tools.ids.hex(16)}.${this.tools.ids.hex(16)}`;
    const expiresAt = this.tools.clock.now() + this.settings.codeTtlMs;
    this.codes.set(code, { ...consent, redirectUri, challenge, expiresAt });
    return code;
  }

  /** The consent behind a code, once, and only at the server of the user's own region. */
  redeem(code: string, asked: { readonly region: string; readonly redirectUri: string }): Code | undefined {
    const known = this.codes.get(code);
    if (!known || known.region !== asked.region || known.redirectUri !== asked.redirectUri) return undefined;
    this.codes.delete(code);
    return known.expiresAt >= this.tools.clock.now() ? known : undefined;
  }

  /** A refresh token; the oldest of the user's gives way to the twenty-first. */
  issueRefreshToken(consent: Consent): string {
    const content = Buffer.from(
      JSON.stringify([consent.userId, consent.region, consent.scopes, this.tools.ids.hex(6)]),
    ).toString('base64url');
    const token = `1000.${content}.${this.mac(content)}`;
    this.refreshTokens.set(token, { ...pick(consent), token, mintedAt: [], accessTokens: [] });
    const own = [...this.refreshTokens.values()].filter(({ userId }) => userId === consent.userId);
    for (const { token: oldest } of own.slice(
      0,
      Math.max(own.length - this.settings.refreshTokensPerUser, 0),
    ))
      this.revoke(oldest);
    return token;
  }

  /** Makes an access token. `unknown` = no such refresh token here; `throttled` = too many in ten minutes. */
  mint(refreshToken: string, region: string): { readonly accessToken: string } | 'unknown' | 'throttled' {
    const known = this.refreshTokens.get(refreshToken) ?? this.readmit(refreshToken);
    if (!known || known.region !== region) return 'unknown';
    const now = this.tools.clock.now();
    known.mintedAt = known.mintedAt.filter((at) => at > now - TEN_MINUTES_MS);
    if (known.mintedAt.length >= this.settings.mintsPerTenMinutes) return 'throttled';
    known.mintedAt.push(now);
    const accessToken = `1000.${this.tools.ids.hex(16)}.${this.tools.ids.hex(16)}`;
    this.accessTokens.set(accessToken, { ...pick(known), expiresAt: now + this.settings.accessTtlMs });
    known.accessTokens.push(accessToken);
    while (known.accessTokens.length > this.settings.liveAccessTokens)
      this.accessTokens.delete(known.accessTokens.shift() ?? '');
    return { accessToken };
  }

  /** The consent behind a living access token of this region. */
  consentOf(accessToken: string, region: string): Consent | undefined {
    const known = this.accessTokens.get(accessToken);
    return known && known.region === region && known.expiresAt > this.tools.clock.now() ? known : undefined;
  }

  /** Ends a refresh token and its access tokens. False when there is none. */
  revoke(refreshToken: string): boolean {
    const known = this.refreshTokens.get(refreshToken) ?? this.readmit(refreshToken);
    if (!known) return false;
    for (const accessToken of known.accessTokens) this.accessTokens.delete(accessToken);
    this.refreshTokens.delete(refreshToken);
    this.revoked.add(refreshToken);
    return true;
  }

  /** Ends every refresh token of a user, as they would in their Zoho account. */
  revokeAllOf(userId: string): number {
    const own = [...this.refreshTokens.values()].filter((token) => token.userId === userId);
    for (const { token } of own) this.revoke(token);
    return own.length;
  }

  reset(): void {
    this.settings = { ...documentedTokens };
    this.codes.clear();
    this.refreshTokens.clear();
    this.accessTokens.clear();
    this.revoked.clear();
  }

  /** A token of an earlier run of the sandbox still works, as Zoho would remember it. */
  private readmit(token: string): RefreshToken | undefined {
    const [, content = '', mac = ''] = token.split('.');
    const expected = Buffer.from(this.mac(content));
    const given = Buffer.from(mac);
    if (this.revoked.has(token) || given.length !== expected.length || !timingSafeEqual(given, expected))
      return undefined;
    const [userId, region, scopes] = JSON.parse(Buffer.from(content, 'base64url').toString()) as [
      string,
      string,
      string[],
    ];
    const known = { userId, region, scopes, token, mintedAt: [], accessTokens: [] };
    this.refreshTokens.set(token, known);
    return known;
  }

  private mac(content: string): string {
    return createHmac('sha256', this.tools.sealKey).update(content).digest('hex').slice(0, 32);
  }
}

function pick({ userId, region, scopes }: Consent): Consent {
  return { userId, region, scopes };
}
