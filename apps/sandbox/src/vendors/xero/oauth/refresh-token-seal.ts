import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a refresh token says about the consent behind it. */
export interface SealedGrant {
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly tenantIds: readonly string[];
  readonly authEventId: string;
  readonly authTime: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

const SEPARATOR = '.';

/**
 * Refresh tokens carry their consent under a MAC, so that a sandbox that was restarted still knows the product's
 * tokens, as Xero would; to a client they are opaque. That a token was used is not in it and is forgotten by a restart.
 */
export class RefreshTokenSeal {
  constructor(private readonly key: string) {}

  /** A token; `nonce` makes it unlike any other. */
  seal(grant: SealedGrant, nonce: string): string {
    const content = nonce + SEPARATOR + Buffer.from(JSON.stringify(grant)).toString('base64url');
    return content + SEPARATOR + this.mac(content);
  }

  /** The consent of a token that this sandbox, or one before it, gave out; undefined for anything else. */
  open(token: string): SealedGrant | undefined {
    const at = token.lastIndexOf(SEPARATOR);
    const content = token.slice(0, Math.max(at, 0));
    const expected = Buffer.from(this.mac(content));
    const given = Buffer.from(token.slice(at + 1));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const payload = content.slice(content.indexOf(SEPARATOR) + 1);
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as SealedGrant;
  }

  private mac(content: string): string {
    return createHmac('sha256', this.key).update(content).digest('base64url');
  }
}
