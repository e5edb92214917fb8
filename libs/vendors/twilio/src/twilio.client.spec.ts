import type { MessageCommand } from '#libs/contracts';
import {
  answeringCall,
  type MessageState,
  plainConnection,
  VendorError,
  deliveryFailureOf,
  messageFailureOf,
} from '#libs/vendor-kit';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { twilioMessaging } from './twilio.client.js';

const accountSid = 'AC0123456789abcdef0123456789abcdef';
const serviceSid = `MG${'0'.repeat(32)}`;
const fixture = (name: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as Record<
    string,
    Record<string, unknown>
  >;
const message = fixture('message.json')['message'];
const email = fixture('email.json')['email'];

function calling(
  reply: Parameters<typeof answeringCall>[1],
  settings: Readonly<Record<string, string>> = {
    messagingServiceSid: serviceSid,
    emailFrom: 'billing@ledger.example',
  },
): ReturnType<typeof answeringCall> {
  const connection = plainConnection('twilio', accountSid, { settings });
  const baseUrls = { api: 'https://api.twilio.com', comms: 'https://comms.twilio.com' };
  return answeringCall({ connection, baseUrls }, reply);
}

const command: MessageCommand = {
  commandId: '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  workspaceId: 'w1',
  connectionId: 't1',
  flowId: 'f',
  flowVersion: 1,
  flowStep: 's',
  businessEvent: 'invoice/1/issued',
  channel: 'sms',
  to: '+64215550100',
  recipientKind: 'customer',
  sender: null,
  subject: null,
  body: 'Invoice INV-1 is due',
  html: null,
  sourceConnectionId: 'x1',
  sourceVendor: 'xero',
  entityType: 'invoice',
  entityId: '1',
  entityNumber: 'INV-1',
  recordId: 'r',
  origin: 'webhook',
  uncertainPolicy: 'never',
  createdAt: 0,
  notAfter: null,
  firstNoticedAt: 0,
  resendOf: null,
  onFailure: [],
  quietSpans: [],
};
const mail: MessageCommand = {
  ...command,
  channel: 'email',
  to: 'ina@cityagency.example',
  subject: 'Invoice',
  body: 'Dear {{ name }},\n1 < 2',
};
const callback = { statusCallbackUrl: 'https://ledgerwire.example/webhooks/twilio/t1/status/cmd' };

test('sends by Messaging Service with a callback that Twilio repeats, once and for all', async () => {
  const { call, asked } = calling(() => ({ status: 201, json: message }));
  const receipt = await twilioMessaging.send(call, command, callback);
  expect(receipt).toEqual({ messageSid: message?.['sid'], status: 'accepted' });
  expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
    To: '+64215550100',
    Body: 'Invoice INV-1 is due',
    MessagingServiceSid: serviceSid,
    StatusCallback: `${callback.statusCallbackUrl}#rc=3&rp=5xx,ct,rt`,
  });
  expect(asked[0]).toMatchObject({
    url: `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json`,
    repeatable: false,
    operationClass: 'write',
  });
});

test('sends from a number, and from the sender that the command names', async () => {
  const { call, asked } = calling(() => ({ json: message }), {
    from: '+15005550006',
    validitySeconds: '600',
  });
  await twilioMessaging.send(call, command, callback);
  await twilioMessaging.send(call, { ...command, sender: serviceSid }, callback);
  const forms = asked.map(({ body }) => new URLSearchParams(body));
  expect(forms[0]?.get('From')).toBe('+15005550006');
  expect(forms[0]?.get('ValidityPeriod')).toBe('600');
  expect(forms[1]?.get('From')).toBeNull();
  expect(forms[1]?.get('MessagingServiceSid')).toBe(serviceSid);
});

test('does not call Twilio without a sender', async () => {
  const { call, asked } = calling(() => ({}), {});
  const missing = { code: 'vendor-misconfigured', disposition: 'park', effect: 'none' };
  await expect(twilioMessaging.send(call, command, callback)).rejects.toMatchObject(missing);
  await expect(twilioMessaging.send(call, mail, callback)).rejects.toMatchObject(missing);
  expect(asked).toHaveLength(0);
});

test('an answer that cannot be read after a send leaves the outcome unknown and shows nothing', async () => {
  for (const one of [command, mail]) {
    const { call } = calling(() => ({ status: 201, json: { to: '+64215550100', body: 'secret text' } }));
    const error = await twilioMessaging.send(call, one, callback).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'vendor-bad-answer', effect: 'unknown' });
    expect(inspect(error, { depth: 10 })).not.toMatch(/secret text|\+6421/);
  }
});

