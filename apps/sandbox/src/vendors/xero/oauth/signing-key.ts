import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** The identity server's RS256 key: signs tokens, and shows its public half as a JWKS. */
export class SigningKey {
  private readonly privateKey: KeyObject;
  readonly keyId: string;
  readonly jwks: { readonly keys: readonly Record<string, unknown>[] };
  private readonly header: string;

  constructor() {
    this.privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const jwk = createPublicKey(this.privateKey).export({ format: 'jwk' });
    this.keyId = createHash('sha256').update(String(jwk.n)).digest('hex').slice(0, 40).toUpperCase();
    this.jwks = { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid: this.keyId }] };
    this.header = encode({ alg: 'RS256', kid: this.keyId, typ: 'JWT' });
  }

  /** A JWT with these claims. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    const content = `${this.header}.${encode(claims)}`;
    return `${content}.${sign('RSA-SHA256', Buffer.from(content), this.privateKey).toString('base64url')}`;
  }
}

/** OpenID Connect's `at_hash`: the left half of the token's SHA-256. */
export function halfHash(token: string): string {
  return createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
