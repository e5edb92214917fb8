import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { TruthLedger } from '../../../kit/truth-ledger.js';
import { Form } from '../form.js';
import { sendJson, sendTwilioProblem } from '../twilio-reply.js';
import { type Email, emailOrderSchema, emailView, operationView } from './email-types.js';
import type { EmailFilter, Emails } from './emails.js';

/** What the e-mail routes share. */
export interface EmailsContext {
  readonly emails: Emails;
  readonly ledger: TruthLedger;
  readonly accountSid: string;
  /** Scheme and host under which `comms.twilio.com` is mounted. */
  readonly baseUrl: () => string;
}

type WithId = { Params: { id: string } };
const MAX_PAGE_SIZE = 1000;

/** `comms.twilio.com/v1/Emails`: send, list, fetch, delete, and the operations of sends. */
export function addEmailRoutes(server: FastifyInstance, context: EmailsContext): void {
  const { emails } = context;

  server.post('/v1/Emails', (request, reply) => {
    const order = emailOrderSchema.safeParse(request.body);
    if (!order.success) return sendJson(reply, 400, problemsOf(order.error));
    const operation = emails.accept(order.data);
    for (const email of operation.emails) record(context, email, 'create');
    const operationLocation = `${context.baseUrl()}/v1/Emails/Operations/${operation.id}`;
    return sendJson(reply, 202, { operationId: operation.id, operationLocation });
  });

  server.get('/v1/Emails', (request, reply) => {
    const query = Form.ofQuery(request);
    const self = query.text('pageToken') ?? null;
    const pageSize = query.whole('pageSize', 1, MAX_PAGE_SIZE, 50);
    const page = emails.list(filterOf(query), pageSize, self ?? undefined);
    return sendJson(reply, 200, {
      emails: page.emails.map(emailView),
      pagination: { next: page.next, self },
    });
  });

  server.get<WithId>('/v1/Emails/:id', (request, reply) => {
    const email = emails.get(request.params.id);
    return email ? sendJson(reply, 200, emailView(email)) : sendTwilioProblem(reply, 20404, request.url);
  });

  server.delete<WithId>('/v1/Emails/:id', (request, reply) => {
    const email = emails.get(request.params.id);
    if (!email) return sendTwilioProblem(reply, 20404, request.url);
    emails.delete(email);
    record(context, email, 'delete');
    return reply.code(204).send();
  });

  server.get<WithId>('/v1/Emails/Operations/:id', (request, reply) => {
    const operation = emails.operation(request.params.id);
    return operation
      ? sendJson(reply, 200, operationView(operation))
      : sendTwilioProblem(reply, 20404, request.url);
  });
}

function record({ ledger, accountSid }: EmailsContext, email: Email, action: string): void {
  ledger.record({
    vendor: 'twilio',
    kind: 'email',
    action,
    account: accountSid,
    id: email.id,
    key: Object.values(email.tags)[0],
    to: email.to.address,
    body: email.content.html,
  });
}

function filterOf(query: Form): EmailFilter {
  const instant = (name: string): number | undefined => {
    const at = Date.parse(query.text(name) ?? '');
    return Number.isNaN(at) ? undefined : at;
  };
  return {
    operationId: query.text('operationId'),
    status: query.text('status'),
    tags: pairsOf(query.text('tags') ?? ''),
    createdFrom: instant('startDate'),
    createdBefore: instant('endDate'),
  };
}

/** `key:value;key:value;` */
function pairsOf(text: string): (readonly [string, string])[] {
  return text
    .split(';')
    .filter((pair) => pair.includes(':'))
    .map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)] as const);
}

/** All problems at once, as the reference promises; the exact shape of this body is not documented. */
function problemsOf(error: z.ZodError): Record<string, unknown> {
  const errors = error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  return { code: 20001, message: 'The request is not valid', status: 400, errors };
}
