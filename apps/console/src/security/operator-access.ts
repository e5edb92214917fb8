import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#libs/core';
import type { Secret } from '#libs/platform';

/** What is read of a request to know who sends it. */
export interface RequestHeaders {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How operators are let in. */
export interface OperatorAccessOptions {
  readonly token: Secret;
  readonly sessionHours: number;
  /** Whether the page is reached over https, so that the cookie may say `Secure`. */
  readonly secure: boolean;
  readonly clock: Clock;
}

const COOKIE = 'ledgerwire_session';
const HOUR_MS = 3_600_000;

/** After so many wrong tokens within the window, nobody is let in by the form until it is over. */
const MAX_FAILURES = 20;
const FAILURE_WINDOW_MS = 60_000;

/**
 * Knows operators by the bearer token, or by the cookie that they got for it. The cookie holds its expiry and a MAC under a key
 * derived from the token: nothing is stored, every console of a deployment accepts it, and a new token ends all sessions.
 */
export class OperatorAccess {
  private readonly tokenDigest: Buffer;
  private readonly sessionKey: Buffer;
  private failures = 0;
  private failuresSince = -Infinity;

  constructor(private readonly options: OperatorAccessOptions) {
    const token = options.token.reveal();
    this.tokenDigest = digest(token);
    this.sessionKey = createHmac('sha256', token).update('ledgerwire console session').digest();
  }

  /** Whether the request shows the token or a session that has not ended. */
  allows(request: RequestHeaders): boolean {
    return this.hasBearer(request) || this.hasSession(request);
  }

  /** Checks a token that somebody typed in: `throttled` after too many wrong ones, by anybody. */
  checkTyped(token: string): 'right' | 'wrong' | 'throttled' {
    const now = this.options.clock.now();
    if (now - this.failuresSince >= FAILURE_WINDOW_MS) {
      this.failures = 0;
      this.failuresSince = now;
    }
    if (this.failures >= MAX_FAILURES) return 'throttled';
    if (this.isToken(token)) return 'right';
    this.failures += 1;
    return 'wrong';
  }

  /** The Set-Cookie header that signs a browser in. */
  signIn(): string {
    const expiresAt = this.options.clock.now() + this.options.sessionHours * HOUR_MS;
    return this.cookie(`${expiresAt}.${this.mac(String(expiresAt))}`, this.options.sessionHours * 3_600);
  }

  /** The Set-Cookie header that signs it out. */
  signOut(): string {
    return this.cookie('', 0);
  }

  private hasBearer({ headers }: RequestHeaders): boolean {
    const header = headers['authorization'];
    const token = typeof header === 'string' ? /^Bearer ([\x21-\x7e]+)$/i.exec(header)?.[1] : undefined;
    return token !== undefined && this.isToken(token);
  }

  private hasSession({ headers }: RequestHeaders): boolean {
    const value = cookieIn(headers['cookie'], COOKIE);
    const [, expiresAt, mac] = /^(\d{1,15})\.([\w-]+)$/.exec(value ?? '') ?? [];
    if (expiresAt === undefined || mac === undefined) return false;
    return (
      sameBytes(digest(mac), digest(this.mac(expiresAt))) && Number(expiresAt) > this.options.clock.now()
    );
  }

  private isToken(given: string): boolean {
    return sameBytes(digest(given), this.tokenDigest);
  }

  private mac(expiresAt: string): string {
    return createHmac('sha256', this.sessionKey).update(expiresAt).digest('base64url');
  }

  /** Lax: other sites can link here, and can change nothing (see enableCsrfProtection in console.service.ts). */
  private cookie(value: string, maxAgeSeconds: number): string {
    const secure = this.options.secure ? '; Secure' : '';
    return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure}`;
  }
}

function cookieIn(header: string | readonly string[] | undefined, name: string): string | undefined {
  const text = typeof header === 'string' ? header : (header?.join('; ') ?? '');
  for (const part of text.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** In a time that says nothing about where two differ. */
function sameBytes(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(one, other);
}
