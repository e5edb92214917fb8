import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { type ChangeNotice, changeNoticesOf, type Connection, type Outcome, topics } from '#libs/contracts';
import { ManualClock } from '#libs/core';
import { sampleSource } from '#libs/flows';
import { silentLogger } from '#libs/platform';
import { PipelineDriver } from '#libs/streams';
import { type VendorCall, VendorError, type VendorSource } from '#libs/vendor-kit';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { EntityLoader } from '../../apps/fetcher/src/entity-loader.js';
import { FetcherMetrics } from '../../apps/fetcher/src/fetcher.metrics.js';
import { FetcherPipeline } from '../../apps/fetcher/src/fetcher.pipeline.js';
import { defaultFetcherSettings } from '../../apps/fetcher/src/fetcher-tools.js';
import { MapperBench } from '../../apps/mapper/src/testing/mapper-bench.js';

/**
 * What becomes of odd input from Zoho Books: notices go through the real fetcher and the real mapper on simulated tasks, with the
 * ready flow, and the API answers from a table. Every case ends with a clear word in the trail.
 */
type Fields = Record<string, unknown>;
type Json = Readonly<Record<string, unknown>>;

const source = zohoBooks.source as VendorSource;
const notices = changeNoticesOf('zoho-books');
const steps = stepsOf('zoho-books-invoice-notices');
const connection: Connection = { ...sampleSource, vendor: 'zoho-books', accountId: '10234695' };

let api: Map<string, Fields>;
let fetcher: PipelineDriver;
let mapper: MapperBench;
let told: number;
let noticed: number;

beforeEach(async () => {
  api = new Map([['contacts/7', fixture('contact', { contact_id: '7' })]]);
  told = 0;
  noticed = 0;
  fetcher = await PipelineDriver.start({
    service: 'fetcher-zoho-books',
    handlers: [new FetcherPipeline(tools())],
    clock: new ManualClock(Date.UTC(2026, 10, 21, 9)),
    bindings: { [topics.changeNotices.name]: notices },
  });
  mapper = await MapperBench.start([steps], undefined, 'country: US\nlocale: en-US');
});

function stepsOf(flow: string): string {
  const yaml = readFileSync(new URL(`../../flows/${flow}.yaml`, import.meta.url), 'utf8');
  return yaml.slice(yaml.indexOf('\nsteps:') + '\nsteps:'.length);
}

function fixture(name: string, changes: Json): Fields {
  const file = new URL(`../../libs/vendors/zoho-books/fixtures/${name}.json`, import.meta.url);
  const { entity } = JSON.parse(readFileSync(file, 'utf8')) as { entity: Fields };
  return { ...entity, ...changes };
}

/** An invoice that was sent today, of contact 7 unless said otherwise. */
function putInvoice(id: string, changes: Json = {}): void {
  const today = {
    date: '2026-11-21',
    due_date: '2026-12-05',
    last_modified_time: '2026-11-21T00:30:00-0800',
  };
  api.set(`invoices/${id}`, fixture('invoice', { invoice_id: id, customer_id: '7', ...today, ...changes }));
}

function tools(): ConstructorParameters<typeof FetcherPipeline>[0] {
  const callFor = (to: Connection): VendorCall => ({
    connection: to,
    baseUrls: { api: 'https://www.zohoapis.com' },
    request: ({ url }) => {
      const path = new URL(url).pathname.replace('/books/v3/', '');
      const found = api.get(path);
      const singular = path.startsWith('customerpayments')
        ? 'payment'
        : (path.split('/')[0] ?? '').replace(/s$/, '');
      if (found) {
        const body = JSON.stringify({ code: 0, message: 'success', [singular]: found });
        return Promise.resolve({ status: 200, headers: {}, body });
      }
      const details = {
        code: 'vendor-not-found',
        disposition: 'dead-letter',
        vendor: 'zoho-books',
        effect: 'none',
      } as const;
      return Promise.reject(new VendorError('none', details));
    },
  });
  const connections = new Map([[connection.connectionId, connection]]);
  return {
    vendor: zohoBooks,
    // Polls would ask for lists, of which this API has none.
    source: { ...source, entityTypes: source.entityTypes.map((plan) => ({ ...plan, pollIntervalMs: null })) },
    contactWishes: undefined,
    connections,
    loader: new EntityLoader({ source, connectionOf: (id) => connections.get(id), callFor }),
    settings: defaultFetcherSettings,
    metrics: new FetcherMetrics(new Registry()),
    logger: silentLogger,
    callFor,
  };
}

/** A notice of an invoice, followed through both services; answers what the trail says of it. */
async function notice(entityId: string, changes: Partial<ChangeNotice> = {}): Promise<string[]> {
  noticed += 1;
  fetcher.send(notices, connection.connectionId, {
    noticeId: `n${noticed}`,
    webhookId: `w${noticed}`,
    workspaceId: connection.workspaceId,
    connectionId: connection.connectionId,
    vendor: 'zoho-books',
    entityType: 'invoice',
    entityId,
    changeType: 'updated',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: Date.UTC(2026, 10, 21, 9),
    ...changes,
  });
  const before = {
    fetched: fetcher.sent(topics.outcomes).length,
    mapped: mapper.driver.sent(topics.outcomes).length,
  };
  await fetcher.settle();
  if (fetcher.fatalError) throw fetcher.fatalError;
  const records = fetcher.sent(topics.records);
  await mapper.take(...records.slice(told));
  told = records.length;
  return [
    ...fetcher.sent(topics.outcomes).slice(before.fetched),
    ...mapper.driver.sent(topics.outcomes).slice(before.mapped),
  ].map(wordOf);
}

