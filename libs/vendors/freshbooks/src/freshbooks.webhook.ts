import { digestOf } from '#libs/core';
import type {
  ChangeEvent,
  IgnoredItem,
  VendorWebhooks,
  WebhookRequest,
  WebhookResponse,
  WebhookVerdict,
} from '#libs/vendor-kit';
import { contactIdOfVendor } from './freshbooks.ids.js';
import { type FormFields, isSigned, readForm } from './freshbooks.signature.js';

/** The route of one subscription: the path holds its unguessable id, so that its handshake needs no other name. */
export const eventsRoute = {
  name: 'events',
  method: 'POST',
  path: 'freshbooks/:connectionId/:subscriptionId',
} as const;

const accepted: WebhookResponse = { status: 200, headers: {}, body: '' };
const refused: WebhookResponse = { status: 401, headers: {}, body: '' };

/** The event of the handshake. */
const VERIFY = 'callback.verify';
/** A body carries neither time nor number, so that arrivals of the same words within a minute count as one notice. */
const SAME_NOTICE_MS = 60_000;

/** Nouns of event names that we read, with the canonical type. */
const entityTypes = new Map([
  ['invoice', 'invoice'],
  ['payment', 'payment'],
  ['client', 'contact'],
  ['bill', 'bill'],
  ['bill_vendor', 'contact'],
  ['expense', 'expense'],
]);
/** Nouns that FreshBooks documents and flows do not use. */
const unusedNouns = new Set([
  'category',
  'credit_note',
  'estimate',
  'item',
  'project',
  'recurring',
  'service',
  'tax',
  'time_entry',
]);
const changeTypes = new Map<string, ChangeEvent['changeType']>([
  ['create', 'created'],
  ['update', 'updated'],
  ['delete', 'deleted'],
  ['sendByEmail', 'updated'],
]);

/**
 * FreshBooks' callbacks (freshbooks.com/api/webhooks): form posts that name an object and say nothing of its content, signed with the
 * verifier of their own callback. Before a callback is verified its URL gets the verifier itself.
 */
export const freshbooksWebhooks: VendorWebhooks = {
  routes: [eventsRoute],
  maxBodyBytes: 64 * 1024,
  // 10 s is what a third-party description says; nothing official does.
  deadlineMs: 8000,
  keyScope: 'connection',
  unknownKeyResponse: refused,
  receive(request, keys, connection) {
    const fields = readForm(request.rawBody);
    const verifier = fields.get('verifier');
    if (verifier && (fields.get('name') ?? VERIFY) === VERIFY) return handshake(request, fields, verifier);
    const signature = request.headers['x-freshbooks-hmac-sha256'];
    if (!signature) return { kind: 'rejected', reason: 'signature-missing', response: refused };
    if (keys.length === 0) return { kind: 'rejected', reason: 'no-key', response: refused };
    if (!isSigned(fields, signature, ownKeyFirst(request, keys)))
      return { kind: 'rejected', reason: 'signature-invalid', response: refused };
    return readEvent(request, fields, connection?.accountId);
  },
};

/** Whoever sends it: FreshBooks itself says whether the verifier is right when it is confirmed. */
function handshake(request: WebhookRequest, fields: FormFields, secret: string): WebhookVerdict {
  const remoteId = fields.get('object_id') ?? fields.get('callbackid') ?? fields.get('callback_id') ?? null;
  return {
    kind: 'handshake',
    response: accepted,
    proof: { subscriptionId: request.params['subscriptionId'] ?? '', remoteId, secret },
  };
}

function ownKeyFirst<T extends { readonly keyId: string }>(
  { params }: WebhookRequest,
  keys: readonly T[],
): T[] {
  const isOwn = ({ keyId }: T): boolean => keyId === params['subscriptionId'];
  return [...keys.filter(isOwn), ...keys.filter((key) => !isOwn(key))];
}

function readEvent(
  request: WebhookRequest,
  fields: FormFields,
  connectedAccount: string | undefined,
): WebhookVerdict {
  const moment =
    request.receivedAt === undefined ? null : String(Math.floor(request.receivedAt / SAME_NOTICE_MS));
  const webhookId = digestOf('freshbooks', request.rawBody.toString('base64'), moment ?? '');
  const [name, objectId, accountId] = ['name', 'object_id', 'account_id'].map((field) => fields.get(field));
  if (!name || !objectId || !accountId)
    return {
      kind: 'malformed',
      webhookId,
      reason: 'the form lacks name, object_id or account_id',
      response: accepted,
    };
  if (connectedAccount !== undefined && accountId !== connectedAccount)
    return { kind: 'rejected', reason: 'wrong-account', response: refused };
  const item = toEvent(name, objectId, accountId, moment);
  const isEvent = 'kind' in item;
  return {
    kind: 'accepted',
    webhookId,
    events: isEvent ? [item] : [],
    ignored: isEvent ? [] : [item],
    response: accepted,
  };
}

function toEvent(
  name: string,
  objectId: string,
  accountId: string,
  sequence: string | null,
): ChangeEvent | IgnoredItem {
  const [noun = '', verb = ''] = name.split('.');
  const entityType = entityTypes.get(noun);
  if (entityType === undefined)
    return {
      reason: unusedNouns.has(noun) ? 'unsubscribed-category' : 'unknown-category',
      what: name.slice(0, 40),
    };
  return {
    kind: 'change',
    accountId,
    entityType,
    entityId: noun === 'bill_vendor' ? contactIdOfVendor(objectId) : objectId,
    changeType: changeTypes.get(verb) ?? 'unknown',
    sourceTime: null,
    sequence,
  };
}
