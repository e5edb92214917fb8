import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, inject, it, vi } from 'vitest';
import { type ChangeNotice, changeNoticesOf, contactWishesOf, stateTopics, topics } from '#libs/contracts';
import { type RunningService, startService } from '#libs/platform';
import { LogProbe } from '#libs/streams';
import { fetcherService } from './fetcher.service.js';
import { aConnection } from './testing/fetcher-bench.js';

const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
const connectionId = `xero-${randomUUID()}`;
const contactId = randomUUID();
const paymentId = randomUUID();
const xeroTime = `/Date(${Date.now()}+0000)/`;

/** Xero's books and token-broker's answer in one small server. */
const asked: string[] = [];
let polledPayments: unknown[] = [];
let server: Server | undefined;
let url = '';
let running: RunningService<unknown> | undefined;

beforeAll(async () => {
  // Another spec may be making the same topics at this moment.
  await vi.waitFor(
    () =>
      probe.prepare([
        ...stateTopics(['xero']).filter(({ name }) => name.startsWith('fetcher-xero.')),
        topics.connections,
        changeNoticesOf('xero'),
        contactWishesOf('xero'),
        topics.records,
        topics.outcomes,
        topics.deadLetters,
      ]),
    { timeout: 60_000, interval: 500 },
  );
  // A limit high enough that polls need not keep away from it.
  const settings = { pollIntervalSeconds: '1', dailyLimit: '999999999', minuteLimit: '100000' };
  const connection = { ...aConnection(connectionId), settings, updatedAt: Date.now() };
  await probe.write(topics.connections, connectionId, connection);
  const listening = createServer((request, response) => {
    request.resume();
    const body = answer(request.url ?? '');
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body ?? {}));
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

function answer(url: string): unknown {
  if (url.includes('/internal/'))
    return { accessToken: 'token', expiresAt: Date.now() + 1_800_000, accountId: 'tenant' };
  asked.push(url);
  const [, collection = '', id = ''] = /^\/api\.xro\/2\.0\/(\w+)\/?([^?]*)/.exec(url) ?? [];
  if (collection === 'Payments') return { Payments: id === '' ? polledPayments : polledPayments.slice(0, 1) };
  if (id === '') return { [collection]: [] };
  return collection === 'Contacts' ? { Contacts: [contactOf(id)] } : { Invoices: [invoiceOf(id)] };
}

function contactOf(id: string) {
  return { ContactID: id, Name: 'Ada', ContactStatus: 'ACTIVE', Phones: [], UpdatedDateUTC: xeroTime };
}

function invoiceOf(id: string) {
  return {
    InvoiceID: id,
    InvoiceNumber: 'INV-1',
    Type: 'ACCREC',
    Status: 'AUTHORISED',
    Contact: { ContactID: contactId, Name: 'Ada' },
    DateString: '2026-11-01T00:00:00',
    DueDateString: '2026-12-01T00:00:00',
    Date: '/Date(1793491200000+0000)/',
    DueDate: '/Date(1796083200000+0000)/',
    CurrencyCode: 'GBP',
    SubTotal: 100,
    TotalTax: 20,
    Total: 120,
    AmountDue: 120,
    AmountPaid: 0,
    AmountCredited: 0,
    LineItems: [],
    Payments: [],
    UpdatedDateUTC: xeroTime,
  };
}

async function start(): Promise<void> {
  const service = await startService(fetcherService, {
    environment: {
      PORT: '0',
      LOG_LEVEL: 'silent',
      FETCHER_VENDOR: 'xero',
      KAFKA_BROKERS: infrastructure.kafkaBrokers,
      SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
      TOKEN_BROKER_URL: url,
      LEDGERWIRE_SERVICE_TOKEN: 'service-token',
      LEDGERWIRE_XERO_API_URL: url,
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

function notice(entityId: string): ChangeNotice {
  return {
    noticeId: randomUUID(),
    webhookId: 'h1',
    workspaceId: 'w1',
    connectionId,
    vendor: 'xero',
    entityType: 'invoice',
    entityId,
    changeType: 'created',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: Date.now(),
  };
}

it('turns notices of the log into records, each state once, over a restart too', async () => {
  const records = await probe.follow(topics.records);
  const told = await probe.follow(topics.outcomes);
  await start();
  const invoiceId = randomUUID();
  const emitted = () =>
    records.flatMap(({ key, value }) => (key === connectionId && !value.payment ? [value.entityId] : []));
  await probe.write(changeNoticesOf('xero'), connectionId, notice(invoiceId));
  await expect.poll(emitted, { timeout: 20_000 }).toEqual([contactId, invoiceId]);
  await running?.stop('restart');
  await start();
  await probe.write(changeNoticesOf('xero'), connectionId, notice(invoiceId));
  const unchanged = () =>
    told.filter(({ value }) => value.entityId === invoiceId && value.status === 'unchanged');
  await expect.poll(unchanged, { timeout: 20_000 }).toHaveLength(1);
  expect(emitted()).toEqual([contactId, invoiceId]);
});

it('finds by polling what no webhook told', async () => {
  const records = await probe.follow(topics.records);
  await start();
  polledPayments = [
    {
      PaymentID: paymentId,
      PaymentType: 'ACCRECPAYMENT',
      Status: 'AUTHORISED',
      Amount: 120,
      Date: '/Date(1793491200000+0000)/',
      Invoice: { InvoiceID: randomUUID(), InvoiceNumber: 'INV-1', Contact: { ContactID: contactId } },
      UpdatedDateUTC: xeroTime,
    },
  ];
  const found = () => records.find(({ value }) => value.entityId === paymentId)?.value;
  await expect.poll(found, { timeout: 40_000 }).toMatchObject({ entityType: 'payment', origin: 'poll' });
  expect(asked.some((url) => url.startsWith('/api.xro/2.0/Payments?'))).toBe(true);
});
