import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import type { TruthLedger } from '../../../kit/truth-ledger.js';
import type { Books } from '../books/books.js';
import type { Grants } from '../oauth/grants.js';
import { sendProblem } from './envelope.js';
import type { XeroLimits } from './xero-limits.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The books that the call may read and write; set by the guard of the Accounting API. */
    xeroBooks: Books | null;
  }
}

/** What the Accounting API's routes share. */
export interface AccountingContext {
  readonly clock: Clock;
  readonly ledger: TruthLedger;
  readonly grants: Grants;
  readonly limits: XeroLimits;
  readonly booksOf: (tenantId: string) => Books | undefined;
}

/** The books of a call that passed the guard. */
export function booksOf(request: FastifyRequest): Books {
  if (!request.xeroBooks) throw new Error('the guard of the Accounting API did not run');
  return request.xeroBooks;
}

/** First path segments that a scope opens, reading and writing alike. */
const SCOPE_OF: Readonly<Record<string, string>> = {
  invoices: 'accounting.invoices',
  payments: 'accounting.payments',
  contacts: 'accounting.contacts',
  contactgroups: 'accounting.contacts',
  trackingcategories: 'accounting.settings',
  accounts: 'accounting.settings',
  organisation: 'accounting.settings',
};

/**
 * The guard before every Accounting call: bearer token (401 when missing, unknown or expired), tenant (403 when not or
 * no longer connected), scope (401), then the limits (429). In this order, so that a refused caller uses up no quota.
 */
export function addGuard(server: FastifyInstance, context: AccountingContext): void {
  const { clock, grants, limits } = context;
  server.decorateRequest('xeroBooks', null);
  server.addHook('onRequest', (request, reply, done) => {
    const access = grants.accessToken(bearerOf(request.headers.authorization));
    if (!access) return void sendProblem(reply, 401, 'AuthenticationUnsuccessful');
    const now = clock.now();
    if (access.expiresAt <= now)
      return void sendProblem(reply, 401, `TokenExpired: token expired at ${usDate(access.expiresAt)}`);
    const tenantId = tenantOf(request);
    const connection =
      tenantId === undefined ? undefined : grants.connectionOf(access.grant.userId, tenantId);
    const books = connection ? context.booksOf(connection.tenantId) : undefined;
    if (!connection || !books) return void sendProblem(reply, 403, 'AuthenticationUnsuccessful');
    if (!mayUse(access.grant.scopes, request)) {
      void reply.header('www-authenticate', 'Bearer error="insufficient_scope"');
      return void sendProblem(reply, 401, 'AuthorizationUnsuccessful');
    }
    const decision = limits.enter(connection.tenantId, now);
    void reply.headers(decision.headers);
    if (decision.problem !== undefined) return void reply.code(429).send('');
    reply.raw.once('close', () => limits.leave(connection.tenantId));
    request.xeroBooks = books;
    done();
    return undefined;
  });
}

/** The token of an Authorization header; empty when there is none. */
export function bearerOf(header: string | undefined): string {
  return header?.startsWith('Bearer ') ? header.slice('Bearer '.length) : '';
}

/** The tenant that the call names. */
export function tenantOf(request: FastifyRequest): string | undefined {
  const header = request.headers['xero-tenant-id'];
  return typeof header === 'string' ? header.toLowerCase() : undefined;
}

function mayUse(scopes: readonly string[], request: FastifyRequest): boolean {
  const segment = /\/api\.xro\/2\.0\/([A-Za-z]+)/.exec(request.url)?.[1]?.toLowerCase() ?? '';
  const scope = SCOPE_OF[segment];
  if (scope === undefined || scopes.includes(scope)) return true;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && scopes.includes(`${scope}.read`);
}

/** `MM/dd/yyyy HH:mm:ss`, as in Xero's message about an expired token. */
function usDate(epochMs: number): string {
  const iso = new Date(epochMs).toISOString();
  return `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)}`;
}
