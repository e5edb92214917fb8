import { createHash, randomBytes } from 'node:crypto';

/** 256 bits: what RFC 7636 section 4.1 recommends for a verifier, and as good for states and browser ids. */
const RANDOM_BYTES = 32;

/** An unguessable text of 43 URL-safe characters. */
export function randomText(): string {
  return randomBytes(RANDOM_BYTES).toString('base64url');
}

/** The S256 challenge of a PKCE verifier (RFC 7636 section 4.2). */
export function codeChallengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/** What is stored in the place of a random text that must not be readable from the database. */
export function digestOfSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
