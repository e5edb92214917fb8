import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, inject, it, vi } from 'vitest';
import { stateTopics, topics } from '#libs/contracts';
import { type RunningService, startService } from '#libs/platform';
import { LogProbe } from '#libs/streams';
import { aCommand, twilioConnection } from './testing/sender-bench.js';
import { twilioSenderService } from './twilio-sender.service.js';
import { wishTopics } from './wish-topics.js';

const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
const connectionId = `twilio-${randomUUID()}`;
const from = '+15005550006';

/** Twilio's messages and token-broker's answer in one small server. */
const posted: { form: URLSearchParams; sid: string; at: number }[] = [];
let answerSends = true;
let server: Server | undefined;
let url = '';
let running: RunningService<unknown> | undefined;

beforeAll(async () => {
  // Another spec may be making the same topics at this moment.
  await vi.waitFor(
    () =>
      probe.prepare([
        ...stateTopics([]).filter(({ name }) => name.startsWith('twilio-sender.')),
        topics.connections,
        topics.messages,
        topics.contacts,
        topics.failedMessages,
        ...wishTopics,
        topics.deliveryReports,
        topics.communications,
        topics.outcomes,
        topics.deadLetters,
      ]),
    { timeout: 60_000, interval: 500 },
  );
  const connection = { ...twilioConnection, connectionId, settings: { from } };
  await probe.write(topics.connections, connectionId, connection);
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = answer(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString());
      if (body === undefined) return;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await running?.stop('test over');
});

afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await probe.close();
});

function answer(method: string, url: string, text: string): unknown {
  if (url.includes('/internal/')) {
    const credentials = { accountSid: 'AC1', authToken: 'secret' };
    return { accountId: 'AC1', credentials };
  }
  if (method === 'GET') return { messages: posted.map(toMessage), next_page_uri: null };
  const message = { form: new URLSearchParams(text), sid: `SM${randomUUID()}`, at: Date.now() };
  posted.unshift(message);
  return answerSends ? toMessage(message) : undefined;
}

function toMessage({ form, sid, at }: (typeof posted)[number]) {
  return {
    sid,
    status: 'queued',
    error_code: null,
    to: form.get('To'),
    from: form.get('From'),
    body: form.get('Body'),
    direction: 'outbound-api',
    messaging_service_sid: null,
    date_created: new Date(at).toUTCString(),
    num_segments: '1',
    price: null,
    price_unit: null,
  };
}

async function start(): Promise<void> {
  const service = await startService(twilioSenderService, {
    environment: {
      PORT: '0',
      LOG_LEVEL: 'silent',
      PUBLIC_BASE_URL: 'https://hooks.example.com',
      KAFKA_BROKERS: infrastructure.kafkaBrokers,
      SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
      TOKEN_BROKER_URL: url,
      LEDGERWIRE_SERVICE_TOKEN: 'service-token',
      LEDGERWIRE_TWILIO_API_URL: url,
      SENDER_RECONCILE_GRACE_MS: '2000',
    },
  });
  running = service;
  await vi.waitFor(
    async () => {
      const { status } = await fetch(`${service.url}/health/ready`);
      if (status !== 200) throw new Error(`not ready: ${status}`);
    },
    { timeout: 40_000, interval: 100 },
  );
}

function command(name: string) {
  const commandId = randomUUID();
  return aCommand({ commandId, connectionId, body: `${name} ${commandId}` });
}

const sentOf = (body: string) => posted.filter(({ form }) => form.get('Body') === body);

it('sends a command of the log by Twilio, once for two deliveries', async () => {
  await start();
  const told = await probe.follow(topics.outcomes);
  const message = command('first');
  await probe.write(topics.messages, connectionId, message);
  await probe.write(topics.messages, connectionId, message);
  const mine = () =>
    told.filter(({ value }) => value.commandId === message.commandId).map(({ value }) => value.status);
  await expect.poll(mine, { timeout: 20_000 }).toEqual(['sent', 'duplicate']);
  expect(sentOf(message.body)).toHaveLength(1);
  expect(sentOf(message.body)[0]?.form.get('StatusCallback')).toMatch(
    `https://hooks.example.com/webhooks/twilio/${connectionId}/status/${message.commandId}`,
  );
});

it('finds out by the list what became of a send that had no answer when the service ended', async () => {
  await start();
  const told = await probe.follow(topics.outcomes);
  const message = command('second');
  answerSends = false;
  await probe.write(topics.messages, connectionId, message);
  await expect.poll(() => sentOf(message.body).length, { timeout: 20_000 }).toBe(1);
  await running?.stop('it ends in the middle of a send');
  answerSends = true;
  await start();
  const mine = () =>
    told.flatMap(({ value }) => (value.commandId === message.commandId ? [value.status, value.reason] : []));
  // Whether the old process still said so or the new one found the intent, it is in doubt and then found.
  await expect
    .poll(mine, { timeout: 30_000 })
    .toEqual(['uncertain', expect.stringMatching(/^(interrupted|lost-answer)$/), 'sent', 'found-at-vendor']);
  expect(sentOf(message.body)).toHaveLength(1);
});
