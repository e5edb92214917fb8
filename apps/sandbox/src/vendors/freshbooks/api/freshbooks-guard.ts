import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import { type LimitAnswer, SlidingWindow } from '../../../kit/rate-window.js';
import type { AccountBooks } from '../books/account-books.js';
import type { FreshbooksGrants, Grant } from '../oauth/freshbooks-grants.js';
import { sendAuthError, sendDenied } from './errors.js';

/** What the API's routes share. */
export interface ApiContext {
  readonly clock: Clock;
  readonly grants: FreshbooksGrants;
  readonly limits: CallLimits;
  readonly booksOf: (accountId: string) => AccountBooks | undefined;
  /** Whether the user works in the account. */
  readonly isMember: (userId: number, accountId: string) => boolean;
}

/** One call that passed the guard. */
export interface GuardedCall {
  readonly grant: Grant;
  readonly books: AccountBooks;
}

/** FreshBooks publishes no limits, so that a number here is ours: none unless a test sets one. */
export class CallLimits {
  perAccountMinute: number | null = null;
  private readonly windows = new Map<string, SlidingWindow>();

  take(accountId: string, now: number): LimitAnswer {
    let window = this.windows.get(accountId);
    if (!window) this.windows.set(accountId, (window = new SlidingWindow(60_000, null)));
    window.limit = this.perAccountMinute;
    return window.take(now);
  }

  reset(): void {
    this.perAccountMinute = null;
    this.windows.clear();
  }
}

const UNAUTHENTICATED = 'This action requires authentication to continue.';
const calls = new WeakMap<FastifyRequest, GuardedCall>();

/** The call behind a request that passed {@link addGuard}. */
export function callOf(request: FastifyRequest): GuardedCall {
  const call = calls.get(request);
  if (!call) throw new Error('the guard did not run');
  return call;
}

/** Token (401), membership of the account (403), then limits (429). The routes check scopes. */
export function addGuard(server: FastifyInstance, context: ApiContext): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (admit(request, reply, context)) done();
  });
}

/** False after it has been refused. */
function admit(request: FastifyRequest, reply: FastifyReply, context: ApiContext): boolean {
  const { clock, grants, limits } = context;
  const grant = grants.byAccessToken(bearerOf(request), clock.now());
  if (!grant) {
    void sendAuthError(reply, 401, 'unauthenticated', UNAUTHENTICATED);
    return false;
  }
  const accountId = accountOf(request);
  const books = context.booksOf(accountId);
  if (!books || !context.isMember(grant.userId, accountId)) {
    void sendDenied(reply, 'account');
    return false;
  }
  const { allowed, retryAfterSeconds } = limits.take(accountId, clock.now());
  if (!allowed) {
    void reply.code(429).header('retry-after', String(retryAfterSeconds));
    void reply.send({ message: 'API rate limit exceeded' });
    return false;
  }
  calls.set(request, { grant, books });
  return true;
}

/** False after answering 403: the grant does not open the object for reading or writing. */
export function mayUse(
  request: FastifyRequest,
  reply: FastifyReply,
  object: string,
  verb: 'read' | 'write',
): boolean {
  if (callOf(request).grant.scopes.includes(`user:${object}:${verb}`)) return true;
  void sendDenied(reply, object);
  return false;
}

/** The token of the Authorization header. */
export function bearerOf({ headers }: FastifyRequest): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** The account that a URL names. */
export function accountOf({ url }: FastifyRequest): string {
  return decodeURIComponent(/\/account\/([^/?]+)/.exec(url)?.[1] ?? '');
}
