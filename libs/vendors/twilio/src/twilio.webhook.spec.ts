import type { WebhookRequest, WebhookVerdict } from '#libs/vendor-kit';
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
