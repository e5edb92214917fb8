import { digestOf } from '#libs/core';
import type {
  CommunicationEvent,
  DeliveryEvent,
  VendorWebhooks,
  WebhookRequest,
  WebhookResponse,
  WebhookRoute,
  WebhookVerdict,
} from '#libs/vendor-kit';
import { readEmailEvents } from './twilio.email-events.js';
import { optOutTypeOf } from './twilio.opt-out.js';
import { LONGEST_SID } from './twilio.sid.js';
import { checkSignature, type FormParams, hasBodyHash, readForm } from './twilio.signature.js';

const statusRoute: WebhookRoute = {
  name: 'status',
  method: 'POST',
  path: 'twilio/:connectionId/status/:commandId',
};
/** For messages that were not sent by us, when the Messaging Service names this URL. */
const foreignStatusRoute: WebhookRoute = {
  name: 'service-status',
  method: 'POST',
  path: 'twilio/:connectionId/status',
};
const inboundRoute: WebhookRoute = { name: 'inbound', method: 'POST', path: 'twilio/:connectionId/inbound' };

/** Where a webhook sink of Event Streams sends what becomes of e-mails; the Email API has no callbacks of its own. */
const emailEventsRoute: WebhookRoute = {
  name: 'email-events',
  method: 'POST',
  path: 'twilio/:connectionId/email-events',
};

const noContent: WebhookResponse = { status: 204, headers: {}, body: '' };
/** An empty TwiML answer sends no reply; a plain text could be sent to the customer. */
const noReply: WebhookResponse = {
  status: 200,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
};
const forbidden: WebhookResponse = { status: 403, headers: {}, body: '' };

/**
 * Status callbacks, inbound messages and events of e-mails. Signed with the account's auth token, so the connection in the path decides which
 * one; the AccountSid in the body must be that connection's. There is no time in the signature: a replay is harmless
 * because ids of records come from the SID and status.
 */
export const twilioWebhooks: VendorWebhooks = {
  routes: [statusRoute, foreignStatusRoute, inboundRoute, emailEventsRoute],
  // Callbacks are small; Event Streams gathers events.
  maxBodyBytes: 256 * 1024,
  // 15 s in all; the connect time-out of 5 s is the only failure that Twilio repeats by default.
  deadlineMs: 10_000,
  keyScope: 'connection',
  unknownKeyResponse: forbidden,
  receive(request, keys, connection) {
    const check = checkSignature(request, keys);
    if (check !== 'valid') return { kind: 'rejected', reason: check, response: forbidden };
    if (request.route.name === emailEventsRoute.name) return readEvents(request, connection);
    const params = readForm(request.rawBody);
    if (connection === null || first(params, 'AccountSid') !== connection.accountId)
      return { kind: 'rejected', reason: 'wrong-account', response: forbidden };
    return request.route.name === inboundRoute.name
      ? readInbound(request, params, connection.accountId)
      : readStatus(request, params, connection.accountId);
  },
};

/**
 * Event Streams sends JSON, whose bytes are signed by their hash in the URL. A body without that hash is not signed at all, so it
 * is refused even when the URL's signature is right.
 */
function readEvents(
  request: WebhookRequest,
  connection: { readonly accountId: string } | null,
): WebhookVerdict {
  if (!hasBodyHash(request.publicUrl))
    return { kind: 'rejected', reason: 'body-hash-invalid', response: forbidden };
  if (connection === null) return { kind: 'rejected', reason: 'wrong-account', response: forbidden };
  const read = readEmailEvents(request.rawBody, connection.accountId);
  if (!read) return malformed(request, 'e-mail events that are not the documented CloudEvents', noContent);
  const { ids, events, ignored } = read;
  return {
    kind: 'accepted',
    webhookId: digestOf('twilio', ...ids),
    events,
    ignored,
    response: noContent,
  };
}

function readStatus(request: WebhookRequest, params: FormParams, accountId: string): WebhookVerdict {
  const messageSid = first(params, 'MessageSid') ?? first(params, 'SmsSid');
  const status = first(params, 'MessageStatus') ?? first(params, 'SmsStatus');
  if (!messageSid || !status)
    return malformed(request, 'a status callback without MessageSid or MessageStatus', noContent);
  if (isOverlong(messageSid, status)) return malformed(request, OVERLONG, noContent);
  const event: DeliveryEvent = {
    kind: 'delivery',
    accountId,
    commandId: request.params['commandId'] ?? null,
    messageSid,
    channel: 'sms',
    status,
    errorCode: errorCodeIn(params),
  };
  return accepted(request, event, `${messageSid} ${status}`, noContent);
}

function readInbound(request: WebhookRequest, params: FormParams, accountId: string): WebhookVerdict {
  const sid = first(params, 'MessageSid') ?? first(params, 'SmsSid');
  const from = first(params, 'From');
  const to = first(params, 'To');
  if (!sid || !from || !to)
    return malformed(request, 'an inbound message without MessageSid, From or To', noReply);
  if (isOverlong(sid)) return malformed(request, OVERLONG, noReply);
  const body = first(params, 'Body') ?? null;
  const status = first(params, 'SmsStatus') ?? 'received';
  const event: CommunicationEvent = {
    kind: 'communication',
    accountId,
    sid,
    communicationKind: 'sms',
    direction: 'inbound',
    from,
    to,
    body,
    status,
    optOutType: optOutTypeOf(first(params, 'OptOutType'), body),
    messagingServiceSid: first(params, 'MessagingServiceSid') || null,
  };
  return accepted(request, event, `${sid} ${status}`, noReply);
}

function accepted(
  request: WebhookRequest,
  event: DeliveryEvent | CommunicationEvent,
  identity: string,
  response: WebhookResponse,
): WebhookVerdict {
  const token = request.headers['i-twilio-idempotency-token'];
  const webhookId = digestOf('twilio', token || identity);
  return { kind: 'accepted', webhookId, events: [event], ignored: [], response };
}

function malformed(request: WebhookRequest, reason: string, response: WebhookResponse): WebhookVerdict {
  return {
    kind: 'malformed',
    webhookId: digestOf('twilio', request.rawBody.toString('base64')),
    reason,
    response,
  };
}

const OVERLONG = `a MessageSid or MessageStatus of more than ${LONGEST_SID} characters`;

function isOverlong(...words: readonly string[]): boolean {
  return words.some((word) => word.length > LONGEST_SID);
}

function first(params: FormParams, name: string): string | undefined {
  return params.get(name)?.[0];
}

function errorCodeIn(params: FormParams): number | null {
  const code = Number(first(params, 'ErrorCode'));
  return Number.isSafeInteger(code) && code > 0 ? code : null;
}