test('reads a message with its price and segments once Twilio knows them', async () => {
  const fresh = calling(() => ({ json: message }));
  const sms = { channel: 'sms', messageSid: 'SM1' } as const;
  expect(await twilioMessaging.fetch(fresh.call, sms)).toMatchObject({
    segments: null,
    price: null,
    from: null,
    createdAt: Date.UTC(2026, 10, 20, 1, 15, 39),
  });
  expect(fresh.asked[0]?.url).toBe(
    `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages/SM1.json`,
  );
  const later = calling(() => ({
    json: {
      ...message,
      num_segments: '2',
      price: '-0.0158',
      price_unit: 'usd',
      status: 'undelivered',
      error_code: 30_003,
    },
  }));
  expect(await twilioMessaging.fetch(later.call, sms)).toMatchObject({
    segments: 2,
    price: { amount: '-0.0158', currency: 'USD' },
    status: 'undelivered',
    errorCode: 30_003,
  });
});

test('lists what went to a recipient, page by page, until it is older than the attempt', async () => {
  const at = (minute: number): string => `Fri, 20 Nov 2026 01:${String(minute).padStart(2, '0')}:00 +0000`;
  const pages = [
    {
      messages: [
        { ...message, sid: 'SM5', date_created: at(5) },
        { ...message, sid: 'SM4', date_created: at(4) },
      ],
      next_page_uri: `/2010-04-01/Accounts/${accountSid}/Messages.json?Page=1`,
    },
    {
      messages: [
        { ...message, sid: 'SM3', date_created: at(3) },
        { ...message, sid: 'SM2', date_created: at(2) },
      ],
      next_page_uri: '/2010-04-01/next',
    },
  ];
  const { call, asked } = calling((url) => ({ json: pages[url.searchParams.get('Page') === '1' ? 1 : 0] }));
  const createdAfter = Date.UTC(2026, 10, 20, 1, 3, 0, 400);
  const found = await twilioMessaging.list(call, { channel: 'sms', to: '+64215550100', createdAfter });
  expect(found.map(({ messageSid }) => messageSid)).toEqual(['SM5', 'SM4', 'SM3']);
  expect(new URL(asked[0]?.url ?? '').searchParams.get('To')).toBe('+64215550100');
  expect(asked).toHaveLength(2);
});

test('does not follow a next page to somewhere else', async () => {
  const { call } = calling(() => ({ json: { messages: [message], next_page_uri: '//evil.example/' } }));
  const listing = twilioMessaging.list(call, { channel: 'sms', to: '+64215550100', createdAfter: 0 });
  await expect(listing).rejects.toMatchObject({ code: 'vendor-bad-answer' });
});

test('recognises its own message by recipient, sender and exact text', async () => {
  const { call } = calling(() => ({ json: message }));
  const state: MessageState = {
    ...(await twilioMessaging.fetch(call, { channel: 'sms', messageSid: 'SM1' })),
    messagingServiceSid: serviceSid,
  };
  const same = (change: Partial<MessageState>): boolean =>
    twilioMessaging.isSameMessage(command, { ...state, ...change }, call.connection);
  expect(same({})).toBe(true);
  expect(same({ body: 'Sent from your Twilio trial account - Invoice INV-1 is due' })).toBe(true);
  expect(same({ body: 'Invoice INV-2 is due' })).toBe(false);
  expect(same({ to: '+64215550101' })).toBe(false);
  expect(same({ direction: 'inbound' })).toBe(false);
  expect(same({ messagingServiceSid: `MG${'1'.repeat(32)}` })).toBe(false);
});

test('sends an e-mail tagged with the command, with HTML, and nothing in it is a template', async () => {
  const { call, asked } = calling(() => ({ status: 202, json: { operationId: 'comms_operation_1' } }));
  expect(await twilioMessaging.send(call, mail, callback)).toEqual({
    messageSid: 'comms_operation_1',
    status: 'QUEUED',
  });
  expect(asked[0]).toMatchObject({ url: 'https://comms.twilio.com/v1/Emails', repeatable: false });
  const sent = JSON.parse(asked[0]?.body ?? '') as { content: Record<string, string>; tags: object };
  expect(sent.tags).toEqual({ 'ledgerwire-command': command.commandId });
  expect(sent.content).toEqual({
    subject: 'Invoice',
    text: 'Dear {\u2060{ name }},\n1 < 2',
    html: '<p>Dear &#123;{ name }},<br>1 &lt; 2</p>',
  });
});

test('finds the e-mail of an operation, or says that it is not there yet', async () => {
  const { call, asked } = calling(() => ({ json: { emails: [email], pagination: { next: null } } }));
  const ref = { channel: 'email', messageSid: 'comms_operation_1' } as const;
  expect(await twilioMessaging.fetch(call, ref)).toMatchObject({
    messageSid: 'comms_operation_1',
    status: 'DELIVERED',
    commandId: command.commandId,
  });
  expect(asked[0]?.url).toContain('operationId=comms_operation_1');
  const none = calling(() => ({ json: { emails: [] } }));
  await expect(twilioMessaging.fetch(none.call, ref)).rejects.toMatchObject({
    code: 'vendor-not-found',
    disposition: 'retry',
  });
});

