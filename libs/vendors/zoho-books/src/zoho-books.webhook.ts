import { digestOf } from '#libs/core';
import {
  type ChangeEvent,
  parseExactJson,
  type VendorWebhooks,
  type WebhookRequest,
  type WebhookResponse,
  type WebhookVerdict,
} from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Collection, collectionOf } from './zoho-books.collections.js';
import { isForm, isSigned, type SignedParts } from './zoho-books.signature.js';
import { instantOf } from './zoho-books.times.js';

const accepted: WebhookResponse = { status: 200, headers: {}, body: '' };
const refused: WebhookResponse = { status: 401, headers: {}, body: '' };

/** Secrets of a webhook in Zoho Books have 12 to 50 letters and digits. */
const SECRET_LENGTH = 48;

/** The first word of a rule's name in the URL, `<entity>-<what happened>`. */
const ruleEntities: Readonly<Record<string, string>> = {
  invoice: 'invoice',
  bill: 'bill',
  'purchase-order': 'purchaseOrder',
  payment: 'payment',
  'vendor-payment': 'vendorPayment',
  expense: 'expense',
  contact: 'contact',
};
const ruleName = new RegExp(`^(${Object.keys(ruleEntities).join('|')})-([a-z][a-z-]{0,40})$`);
/** Everything else that a rule may be called (sent, overdue, changed) is a change like any other. */
const changeTypes: Readonly<Record<string, ChangeEvent['changeType']>> = {
  created: 'created',
  recorded: 'created',
  received: 'created',
  deleted: 'deleted',
};

const fields = z.record(z.string(), z.unknown());

/**
 * Zoho Books' webhooks: the action of a workflow rule that the organisation sets up (zoho.com/books/help, "Webhooks"). The payload
 * names neither the organisation nor what happened, so each rule has a URL of its own, `/webhooks/zoho-books/<connection>/<rule>`, and
 * each connection a secret of its own. A webhook only says that something changed: the state is read from the API.
 */
export const zohoBooksWebhooks: VendorWebhooks = {
  routes: [{ name: 'rule', method: 'POST', path: 'zoho-books/:connectionId/:rule' }],
  maxBodyBytes: 5 * 1024 * 1024,
  // Zoho documents no deadline for Books; 15 s is that of its Payments.
  deadlineMs: 10_000,
  keyScope: 'connection',
  deriveKey: (appKey, connectionId) =>
    createHmac('sha256', appKey)
      .update(`zoho-books webhook of ${connectionId}`)
      .digest('hex')
      .slice(0, SECRET_LENGTH),
  unknownKeyResponse: refused,
  receive(request, keys, connection) {
    const signature = request.headers['x-zoho-webhook-signature'];
    if (!signature) return { kind: 'rejected', reason: 'signature-missing', response: refused };
    if (keys.length === 0 || !connection) return { kind: 'rejected', reason: 'no-key', response: refused };
    if (!isSigned(partsOf(request), signature, keys))
      return { kind: 'rejected', reason: 'signature-invalid', response: refused };
    return read(request, connection.accountId);
  },
};

function partsOf({ publicUrl, headers, rawBody }: WebhookRequest): SignedParts {
  return { publicUrl, contentType: headers['content-type'], rawBody };
}

function read(request: WebhookRequest, accountId: string): WebhookVerdict {
  const rule = request.params['rule'] ?? '';
  const webhookId = digestOf('zoho-books', accountId, rule, request.rawBody.toString('base64'));
  const malformed = (reason: string): WebhookVerdict => ({
    kind: 'malformed',
    webhookId,
    reason,
    response: accepted,
  });
  const [, entity = '', happened = ''] = ruleName.exec(rule) ?? [];
  const entityType = ruleEntities[entity];
  if (entityType === undefined)
    return malformed('the end of the URL is no rule that is known, e.g. invoice-created');
  const collection = collectionOf(entityType);
  const body = fields.safeParse(payloadOf(request)).data;
  if (!body) return malformed('the body is not a JSON object, nor a form with JSONString');
  const record = entityIn(body, collection);
  const id = fields.safeParse(record).data?.[collection.idField];
  if (typeof id !== 'string' || !/^\d{1,30}$/.test(id))
    return malformed(`the body has no ${collection.idField} as the rule of this URL needs it`);
  const event: ChangeEvent = {
    kind: 'change',
    accountId,
    entityType,
    entityId: id,
    changeType: changeTypes[happened] ?? 'updated',
    ...versionOf(record, webhookId),
  };
  return { kind: 'accepted', webhookId, events: [event], ignored: [], response: accepted };
}

/** A body without the time of the change stands for itself: a repeat has the same bytes. */
function versionOf(
  record: Readonly<Record<string, unknown>>,
  webhookId: string,
): Pick<ChangeEvent, 'sourceTime' | 'sequence'> {
  const text = record['last_modified_time'];
  const sourceTime = typeof text === 'string' ? instantOf(text) : undefined;
  return sourceTime === undefined
    ? { sourceTime: null, sequence: webhookId }
    : { sourceTime, sequence: null };
}

/** The whole record under its own name (Zoho's default), or the fields of a body that the organisation wrote itself. */
function entityIn(
  body: Readonly<Record<string, unknown>>,
  { singular }: Collection,
): Record<string, unknown> {
  const wrapped = singular.map((name) => fields.safeParse(body[name]).data).find((value) => value);
  return wrapped ?? body;
}

/** JSON, or JSON in the form field `JSONString`, as older webhooks send it, or the form's own fields. */
function payloadOf({ headers, rawBody }: WebhookRequest): unknown {
  const text = rawBody.toString('utf8');
  if (!isForm(headers['content-type'])) return parseJson(text);
  const form = new URLSearchParams(text);
  const json = form.get('JSONString');
  return json === null ? Object.fromEntries(form) : parseJson(json);
}

function parseJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}
