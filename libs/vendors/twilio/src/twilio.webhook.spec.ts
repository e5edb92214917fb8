import type { WebhookRequest, WebhookVerdict } from '#libs/vendor-kit';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { optOutTypeOf } from './twilio.opt-out.js';
import { expectedSignature, readForm } from './twilio.signature.js';
import { twilioWebhooks } from './twilio.webhook.js';

const token = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const account = { accountId: 'AC1' };

function receive(
  routeName: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
  connection: { readonly accountId: string } | null = account,
): WebhookVerdict {
  const route = twilioWebhooks.routes.find(({ name }) => name === routeName);
  if (!route) throw new Error('no route');
  const rawBody = Buffer.from(new URLSearchParams(fields).toString());
  const publicUrl = 'https://ledgerwire.example/hook';
  const signature = expectedSignature(token, publicUrl, readForm(rawBody));
  const request: WebhookRequest = {
    route,
    method: 'POST',
    publicUrl,
    params: { connectionId: 'c1', commandId: 'cmd-1' },
    headers: { 'x-twilio-signature': signature, ...headers },
    rawBody,
  };
  return twilioWebhooks.receive(request, [{ keyId: 'primary', secret: token }], connection);
}

const status = { AccountSid: 'AC1', MessageSid: 'SM1', MessageStatus: 'sent' };
const idOf = (verdict: WebhookVerdict): string | undefined =>
  'webhookId' in verdict ? verdict.webhookId : undefined;

test('refuses a callback of another account even when it is rightly signed', () => {
  expect(receive('status', { ...status, AccountSid: 'AC2' })).toMatchObject({
    kind: 'rejected',
    reason: 'wrong-account',
    response: { status: 403 },
  });
  expect(receive('status', status, {}, null)).toMatchObject({ kind: 'rejected', reason: 'wrong-account' });
});

test('repeats of one delivery have one id; another status has another', () => {
  const first = receive('status', status, { 'i-twilio-idempotency-token': 'delivery-1' });
  const again = receive(
    'status',
    { ...status, NewParameter: 'x' },
    { 'i-twilio-idempotency-token': 'delivery-1' },
  );
  expect(idOf(first)).toBe(idOf(again));
  expect(idOf(receive('status', status))).toBe(idOf(receive('status', status)));
  expect(idOf(receive('status', { ...status, MessageStatus: 'delivered' }))).not.toBe(
    idOf(receive('status', status)),
  );
});

test('sets a signed callback aside that lacks what is documented, and still answers as Twilio wants', () => {
  expect(receive('status', { AccountSid: 'AC1', MessageSid: 'SM1' })).toMatchObject({
    kind: 'malformed',
    response: { status: 204 },
  });
  expect(receive('inbound', { AccountSid: 'AC1', MessageSid: 'SM1', From: '+1' })).toMatchObject({
    kind: 'malformed',
    response: { status: 200, headers: { 'content-type': 'text/xml; charset=utf-8' } },
  });
});

test('sets a signed callback aside whose id or status is longer than any of Twilio, and takes the longest that it may have', () => {
  const [longest, overlong] = ['字'.repeat(100), '字'.repeat(101)];
  const text = { AccountSid: 'AC1', From: '+1', To: '+2' };
  expect(receive('status', { ...status, MessageSid: longest })).toMatchObject({ kind: 'accepted' });
  for (const [route, fields] of [
    ['status', { ...status, MessageSid: overlong }],
    ['service-status', { ...status, MessageStatus: overlong }],
    ['inbound', { ...text, MessageSid: overlong }],
  ] as const) {
    expect(receive(route, fields)).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('more than 100 characters'),
    });
  }
});

test('an error code that is no number is none', () => {
  expect(receive('status', { ...status, ErrorCode: '' })).toMatchObject({ events: [{ errorCode: null }] });
  expect(receive('status', { ...status, ErrorCode: '30008' })).toMatchObject({
    events: [{ errorCode: 30_008 }],
  });
});

test.each([
  ['STOP', 'STOP'],
  [' stop ', 'STOP'],
  ['Unsubscribe', 'STOP'],
  ['OPTOUT', 'STOP'],
  ['start', 'START'],
  ['UNSTOP', 'START'],
  ['HELP', 'HELP'],
  ['please stop', null],
  ['STOPP', null],
  ['', null],
])('the text "%s" means %s', (body, expected) => {
  expect(optOutTypeOf(undefined, body)).toBe(expected);
});

test('Twilio’s own word goes before the text', () => {
  expect(optOutTypeOf('START', 'STOP')).toBe('START');
  expect(optOutTypeOf('SOMETHING', 'help')).toBe('HELP');
});