test('recognises its own e-mail by its tag', async () => {
  const { call, asked } = calling((url) => ({
    json: {
      emails: [email, { ...email, tags: {} }],
      pagination: { next: url.searchParams.get('pageToken') ? null : 'more' },
    },
  }));
  const filter = {
    channel: 'email',
    to: mail.to,
    createdAfter: Date.UTC(2026, 10, 20),
    commandId: mail.commandId,
  } as const;
  const found = await twilioMessaging.list(call, filter);
  expect(found).toHaveLength(4);
  expect(new URL(asked[0]?.url ?? '').searchParams.get('tags')).toBe(`ledgerwire-command:${mail.commandId};`);
  expect(found.filter((state) => twilioMessaging.isSameMessage(mail, state, call.connection))).toHaveLength(
    2,
  );
});

test('ranks reports so that a late one never takes back a better one', () => {
  const order = ['accepted', 'queued', 'sending', 'sent', 'undelivered', 'delivered', 'read'];
  const ranks = order.map((status) => twilioMessaging.rankOf('sms', status).rank);
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  expect(new Set(ranks).size).toBe(ranks.length);
  expect(twilioMessaging.rankOf('sms', 'sent').final).toBe(false);
  expect(twilioMessaging.rankOf('sms', 'delivered')).toMatchObject({ final: true, delivered: true });
  expect(twilioMessaging.rankOf('email', 'UNDELIVERED')).toMatchObject({ final: true, delivered: false });
});

function refused(details: Partial<ConstructorParameters<typeof VendorError>[1]>): VendorError {
  return new VendorError('refused', {
    code: 'vendor-rejected',
    disposition: 'dead-letter',
    vendor: 'twilio',
    effect: 'none',
    ...details,
  });
}

test.each([
  ['a STOP', refused({ status: 400, vendorCode: '21610' }), 'opted-out', 'opted-out'],
  ['a landline', refused({ status: 400, vendorCode: '21614' }), 'recipient', 'not-a-mobile-number'],
  [
    'a country that is off',
    refused({ status: 400, vendorCode: '21408' }),
    'configuration',
    'country-not-enabled',
  ],
  ['a full queue', refused({ status: 400, vendorCode: '21611' }), 'transient', 'sender-queue-full'],
  [
    'an internal error',
    refused({ status: 500, vendorCode: '20500', effect: 'unknown' }),
    'ambiguous',
    'internal-error',
  ],
  ['an unknown refusal', refused({ status: 400, vendorCode: '29999' }), 'content', 'unlisted-content'],
  [
    'a lost answer',
    refused({ code: 'vendor-timeout', effect: 'unknown' }),
    'ambiguous',
    'unlisted-ambiguous',
  ],
  ['a refused connection', refused({ code: 'vendor-unreachable' }), 'transient', 'unlisted-transient'],
] as const)('says of %s what it means for the message', (_, error, errorClass, reason) => {
  expect(messageFailureOf(twilioMessaging, error)).toMatchObject({ class: errorClass, reason });
});

test('says of a failed delivery what it means, listed or not', () => {
  expect(deliveryFailureOf(twilioMessaging, 30_003)).toMatchObject({
    class: 'transient',
    maxRetries: 3,
    code: 30_003,
  });
  // A full queue empties in minutes or hours, not in seconds.
  for (const code of [21_611, 30_001, 63_018])
    expect(deliveryFailureOf(twilioMessaging, code)).toMatchObject({ maxRetries: 8, firstRetryMs: 60_000 });
  expect(deliveryFailureOf(twilioMessaging, 30_006)).toMatchObject({ class: 'recipient', maxRetries: 0 });
  expect(deliveryFailureOf(twilioMessaging, 39_999)).toMatchObject({ class: 'transient', maxRetries: 1 });
  expect(deliveryFailureOf(twilioMessaging, null)).toMatchObject({ class: 'transient', code: null });
});

test('leaves link shortening to Twilio, and still knows its message by what is around the links', async () => {
  const settings = { messagingServiceSid: serviceSid, shortenUrls: 'on' };
  const { call, asked } = calling(() => ({ status: 201, json: message }), settings);
  const linked = { ...command, sender: null, body: 'Pay https://books.example/i/1?x=2 by Friday' };
  await twilioMessaging.send(call, linked, { statusCallbackUrl: 'https://l.example/cb' });
  expect(new URLSearchParams(asked[0]?.body).get('ShortenUrls')).toBe('true');
  const state: MessageState = {
    messageSid: 'SM1',
    channel: 'sms',
    status: 'sent',
    errorCode: null,
    to: linked.to,
    from: null,
    body: 'Pay https://go.example/a1 by Friday',
    commandId: null,
    messagingServiceSid: serviceSid,
    direction: 'outbound',
    createdAt: 0,
    segments: 1,
    price: null,
  };
  expect(twilioMessaging.isSameMessage(linked, state, call.connection)).toBe(true);
  const other = { ...state, body: 'Pay https://go.example/a1 by Monday' };
  expect(twilioMessaging.isSameMessage(linked, other, call.connection)).toBe(false);
  const plain = calling(() => ({ json: message })).call.connection;
  expect(twilioMessaging.isSameMessage(linked, state, plain)).toBe(false);
});
