import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Connection, MessageCommand } from '#libs/contracts';
import type { VendorContact, VendorContacts, VendorMessaging, VendorWebhooks } from '#libs/vendor-kit';
import { twilio } from '#libs/vendors/twilio';
import {
  connectionTo,
  type RunningSandbox,
  startSandbox,
  startSink,
  type WebhookSink,
} from './sandbox.fixture.js';
import { twilioRuntime } from './twilio.fixture.js';

const messaging = twilio.messaging as VendorMessaging;
const contacts = messaging.contacts as VendorContacts;
let sandbox: RunningSandbox;
let sink: WebhookSink;
let runtime: ReturnType<typeof twilioRuntime>;
let connection: Connection;

const ann: VendorContact = {
  key: 'xero:org/1:contact:p 1',
  name: 'Ann',
  kind: 'customer',
  phone: '+64215550199',
  email: 'ann@example.com',
  smsAllowed: true,
  emailAllowed: null,
  optOutSource: null,
  country: 'NZ',
  timeZone: null,
  language: 'en-NZ',
  sourceVersion: 1,
};

interface LedgerLine {
  readonly kind: string;
  readonly action: string;
  readonly id: string;
  readonly bodyHash: string;
}

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.control('/reset', {});
  const { accountSid, authToken, messagingServiceSid } = sandbox.clients.twilio;
  sink = await startSink(twilio.webhooks as VendorWebhooks, authToken, { accountId: accountSid });
  runtime = twilioRuntime(sandbox);
  connection = connectionTo('twilio', accountSid, {
    messagingServiceSid,
    emailFrom: 'billing@example.com',
    syncServiceSid: await makeSyncService(),
  });
});
afterEach(async () => {
  await runtime.close();
  await sink.close();
});

async function makeSyncService(): Promise<string> {
  const { accountSid, authToken } = sandbox.clients.twilio;
  const response = await fetch(`${sandbox.url}/twilio-sync/v1/Services`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
    body: new URLSearchParams({ FriendlyName: 'Ledgerwire' }),
  });
  return ((await response.json()) as { sid: string }).sid;
}

async function written(kind: string): Promise<LedgerLine[]> {
  const { lines } = await sandbox.control<{ lines: LedgerLine[] }>('/ledger?vendor=twilio');
  return lines.filter((line) => line.kind === kind);
}

/** The item as Twilio shows it. */
async function readBack(key: string): Promise<unknown> {
  const { baseUrls, request } = runtime.callFor(connection);
  const service = `${baseUrls['sync'] ?? ''}/v1/Services/${connection.settings['syncServiceSid'] ?? ''}`;
  const { body } = await request({
    operation: 'sync-items.get',
    operationClass: 'read',
    method: 'GET',
    url: `${service}/Maps/contacts-${connection.connectionId}/Items/${encodeURIComponent(key)}`,
    repeatable: true,
  });
  return (JSON.parse(body) as { data: unknown }).data;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('keeps a contact in a map that it makes, brings it up to date, and takes it away', async () => {
  const call = runtime.callFor(connection);
  await contacts.put(call, ann);
  await contacts.put(call, { ...ann, name: 'Anna', smsAllowed: false });
  expect(await readBack(ann.key)).toMatchObject({ name: 'Anna', smsAllowed: false });
  await contacts.remove(call, ann.key);
  await contacts.remove(call, ann.key);
  const lines = await written('sync-item');
  expect(lines.map(({ id, action }) => [id, action])).toEqual([
    [ann.key, 'create'],
    [ann.key, 'update'],
    [ann.key, 'delete'],
  ]);
});

test('waits for an operator when the Sync Service does not exist', async () => {
  const syncServiceSid = `IS${'0'.repeat(32)}`;
  connection = { ...connection, settings: { ...connection.settings, syncServiceSid } };
  await expect(contacts.put(runtime.callFor(connection), ann)).rejects.toMatchObject({
    code: 'vendor-misconfigured',
    disposition: 'park',
  });
});

test('tells the block list of an opt-out, and says when an item was not taken', async () => {
  expect(contacts.tellsOptOuts(connection)).toBe(false);
  connection = { ...connection, settings: { ...connection.settings, bulkConsents: 'on' } };
  expect(contacts.tellsOptOuts(connection)).toBe(true);
  const call = runtime.callFor(connection);
  const optOut = { phone: '+64215550199', correlationId: 'a'.repeat(32), at: Date.UTC(2026, 10, 21) };
  await contacts.tellOptOut(call, optOut);
  const { optOuts } = await sandbox.control<{ optOuts: { recipient: string; sender: string }[] }>(
    '/twilio/opt-outs',
  );
  const sender = connection.settings['messagingServiceSid'];
  expect(optOuts).toContainEqual({ recipient: '+64215550199', sender });
  const refused = contacts.tellOptOut(call, { ...optOut, phone: 'nobody' });
  await expect(refused).rejects.toMatchObject({ code: 'vendor-bad-answer' });
});

test('hears of an e-mail that it sent, in signed events that name the command', async () => {
  await sandbox.control('/webhooks', {
    vendor: 'twilio',
    emailEventsUrl: `${sink.url}/webhooks/twilio/${connection.connectionId}/email-events`,
  });
  const command: MessageCommand = {
    commandId: 'cmd-1',
    workspaceId: 'w1',
    connectionId: connection.connectionId,
    flowId: 'f',
    flowVersion: 1,
    flowStep: 's',
    businessEvent: 'invoice/1/issued',
    channel: 'email',
    to: 'ann@bounce.test',
    recipientKind: 'customer',
    sender: null,
    subject: 'Invoice',
    body: 'Text',
    html: '<p>HTML</p>',
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
  };
  const call = runtime.callFor(connection);
  const { messageSid } = await messaging.send(call, command, { statusCallbackUrl: sink.url });
  const undelivered = {
    kind: 'delivery',
    channel: 'email',
    commandId: 'cmd-1',
    messageSid,
    status: 'UNDELIVERED',
  };
  await vi.waitFor(
    () => {
      const events = sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));
      expect(events).toContainEqual(expect.objectContaining(undelivered));
    },
    { timeout: 5000 },
  );
  expect(await written('email')).toEqual([
    expect.objectContaining({ key: 'cmd-1', bodyHash: sha256('<p>HTML</p>') }),
  ]);
});
