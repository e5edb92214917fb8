import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Connection, MessageCommand } from '#libs/contracts';
import {
  type ApiKeyAuth,
  deliveryFailureOf,
  messageFailureOf,
  routePath,
  VendorError,
  type VendorMessaging,
  type VendorWebhooks,
  type WebhookEvent,
} from '#libs/vendor-kit';
import { twilio } from '#libs/vendors/twilio';
import {
  connectionTo,
  type RunningSandbox,
  startSandbox,
  startSink,
  type WebhookSink,
} from './sandbox.fixture.js';
import { twilioCredentials, twilioRuntime } from './twilio.fixture.js';

const messaging = twilio.messaging as VendorMessaging;
const webhooks = twilio.webhooks as VendorWebhooks;
const auth = twilio.auth as ApiKeyAuth;
let sandbox: RunningSandbox;
let sink: WebhookSink;
let runtime: ReturnType<typeof twilioRuntime>;
let connection: Connection;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.control('/reset', {});
  const { accountSid, authToken, messagingServiceSid } = sandbox.clients.twilio;
  sink = await startSink(webhooks, authToken, { accountId: accountSid });
  connection = connectionTo('twilio', accountSid, { messagingServiceSid });
  runtime = twilioRuntime(sandbox);
});
afterEach(async () => {
  await runtime.close();
  await sink.close();
});

function command(change: Partial<MessageCommand> = {}): MessageCommand {
  const commandId = randomUUID();
  return {
    commandId,
    workspaceId: 'w1',
    connectionId: connection.connectionId,
    flowId: 'f',
    flowVersion: 1,
    flowStep: 's',
    businessEvent: 'invoice/1/issued',
    channel: 'sms',
    to: '+64215550199',
    recipientKind: 'customer',
    sender: null,
    subject: null,
    body: `Invoice ${commandId.slice(0, 8)}: 12 % off – “thanks” & kia ora + €5 👍`,
    html: null,
    sourceConnectionId: 'x1',
    sourceVendor: 'xero',
    entityType: 'invoice',
    entityId: '1',
    entityNumber: null,
    recordId: 'r',
    origin: 'webhook',
    uncertainPolicy: 'never',
    createdAt: 0,
    notAfter: null,
    firstNoticedAt: 0,
    resendOf: null,
    onFailure: [],
    quietSpans: [],
    ...change,
  };
}

async function send(message: MessageCommand): Promise<string> {
  const route = webhooks.routes.find(({ name }) => name === 'status');
  if (!route) throw new Error('no status route');
  const { commandId } = message;
  const statusCallbackUrl = sink.url + routePath(route, { connectionId: connection.connectionId, commandId });
  return (await messaging.send(runtime.callFor(connection), message, { statusCallbackUrl })).messageSid;
}

async function failureOf(message: MessageCommand): Promise<VendorError> {
  const error = await send(message).catch((thrown: unknown) => thrown);
  if (!(error instanceof VendorError))
    throw new Error('the send did not fail as a VendorError', { cause: error });
  return error;
}

/** What Twilio did, as the truth ledger has it. */
async function effects(): Promise<number> {
  const { lines } = await sandbox.control<{ lines: unknown[] }>('/ledger?vendor=twilio');
  return lines.length;
}

const sinkEvents = (): readonly WebhookEvent[] =>
  sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));

test('checks the credentials of an account', async () => {
  const call = runtime.authCall({ clientId: '', clientSecret: '' });
  expect(await auth.describeAccount(call, twilioCredentials(sandbox))).toMatchObject({
    accountId: connection.accountId,
  });
  const wrong = auth.describeAccount(call, { ...twilioCredentials(sandbox), apiKeySecret: 'wrong' });
  await expect(wrong).rejects.toMatchObject({ code: 'vendor-unauthorised', effect: 'none' });
});

test('sends a message and hears of its delivery in signed callbacks that name the command', async () => {
  const message = command();
  const messageSid = await send(message);
  await vi.waitFor(
    () => expect(sinkEvents()).toContainEqual(expect.objectContaining({ status: 'delivered' })),
    { timeout: 5000 },
  );
  for (const event of sinkEvents())
    expect(event).toMatchObject({
      kind: 'delivery',
      commandId: message.commandId,
      messageSid,
      errorCode: null,
    });
  expect(sink.verdicts.filter(({ kind }) => kind !== 'accepted')).toEqual([]);
  expect(await messaging.fetch(runtime.callFor(connection), { channel: 'sms', messageSid })).toMatchObject({
    status: 'delivered',
    body: message.body,
    direction: 'outbound',
    segments: messaging.segmentsOf(message.body).segments,
  });
});

