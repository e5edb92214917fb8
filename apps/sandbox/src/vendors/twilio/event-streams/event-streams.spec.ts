import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SandboxUnderTest, type TestClients } from '../../../testing/sandbox-under-test.js';
import { WebhookReceiver } from '../../../testing/webhook-receiver.js';
import { twilioSdk } from '../testing/twilio-sdk.js';

let sandbox: SandboxUnderTest;
let clients: TestClients['twilio'];
let receiver: WebhookReceiver;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  ({ twilio: clients } = await sandbox.clients());
  receiver = await WebhookReceiver.start();
});
afterEach(() => receiver.close());

async function sendEmail(to: string): Promise<string> {
  const { accountSid, authToken } = clients;
  const response = await fetch(`${sandbox.url}/twilio-comms/v1/Emails`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      from: { address: 'billing@example.com' },
      to: [{ address: to }],
      content: { subject: 'Invoice', html: '<p>Hello</p>', text: 'Hello' },
      tags: { 'ledgerwire-command': 'cmd-1' },
    }),
  });
  return ((await response.json()) as { operationId: string }).operationId;
}

test('events of an e-mail go to the sink that the SDK made, signed so that the SDK takes them', async () => {
  const { accountSid, authToken } = clients;
  const sdk = twilioSdk(sandbox, clients, accountSid, authToken);
  const sink = await sdk.events.v1.sinks.create({
    description: 'Ledgerwire',
    sinkConfiguration: { destination: `${receiver.url}/events`, method: 'POST' },
    sinkType: 'webhook',
  });
  await sdk.events.v1.subscriptions.create({
    description: 'E-mails',
    sinkSid: sink.sid,
    types: [{ type: 'com.twilio.comms-api.message.undelivered' }],
  });
  const operationId = await sendEmail('ann@bounce.test');
  await sandbox.advance(1000);
  const [request] = await receiver.until(1);
  expect(JSON.parse(request?.body ?? '')).toMatchObject([
    {
      specversion: '1.0',
      type: 'com.twilio.comms-api.message.undelivered',
      data: {
        operation_id: operationId,
        account_sid: accountSid,
        tags: { 'ledgerwire-command': 'cmd-1' },
      },
    },
  ]);
  const signature = request?.headers['x-twilio-signature'] ?? '';
  const url = request?.url ?? '';
  expect(twilio.validateRequestWithBody(authToken, signature, url, request?.body ?? '')).toBe(true);
  expect(twilio.validateRequestWithBody(authToken, signature, url, `${request?.body ?? ''} `)).toBe(false);
  expect(receiver.requests).toHaveLength(1);
});

test('without a sink nobody is told; with the sandbox’s setting every status is', async () => {
  await sendEmail('ann@example.com');
  await sandbox.advance(1000);
  await sandbox.post('/webhooks', { vendor: 'twilio', emailEventsUrl: `${receiver.url}/events` });
  await sendEmail('ann@example.com');
  await sandbox.advance(1000);
  const requests = await receiver.until(2);
  const types = requests.map(({ body }) => (JSON.parse(body) as { type: string }[])[0]?.type ?? '');
  expect(new Set(types)).toEqual(
    new Set(['com.twilio.comms-api.message.delivered', 'com.twilio.comms-api.message.sent']),
  );
});