interface EmailEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const anEvent = (word: string, data: Readonly<Record<string, unknown>> = {}): EmailEvent => ({
  id: `EZ-${word}`,
  type: `com.twilio.comms-api.message.${word}`,
  data: { operation_id: 'op1', tags: { 'ledgerwire-command': 'cmd-1' }, ...data },
});

/** A delivery of Event Streams, signed as Twilio signs it unless the test says differently. */
function receiveEvents(
  body: string,
  { signedBody = body, hash = true }: { readonly signedBody?: string; readonly hash?: boolean } = {},
): WebhookVerdict {
  const route = twilioWebhooks.routes.find(({ name }) => name === 'email-events');
  if (!route) throw new Error('no route');
  const digest = createHash('sha256').update(signedBody).digest('hex');
  const publicUrl = `https://ledgerwire.example/hook${hash ? `?bodySHA256=${digest}` : ''}`;
  const params = hash ? new Map<string, string[]>() : readForm(Buffer.from(body));
  const request: WebhookRequest = {
    route,
    method: 'POST',
    publicUrl,
    params: { connectionId: 'c1' },
    headers: { 'x-twilio-signature': expectedSignature(token, publicUrl, params) },
    rawBody: Buffer.from(body),
  };
  return twilioWebhooks.receive(request, [{ keyId: 'primary', secret: token }], account);
}

test('makes delivery reports of e-mail events, in the words of the Email API', () => {
  const words = ['queued', 'sent', 'delivered', 'undelivered', 'failed', 'read'];
  const verdict = receiveEvents(JSON.stringify(words.map((word) => anEvent(word, { error_code: '30008' }))));
  expect(verdict).toMatchObject({ kind: 'accepted', response: { status: 204 } });
  const events = verdict.kind === 'accepted' ? verdict.events : [];
  expect(events.map((event) => event.kind === 'delivery' && event.status)).toEqual([
    'QUEUED',
    'SENT',
    'DELIVERED',
    'UNDELIVERED',
    'FAILED',
    'OPENED',
  ]);
  expect(events[0]).toMatchObject({
    commandId: 'cmd-1',
    messageSid: 'op1',
    channel: 'email',
    errorCode: 30008,
  });
});

test('refuses e-mail events whose bytes are not the signed ones, or are not signed', () => {
  const body = JSON.stringify([anEvent('delivered')]);
  const forged = body.replace('op1', 'op2');
  expect(receiveEvents(forged, { signedBody: body })).toMatchObject({
    kind: 'rejected',
    reason: 'body-hash-invalid',
  });
  // Spaces that a parser would drop count as well.
  expect(receiveEvents(`${body} `, { signedBody: body })).toMatchObject({ kind: 'rejected' });
  expect(receiveEvents(body, { hash: false })).toMatchObject({
    kind: 'rejected',
    reason: 'body-hash-invalid',
    response: { status: 403 },
  });
});

test('leaves out texts, other accounts and types that say nothing of one message', () => {
  const verdict = receiveEvents(
    JSON.stringify([
      anEvent('sent', { tags: null, to: { channel: 'SMS' } }),
      anEvent('sent', { account_sid: 'AC2' }),
      { ...anEvent('sent'), type: 'com.twilio.messaging.message.sent' },
      anEvent('sent', { tags: null, to: { channel: 'EMAIL' }, data: null }),
    ]),
  );
  expect(verdict).toMatchObject({
    kind: 'accepted',
    events: [{ commandId: null, messageSid: 'op1' }],
    ignored: [
      { reason: 'unsubscribed-category' },
      { reason: 'foreign-account' },
      { reason: 'unknown-event-type' },
    ],
  });
});

test('takes no id that is longer than any of Twilio for that of an e-mail, and no tag for a command that is longer than any of ours', () => {
  const overlong = 'x'.repeat(101);
  const tags = { 'ledgerwire-command': overlong };
  expect(receiveEvents(JSON.stringify([anEvent('sent', { operation_id: overlong })]))).toMatchObject({
    kind: 'malformed',
  });
  expect(receiveEvents(JSON.stringify([anEvent('sent', { tags, to: { channel: 'EMAIL' } })]))).toMatchObject({
    events: [{ commandId: null, messageSid: 'op1' }],
  });
});

test.each(['', '{}', '[{"id":"E1"}]', '[{"id":"E1","type":"com.twilio.comms-api.message.sent","data":{}}]'])(
  'sets signed e-mail events aside that cannot be read: %s',
  (body) => {
    expect(receiveEvents(body)).toMatchObject({ kind: 'malformed', response: { status: 204 } });
  },
);

test('repeats of one delivery of events have one id', () => {
  const body = JSON.stringify([anEvent('sent'), anEvent('delivered')]);
  expect(idOf(receiveEvents(body))).toBe(idOf(receiveEvents(body)));
  expect(idOf(receiveEvents(JSON.stringify([anEvent('sent')])))).not.toBe(idOf(receiveEvents(body)));
});