test('sends from a number as well, and with the auth token alone', async () => {
  const { numbers, accountSid, authToken } = sandbox.clients.twilio;
  connection = connectionTo('twilio', accountSid, { from: numbers[0] ?? '' });
  await runtime.close();
  runtime = twilioRuntime(sandbox, { accountSid, authToken });
  const messageSid = await send(command());
  expect(await messaging.fetch(runtime.callFor(connection), { channel: 'sms', messageSid })).toMatchObject({
    from: numbers[0],
  });
});

test.each(['reset', 'timeout'])(
  'finds a message again whose answer was lost to a %s',
  async (kind) => {
    await sandbox.control('/faults', { vendor: 'twilio', kind, when: 'after', times: 1 });
    const message = command();
    const before = Date.now();
    const lost = await failureOf(message);
    expect(lost.effect).toBe('unknown');
    expect(messageFailureOf(messaging, lost).class).toBe('ambiguous');
    expect(await effects()).toBe(1);
    const listed = await messaging.list(runtime.callFor(connection), {
      channel: 'sms',
      to: message.to,
      createdAfter: before,
    });
    expect(listed.filter((state) => messaging.isSameMessage(message, state, connection))).toHaveLength(1);
    expect(listed.filter((state) => messaging.isSameMessage(command(), state, connection))).toHaveLength(0);
  },
  20_000,
);

test('an answer of 500 leaves the outcome open, whether or not the message left', async () => {
  await sandbox.control('/faults', {
    vendor: 'twilio',
    kind: 'status',
    status: 500,
    when: 'after',
    times: 1,
  });
  expect(await failureOf(command())).toMatchObject({ effect: 'unknown', code: 'vendor-unavailable' });
  await sandbox.control('/faults', {
    vendor: 'twilio',
    kind: 'status',
    status: 500,
    when: 'before',
    times: 1,
  });
  expect(await failureOf(command())).toMatchObject({ effect: 'unknown' });
  expect(await effects()).toBe(1);
});

test('a refused request was certainly not processed', async () => {
  await sandbox.control('/faults', {
    vendor: 'twilio',
    kind: 'status',
    status: 429,
    when: 'before',
    times: 1,
  });
  expect(await failureOf(command())).toMatchObject({
    code: 'vendor-rate-limited',
    disposition: 'park',
    effect: 'none',
  });
  expect(await effects()).toBe(0);
});

test.each([
  ['+15005550001', 'recipient'],
  ['+15005550002', 'recipient'],
  ['+15005550003', 'configuration'],
  ['+15005550004', 'opted-out'],
  ['+15005550009', 'recipient'],
  ['+15005550429', 'transient'],
  ['+15005550500', 'ambiguous'],
])('understands what Twilio says of %s: %s', async (to, errorClass) => {
  const failure = messageFailureOf(messaging, await failureOf(command({ to })));
  expect(failure).toMatchObject({ class: errorClass });
  expect(failure.reason).not.toMatch(/^unlisted/);
});

test('hears that a delivery failed and why', async () => {
  await send(command({ to: '+15005553006' }));
  await vi.waitFor(
    () => expect(sinkEvents()).toContainEqual(expect.objectContaining({ status: 'undelivered' })),
    { timeout: 5000 },
  );
  const failed = sinkEvents().find((event) => event.kind === 'delivery' && event.status === 'undelivered');
  expect(
    failed?.kind === 'delivery' ? deliveryFailureOf(messaging, failed.errorCode) : undefined,
  ).toMatchObject({ class: 'recipient' });
});

test('a STOP arrives as such, and the next send is refused as opted out', async () => {
  const number = sandbox.clients.twilio.numbers[0] ?? '';
  await sandbox.control('/webhooks', {
    vendor: 'twilio',
    inboundUrl: `${sink.url}/webhooks/twilio/${connection.connectionId}/inbound`,
  });
  await sandbox.control('/twilio/inbound', { from: '+64215550199', to: number, body: 'Stop' });
  await vi.waitFor(() => expect(sinkEvents()).toHaveLength(1), { timeout: 5000 });
  expect(sinkEvents()[0]).toMatchObject({
    kind: 'communication',
    direction: 'inbound',
    from: '+64215550199',
    optOutType: 'STOP',
  });
  connection = connectionTo('twilio', connection.accountId, { from: number });
  expect(messageFailureOf(messaging, await failureOf(command()))).toMatchObject({
    class: 'opted-out',
    code: 21_610,
  });
});

test('forged callbacks are refused', async () => {
  const route = `${sink.url}/webhooks/twilio/${connection.connectionId}/status/x`;
  const body = new URLSearchParams({
    AccountSid: connection.accountId,
    MessageSid: 'SM1',
    MessageStatus: 'delivered',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': 'Zm9yZ2Vk' };
  expect((await fetch(route, { method: 'POST', headers, body })).status).toBe(403);
  expect(sink.verdicts).toMatchObject([{ kind: 'rejected', reason: 'signature-invalid' }]);
});
