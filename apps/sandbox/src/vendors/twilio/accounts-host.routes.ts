import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#libs/core';
import type { Ids } from '../../kit/ids.js';
import type { TruthLedger } from '../../kit/truth-ledger.js';
import { Form } from './form.js';
import type { BlockList } from './messages/block-list.js';
import { isoSeconds } from './services.routes.js';
import type { TwilioAccount } from './twilio-account.js';
import { sendJson, sendTwilioProblem } from './twilio-reply.js';

/** What the routes of `accounts.twilio.com` share. */
export interface AccountsHostContext {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly ledger: TruthLedger;
  readonly account: TwilioAccount;
  readonly blockList: BlockList;
  /** Called when credentials changed. */
  readonly credentialsChanged: () => void;
}

const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/);
const contactItem = z.object({
  contact_id: e164,
  correlation_id: z.string().length(32),
  country_iso_code: z.string().length(2).optional(),
  zip_code: z.string().optional(),
});
const consentItem = z.object({
  contact_id: e164,
  correlation_id: z.string().length(32),
  sender_id: z.string().min(1),
  status: z.enum(['opt-in', 'opt-out']),
  source: z.enum(['website', 'offline', 'opt-in-message', 'opt-out-message', 'others']),
  date_of_consent: z.string().optional(),
});

/** `accounts.twilio.com/v1`: bulk contacts and consents, and the secondary auth token with its promotion. */
export function addAccountsHostRoutes(server: FastifyInstance, context: AccountsHostContext): void {
  server.post('/v1/Contacts/Bulk', (request, reply) =>
    answerBulk(reply, Form.ofBody(request), contactItem, (item) =>
      record(context, 'bulk-contact', item.contact_id, item.correlation_id, item),
    ),
  );

  server.post('/v1/Consents/Bulk', (request, reply) =>
    answerBulk(reply, Form.ofBody(request), consentItem, (item) => {
      if (item.status === 'opt-out') context.blockList.block(item.contact_id, [item.sender_id]);
      else context.blockList.unblock(item.contact_id, [item.sender_id]);
      record(context, 'consent', item.contact_id, item.correlation_id, item);
    }),
  );

  addTokenRoutes(server, context);
}

/** 201 whatever the items: each has its own result, and a code other than 0 means that it failed. */
function answerBulk<T extends z.ZodType<{ correlation_id: string }>>(
  reply: FastifyReply,
  form: Form,
  schema: T,
  apply: (item: z.output<T>) => void,
): FastifyReply {
  const items = form.list('Items').flatMap(parseItems);
  if (items.length === 0) return sendTwilioProblem(reply, 20001, 'Items is required');
  const results = items.map((sent) => {
    const item = schema.safeParse(sent);
    if (item.success) {
      apply(item.data);
      return { correlation_id: item.data.correlation_id, error_code: 0, error_messages: [] };
    }
    const { correlation_id: correlationId = '' } = (sent ?? {}) as { correlation_id?: string };
    const messages = item.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { correlation_id: correlationId, error_code: 30646, error_messages: messages };
  });
  return sendJson(reply, 201, { items: results });
}

/** Each field holds one JSON object, or an array of them. */
function parseItems(text: string): unknown[] {
  try {
    const parsed = JSON.parse(text) as unknown;
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return [null];
  }
}

function record(context: AccountsHostContext, kind: string, id: string, key: string, item: unknown): void {
  const { ledger, account } = context;
  ledger.record({
    vendor: 'twilio',
    kind,
    action: 'update',
    account: account.sid,
    id,
    key,
    to: id,
    body: JSON.stringify(item),
  });
}

function addTokenRoutes(server: FastifyInstance, context: AccountsHostContext): void {
  const { account, ids, clock } = context;
  const view = (field: string, token: string): Record<string, unknown> => ({
    account_sid: account.sid,
    date_created: isoSeconds(clock.now()),
    date_updated: isoSeconds(clock.now()),
    [field]: token,
    url: 'https://accounts.twilio.com/v1/AuthTokens/Secondary',
  });

  server.post('/v1/AuthTokens/Secondary', (_request, reply) => {
    account.secondaryToken = ids.hex(16);
    context.credentialsChanged();
    return sendJson(reply, 201, view('secondary_auth_token', account.secondaryToken));
  });

  server.delete('/v1/AuthTokens/Secondary', (_request, reply) => {
    account.secondaryToken = undefined;
    context.credentialsChanged();
    return reply.code(204).send();
  });

  server.post('/v1/AuthTokens/Promote', (request, reply) => {
    if (account.secondaryToken === undefined) return sendTwilioProblem(reply, 20404, request.url);
    account.authToken = account.secondaryToken;
    account.secondaryToken = undefined;
    context.credentialsChanged();
    return sendJson(reply, 200, view('auth_token', account.authToken));
  });
}
