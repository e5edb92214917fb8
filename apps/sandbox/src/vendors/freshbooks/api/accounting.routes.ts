import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TruthLedger } from '../../../kit/truth-ledger.js';
import { unknown } from '../books/account-books.js';
import { type Entity, WriteError } from '../books/entity.js';
import { viewOf } from '../books/views.js';
import { sendFieldError } from './errors.js';
import { type ApiContext, callOf, mayUse } from './freshbooks-guard.js';
import { KINDS, type KindRoutes } from './kinds.js';
import { readQuery, searched } from './list-query.js';

/** List, read, create and update every collection, below `/accounting/account/{account_id}`. */
export function addAccountingRoutes(
  server: FastifyInstance,
  context: Pick<ApiContext, 'clock'> & { readonly ledger: TruthLedger },
): void {
  for (const routes of KINDS) addKind(server, routes, context.ledger);
  server.get('/account/:accountId/invoices/invoices/:id/share_link', (request, reply) => {
    const { books } = callOf(request);
    const invoice = books.find('invoice', idOf(request));
    if (!invoice) throw unknown('invoice', idOf(request));
    return sendResult(reply, {
      share_link: {
        resourceid: String(invoice.id),
        clientid: String(invoice['customerid']),
        resource_type: 'invoice',
        share_method: 'share_link',
        share_link: `https://my.freshbooks.com/#/link/sandbox-${books.business.accountId}-${invoice.id}`,
      },
    });
  });
  server.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof WriteError) return sendFieldError(reply, error.error);
    throw error;
  });
}

function addKind(server: FastifyInstance, routes: KindRoutes, ledger: TruthLedger): void {
  const { kind, path, plural, singular, scope, search } = routes;
  const url = `/account/:accountId/${path}`;
  const view = (request: FastifyRequest, entity: Entity): Record<string, unknown> =>
    viewOf(kind, entity, callOf(request).books, readQuery(request.url).includes);

  server.get(url, (request, reply) => {
    if (!mayUse(request, reply, scope, 'read')) return reply;
    const { books } = callOf(request);
    const query = readQuery(request.url);
    const found = searched(books.all(kind), query, search);
    const { page, perPage } = query;
    const shown = found.slice((page - 1) * perPage, page * perPage);
    return sendResult(reply, {
      [plural]: shown.map((entity) => viewOf(kind, entity, books, query.includes)),
      page,
      pages: Math.ceil(found.length / perPage),
      per_page: perPage,
      total: found.length,
    });
  });

  server.get(`${url}/:id`, (request, reply) => {
    if (!mayUse(request, reply, scope, 'read')) return reply;
    const entity = callOf(request).books.find(kind, idOf(request));
    if (!entity) throw unknown(kind, idOf(request));
    return sendResult(reply, { [singular]: view(request, entity) });
  });

  const write = (action: 'create' | 'update') => (request: FastifyRequest, reply: FastifyReply) => {
    if (!mayUse(request, reply, scope, 'write')) return reply;
    const { books } = callOf(request);
    const fields = fieldsOf(request, singular);
    const entity =
      action === 'create' ? books.create(kind, fields) : books.update(kind, idOf(request), fields);
    const account = books.business.accountId;
    ledger.record({ vendor: 'freshbooks', kind, action, account, id: String(entity.id) });
    return sendResult(reply, { [singular]: view(request, entity) });
  };
  server.post(url, write('create'));
  server.put(`${url}/:id`, write('update'));
}

function sendResult(reply: FastifyReply, result: Record<string, unknown>): FastifyReply {
  return reply.send({ response: { result } });
}

function idOf(request: FastifyRequest): number {
  return Number((request.params as { id: string }).id);
}

/** @throws WriteError when the body has not the object's name around its fields. */
function fieldsOf(request: FastifyRequest, singular: string): Record<string, unknown> {
  const fields = (request.body as Record<string, unknown> | undefined)?.[singular];
  if (typeof fields === 'object' && fields !== null) return fields as Record<string, unknown>;
  const message = `Required field: ${singular}`;
  throw new WriteError({ errno: 1001, field: singular, message, object: singular, value: '' });
}