function wordOf({ step, status, reason }: Outcome): string {
  return [step, status, reason].filter((word) => word !== null).join('/');
}

test('an invoice that was sent brings a text with the payment link and an e-mail, once however often it is told', async () => {
  putInvoice('1');
  await notice('1');
  const messages = mapper.messages();
  expect(messages.map(({ channel }) => channel).toSorted()).toEqual(['email', 'sms']);
  expect(messages.find(({ channel }) => channel === 'sms')?.body).toContain(
    'https://books.zoho.com/SecurePayment?',
  );
  expect(await notice('1')).toEqual(['fetch/unchanged']);
  expect(mapper.messages()).toHaveLength(2);
});

test('a stale state never follows a newer one', async () => {
  putInvoice('1', { status: 'paid', balance: 0, last_modified_time: '2026-11-21T00:40:00-0800' });
  await notice('1');
  putInvoice('1', { last_modified_time: '2026-11-21T00:30:00-0800' });
  expect(await notice('1')).toEqual(['fetch/superseded']);
});

test('a deleted invoice is told as gone, known or not, and nobody is written to', async () => {
  expect(await notice('404', { changeType: 'deleted' })).toContain('fetch/fetched/gone');
  putInvoice('1');
  await notice('1');
  const before = mapper.messages().length;
  api.delete('invoices/1');
  expect(await notice('1', { changeType: 'deleted', sourceTime: Date.UTC(2026, 10, 21, 10) })).toContain(
    'fetch/fetched/gone',
  );
  expect(mapper.messages()).toHaveLength(before);
});

test('a notice of an unknown organisation waits for a while and is then passed over with the reason', async () => {
  expect(await notice('1', { connectionId: 'nobody' })).toEqual(['fetch/parked/unknown-connection']);
  for (let passed = 0; passed < 10; passed += 1) {
    await fetcher.advance(60_000);
    await fetcher.settle();
  }
  expect(fetcher.sent(topics.outcomes).map(wordOf).at(-1)).toBe('fetch/skipped/unknown-connection');
});

test('a currency without decimals is written without them', async () => {
  putInvoice('1', { currency_code: 'JPY', total: 55000, balance: 55000 });
  await notice('1');
  const body = mapper.messages().find(({ channel }) => channel === 'sms')?.body ?? '';
  expect(body).toContain('¥55,000 ');
});

test('a customer without phone, and one who wants no texts, are passed over with the reason', async () => {
  api.set('contacts/8', fixture('contact', { contact_id: '8', contact_persons: [], phone: '', mobile: '' }));
  putInvoice('1', { customer_id: '8' });
  expect(await notice('1')).toContain('map/skipped/no-phone-number');
  api.set('contacts/9', fixture('contact-no-sms', { contact_id: '9' }));
  putInvoice('2', { customer_id: '9' });
  expect(await notice('2')).toContain('map/skipped/sms-not-wanted');
  expect(mapper.messages().filter(({ channel }) => channel === 'sms')).toEqual([]);
});

test('two contacts with one number each get their own message', async () => {
  api.set('contacts/8', fixture('contact', { contact_id: '8', contact_name: 'The other' }));
  putInvoice('1');
  putInvoice('2', { customer_id: '8', invoice_number: 'INV-2' });
  await notice('1');
  await notice('2');
  const texts = mapper.messages().filter(({ channel }) => channel === 'sms');
  expect(new Set(texts.map(({ to }) => to)).size).toBe(1);
  expect(new Set(texts.map(({ commandId }) => commandId)).size).toBe(2);
});

test('an invoice of 10,000 lines is read and told, with as many lines as a message holds', async () => {
  const line = (index: number) => ({ name: `Item ${index}`, quantity: 1, rate: 1, item_total: 1 });
  putInvoice('1', { line_items: Array.from({ length: 10_000 }, (_, index) => line(index)) });
  expect(await notice('1')).toContain('fetch/fetched');
  const email = mapper.messages().find(({ channel }) => channel === 'email');
  expect(email?.body).toContain('Item 0');
  expect(email?.body).not.toContain('Item 9999');
}, 60_000);

test('a state that we cannot read is set aside, and the next one is handled', async () => {
  putInvoice('1', { status: 'teleported' });
  expect((await notice('1')).some((word) => word.startsWith('fetch/dead-lettered'))).toBe(true);
  putInvoice('1');
  expect(await notice('1')).toContain('fetch/fetched');
});

test('each event leaves through the Messaging Service that is meant for it and for the customer', async () => {
  mapper = await MapperBench.start(
    [stepsOf('zoho-books-routing-by-service')],
    undefined,
    'country: US\nlocale: en-US',
  );
  api.set('contacts/8', fixture('contact', { contact_id: '8', billing_address: { country: 'Canada' } }));
  putInvoice('1');
  putInvoice('2', { customer_id: '8' });
  await notice('1');
  await notice('2');
  expect(mapper.messages().map(({ sender }) => sender)).toEqual([
    'MG00000000000000000000000000000002',
    'MG00000000000000000000000000000001',
  ]);
});

test('what a payment settles is read before it, and the customer is thanked', async () => {
  mapper = await MapperBench.start(
    [stepsOf('zoho-books-payment-thanks')],
    undefined,
    'country: US\nlocale: en-US',
  );
  putInvoice('1');
  const invoices = [{ invoice_id: '1', invoice_number: 'INV-00003' }];
  api.set(
    'customerpayments/5',
    fixture('payment', { payment_id: '5', customer_id: '7', date: '2026-11-21', invoices }),
  );
  await notice('5', { entityType: 'payment', changeType: 'created' });
  expect(mapper.messages().map(({ body }) => body)).toEqual([
    expect.stringContaining('thank you, we have received $450.00 for INV-00003') as string,
  ]);
});
