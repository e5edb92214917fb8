import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  type Callback,
  type FreshbooksCallbacks,
  isEventName,
  nounOf,
} from '../webhooks/freshbooks-callbacks.js';
import { sendAuthError, sendViolation } from './errors.js';
import { callOf, mayUse } from './freshbooks-guard.js';
import { readQuery } from './list-query.js';

const created = z.object({ callback: z.object({ event: z.string(), uri: z.string() }) });
const changed = z.object({
  callback: z.object({
    verifier: z.string().optional(),
    resend: z.boolean().optional(),
    event: z.string().optional(),
    uri: z.string().optional(),
  }),
});
/** Scopes are named after collections, events after objects. */
const SCOPES: Readonly<Record<string, string>> = {
  invoice: 'invoices',
  payment: 'payments',
  client: 'clients',
  bill: 'bills',
  bill_vendor: 'bill_vendors',
  expense: 'expenses',
};

/** The callbacks API, below `/events/account/{account_id}/events/callbacks`. */
export function addCallbackRoutes(server: FastifyInstance, callbacks: FreshbooksCallbacks): void {
  const url = '/account/:accountId/events/callbacks';
  server.get(url, (request, reply) => {
    const query = readQuery(request.url);
    const event = query.search.get('event')?.[0];
    const found = callbacks
      .of(callOf(request).books.business.accountId)
      // "Matches event and parent event."
      .filter(
        (callback) => event === undefined || callback.event === event || callback.event === nounOf(event),
      );
    const { page, perPage } = query;
    return reply.send({
      response: {
        result: {
          callbacks: found.slice((page - 1) * perPage, page * perPage).map(shown),
          page,
          pages: Math.ceil(found.length / perPage),
          per_page: perPage,
          total: found.length,
        },
      },
    });
  });

  server.post(url, (request, reply) => {
    const body = created.safeParse(request.body).data?.callback;
    if (!body) return sendViolation(reply, 400, 'callback', 'callback with event and uri is needed');
    if (!isEventName(body.event)) return sendViolation(reply, 400, 'event', 'Unrecognized event.');
    if (!/^https?:\/\//.test(body.uri) || !URL.canParse(body.uri))
      return sendViolation(reply, 400, 'uri', 'Not a valid URI.');
    if (!mayUse(request, reply, SCOPES[nounOf(body.event)] ?? nounOf(body.event), 'read')) return reply;
    const { business } = callOf(request).books;
    if (callbacks.of(business.accountId).some(({ event, uri }) => event === body.event && uri === body.uri))
      return sendViolation(reply, 409, 'uri', 'There is a callback for this event and uri.');
    return sendCallback(reply, callbacks.create(business, body.event, body.uri));
  });

  server.get(`${url}/:id`, (request, reply) => {
    const callback = find(request, callbacks);
    return callback ? sendCallback(reply, callback) : notFound(reply);
  });

  server.put(`${url}/:id`, (request, reply) => {
    const callback = find(request, callbacks);
    if (!callback) return notFound(reply);
    const body = changed.safeParse(request.body).data?.callback ?? {};
    if (body.resend === true) callbacks.sendVerifier(callback);
    else if (body.verifier !== undefined) {
      if (!callbacks.verify(callback, body.verifier))
        return sendViolation(reply, 400, 'verifier', 'The verifier is not the one that was sent.');
    } else if (body.uri !== undefined) callbacks.move(callback, body.uri);
    return sendCallback(reply, callback);
  });

  server.delete(`${url}/:id`, (request, reply) => {
    const callback = find(request, callbacks);
    if (!callback) return notFound(reply);
    callbacks.remove(callback);
    return reply.send({ response: { result: {} } });
  });
}

function find(request: FastifyRequest, callbacks: FreshbooksCallbacks): Callback | undefined {
  const { id } = request.params as { id: string };
  const { accountId } = callOf(request).books.business;
  return callbacks.of(accountId).find((callback) => callback.id === Number(id));
}

function sendCallback(reply: FastifyReply, callback: Callback): FastifyReply {
  return reply.send({ response: { result: { callback: shown(callback) } } });
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendAuthError(reply, 404, 'not_found', 'The requested resource was not found.');
}

function shown({ id, event, uri, verified, updatedAt }: Callback): Record<string, unknown> {
  return { callbackid: id, event, uri, verified, updated_at: updatedAt };
}
