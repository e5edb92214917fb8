import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config/secret.js';

/** What guards read of a request. */
export interface RequestWithHeaders {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or undefined. */
export function bearerTokenOf(request: RequestWithHeaders): string | undefined {
  const header = request.headers['authorization'];
  return typeof header === 'string' ? /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1] : undefined;
}

/**
 * Whether a token is the expected one, in a time that tells nothing about either: digests of equal length are compared, not
 * the texts.
 */
export function sameToken(given: string, expected: Secret): boolean {
  return timingSafeEqual(digest(given), digest(expected.reveal()));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
