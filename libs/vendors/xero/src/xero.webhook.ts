import { digestOf } from '#libs/core';
import {
  type ChangeEvent,
  type IgnoredItem,
  signatureEquals,
  type VendorWebhooks,
  type VerificationKey,
  type WebhookRequest,
  type WebhookResponse,
  type WebhookVerdict,
} from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { instantOf } from './xero.dates.js';

const body = z.object({ events: z.array(z.unknown()) });
const event = z.object({
  resourceId: z.string().min(1),
  tenantId: z.string().min(1),
  eventCategory: z.string(),
  eventType: z.string(),
  eventDateUtc: z.string(),
});
type XeroEvent = z.infer<typeof event>;

/** Xero wants answers without body; anything but 200 and 401 keeps a subscription off. */
const accepted: WebhookResponse = { status: 200, headers: {}, body: '' };
const refused: WebhookResponse = { status: 401, headers: {}, body: '' };

/** Webhook categories that we fetch. Payments have none. */
const entityTypes = new Map([
  ['INVOICE', 'invoice'],
  ['CONTACT', 'contact'],
]);
/** Categories that Xero has and we do not use (1 October 2026). */
const unusedCategories = new Set(['CREDITNOTE', 'PREPAYMENT', 'OVERPAYMENT', 'SUBSCRIPTION']);
const changeTypes = new Map<string, ChangeEvent['changeType']>([
  ['CREATE', 'created'],
  ['UPDATE', 'updated'],
]);

/**
 * Xero's webhooks (developer.xero.com, "Webhooks"): one key per app, Base64 HMAC-SHA256 of the raw body in
 * `x-xero-signature`, 5 s to answer. The intent to receive is an empty list of events, rightly or wrongly signed.
 */
export const xeroWebhooks: VendorWebhooks = {
  routes: [{ name: 'events', method: 'POST', path: 'xero' }],
  maxBodyBytes: 1024 * 1024,
  deadlineMs: 5000,
  keyScope: 'app',
  unknownKeyResponse: refused,
  receive(request, keys) {
    const signature = request.headers['x-xero-signature'];
    if (!signature) return { kind: 'rejected', reason: 'signature-missing', response: refused };
    if (keys.length === 0) return { kind: 'rejected', reason: 'no-key', response: refused };
    if (!isSigned(request, signature, keys))
      return { kind: 'rejected', reason: 'signature-invalid', response: refused };
    return readBody(request.rawBody);
  },
};

function isSigned(request: WebhookRequest, signature: string, keys: readonly VerificationKey[]): boolean {
  return keys.some(({ secret }) =>
    signatureEquals(signature, createHmac('sha256', secret).update(request.rawBody).digest('base64')),
  );
}

function readBody(rawBody: Buffer): WebhookVerdict {
  const text = rawBody.toString('utf8');
  const webhookId = digestOf('xero', text);
  const malformed = (reason: string): WebhookVerdict => ({
    kind: 'malformed',
    webhookId,
    reason,
    response: accepted,
  });
  const parsed = body.safeParse(parseJson(text));
  if (!parsed.success) return malformed('the body is not a JSON object with a list of events');
  if (parsed.data.events.length === 0) return { kind: 'handshake', response: accepted };
  const events: ChangeEvent[] = [];
  const ignored: IgnoredItem[] = [];
  for (const item of parsed.data.events) {
    const read = event.safeParse(item);
    if (!read.success) return malformed('an event lacks a field that Xero documents');
    const result = toChange(read.data);
    if (result === undefined) return malformed('an event has a time that cannot be read');
    if ('kind' in result) events.push(result);
    else ignored.push(result);
  }
  return { kind: 'accepted', webhookId, events, ignored, response: accepted };
}

function toChange(item: XeroEvent): ChangeEvent | IgnoredItem | undefined {
  const entityType = entityTypes.get(item.eventCategory);
  if (entityType === undefined) {
    const known = unusedCategories.has(item.eventCategory);
    return {
      reason: known ? 'unsubscribed-category' : 'unknown-category',
      what: item.eventCategory.slice(0, 40),
    };
  }
  const sourceTime = instantOf(item.eventDateUtc);
  if (sourceTime === undefined) return undefined;
  return {
    kind: 'change',
    accountId: item.tenantId,
    entityType,
    entityId: item.resourceId,
    changeType: changeTypes.get(item.eventType) ?? 'unknown',
    sourceTime,
    // Xero's sequence numbers belong to a delivery; whether a repeat keeps them is not documented.
    sequence: null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
