import type { FastifyInstance } from 'fastify';
import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';
import type { TruthLedger } from '../../../kit/truth-ledger.js';
import { Form } from '../form.js';
import { sendJson, sendTwilioProblem } from '../twilio-reply.js';
import { readFilter } from './list-filter.js';
import { type Message, messageView } from './message.js';
import type { MessageStore } from './message-store.js';
import type { Progress } from './progress.js';
import { judgeSend, type SendOrder, type SendWorld } from './send-rules.js';
import { segmentsOf } from './segments.js';

/** What the message routes share. */
export interface MessagesContext {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly ledger: TruthLedger;
  readonly store: MessageStore;
  readonly progress: Progress;
  readonly world: () => SendWorld;
}

interface SidParams {
  readonly Params: { readonly AccountSid: string; readonly file: string };
}

const IN_FLIGHT = new Set(['accepted', 'queued', 'sending']);
const MAX_PAGE_SIZE = 1000;

/** `/Accounts/{sid}/Messages`: create, fetch, list, cancel or redact, delete. */
export function addMessageRoutes(server: FastifyInstance, context: MessagesContext): void {
  const { store, clock } = context;

  server.post('/Accounts/:AccountSid/Messages.json', (request, reply) => {
    const judged = judgeSend(Form.ofBody(request), context.world());
    if ('code' in judged) return sendTwilioProblem(reply, judged.code, judged.detail);
    return sendJson(reply, 201, messageView(createMessage(context, judged)));
  });

  server.get<SidParams>('/Accounts/:AccountSid/Messages/:file', (request, reply) => {
    const message = store.get(sidOf(request.params.file));
    return message
      ? sendJson(reply, 200, messageView(message))
      : sendTwilioProblem(reply, 20404, request.url);
  });

  server.get('/Accounts/:AccountSid/Messages.json', (request, reply) =>
    sendJson(reply, 200, listView(context, Form.ofQuery(request), request.url)),
  );

  server.post<SidParams>('/Accounts/:AccountSid/Messages/:file', (request, reply) => {
    const message = store.get(sidOf(request.params.file));
    if (!message) return sendTwilioProblem(reply, 20404, request.url);
    const form = Form.ofBody(request);
    if (form.text('Status') === 'canceled') {
      if (message.status !== 'scheduled') return sendTwilioProblem(reply, 30409);
      context.progress.cancel(message);
      record(context, message, 'update');
    } else if (form.raw('Body') === '') {
      message.body = '';
      message.updatedAt = clock.now();
      record(context, message, 'update');
    } else return sendTwilioProblem(reply, 20001, 'only Status=canceled or an empty Body can be set');
    return sendJson(reply, 200, messageView(message));
  });

  server.delete<SidParams>('/Accounts/:AccountSid/Messages/:file', (request, reply) => {
    const message = store.get(sidOf(request.params.file));
    if (!message) return sendTwilioProblem(reply, 20404, request.url);
    if (IN_FLIGHT.has(message.status)) return sendTwilioProblem(reply, 30410);
    store.delete(message);
    record(context, message, 'delete');
    return reply.code(204).send();
  });
}

function createMessage(context: MessagesContext, order: SendOrder): Message {
  const { clock, ids, store, progress } = context;
  const now = clock.now();
  const message: Message = {
    sid: ids.sid(order.numMedia > 0 ? 'MM' : 'SM'),
    accountSid: context.world().account.sid,
    to: order.to,
    from: order.from,
    body: order.body,
    messagingServiceSid: order.service?.sid ?? null,
    status: order.sendAt === undefined ? (order.service ? 'accepted' : 'queued') : 'scheduled',
    errorCode: null,
    errorMessage: null,
    // A service splits the text only when it has chosen the sender.
    numSegments: order.service ? 0 : segmentsOf(order.body),
    numMedia: order.numMedia,
    direction: 'outbound-api',
    price: null,
    createdAt: now,
    updatedAt: now,
    sentAt: null,
    statusCallback: order.statusCallback,
  };
  store.add(message);
  record(context, message, 'create');
  progress.start(message, order.sendAt === undefined ? 0 : order.sendAt - now);
  return message;
}

function record(context: MessagesContext, message: Message, action: string): void {
  context.ledger.record({
    vendor: 'twilio',
    kind: 'message',
    action,
    account: message.accountSid,
    id: message.sid,
    key: message.statusCallback,
    to: message.to,
    body: message.body,
  });
}

function listView(context: MessagesContext, query: Form, url: string): Record<string, unknown> {
  const pageSize = query.whole('PageSize', 1, MAX_PAGE_SIZE, 50);
  const page = query.whole('Page', 0, Number.MAX_SAFE_INTEGER, 0);
  const after = query.text('PageToken')?.replace(/^PA/, '');
  const { messages, nextAfter } = context.store.list(readFilter(query), pageSize, after);
  const path = `/2010-04-01/Accounts/${context.world().account.sid}/Messages.json`;
  const uri = (changes: Record<string, string>): string => {
    const parameters = new URLSearchParams(url.split('?', 2)[1] ?? '');
    for (const [name, value] of Object.entries(changes)) parameters.set(name, value);
    return `${path}?${parameters.toString()}`;
  };
  const paging = { PageSize: String(pageSize), Page: String(page) };
  return {
    end: page * pageSize + Math.max(messages.length - 1, 0),
    first_page_uri: `${path}?PageSize=${String(pageSize)}&Page=0`,
    messages: messages.map(messageView),
    next_page_uri:
      nextAfter === undefined
        ? null
        : uri({ ...paging, Page: String(page + 1), PageToken: `PA${nextAfter}` }),
    page,
    page_size: pageSize,
    previous_page_uri: null,
    start: page * pageSize,
    uri: uri(paging),
  };
}

function sidOf(file: string): string {
  return file.replace(/\.json$/, '');
}
