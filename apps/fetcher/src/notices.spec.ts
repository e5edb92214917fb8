import { expect, test } from 'vitest';
import { topics } from '#libs/contracts';
import { vendorFailure } from './testing/fake-books.js';
import { aConnection, FetcherBench } from './testing/fetcher-bench.js';

const MINUTE = 60_000;

function withInvoice(bench: FetcherBench): void {
  bench.books.put('x1', { type: 'contact', id: 'k1', version: 1 });
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 10, number: 'INV-1', contactId: 'k1' });
}

test('turns a notice into the full record, with its contact before it', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1']);
  expect(bench.records()[1]).toMatchObject({
    version: 10,
    noticeIds: ['n1'],
    webhookIds: ['h1'],
    origin: 'webhook',
    entityNumber: 'INV-1',
    raw: expect.stringContaining('"INV-1"') as string,
  });
  expect(bench.trail()).toEqual(['fetched', 'fetched']);
  expect(bench.records()[0], 'no notice told of the contact').toMatchObject({
    noticeIds: [],
    webhookIds: ['h1'],
  });
});

test('does not call an old contact created because its first invoice is', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice({ changeType: 'created' });
  expect(bench.records().map(({ entityType, created }) => [entityType, created])).toEqual([
    ['contact', false],
    ['invoice', true],
  ]);
});

test('says that a contact is new when its notice comes after its first invoice, and says it once', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice({ changeType: 'created' });
  const told = { entityType: 'contact', entityId: 'k1', changeType: 'created' } as const;
  await bench.notice(told);
  await bench.notice(told);
  expect(bench.records().map(({ entityType, created }) => [entityType, created])).toEqual([
    ['contact', false],
    ['invoice', true],
    ['contact', true],
  ]);
});

test('emits a contact that is known downstream not again with each invoice', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.books.put('x1', { type: 'invoice', id: 'i2', version: 11, contactId: 'k1' });
  await bench.notice();
  await bench.notice({ entityId: 'i2' });
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1', 'invoice/i2']);
  expect(bench.books.fetches.filter(({ entityType }) => entityType === 'contact')).toHaveLength(1);
});

test('emits a payment after its contact and its invoice', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.books.put('x1', { type: 'payment', id: 'p1', version: 12, invoiceId: 'i1', contactId: 'k1' });
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1', 'payment/p1']);
});

test('emits the contact that the invoice of a payment has by now before that invoice', async () => {
  const bench = await FetcherBench.start(({ books }) => {
    for (const id of ['k1', 'k2']) books.put('x1', { type: 'contact', id, version: 1 });
    books.put('x1', { type: 'invoice', id: 'i1', version: 3, contactId: 'k2' });
    books.put('x1', { type: 'payment', id: 'p1', version: 2, contactId: 'k1', invoiceId: 'i1' });
  });
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  expect(bench.emitted()).toEqual(['contact/k2', 'contact/k1', 'invoice/i1', 'payment/p1']);
});

test('answers all waiting notices of an entity with one call', async () => {
  const bench = await FetcherBench.start(withInvoice);
  for (let count = 0; count < 12; count += 1) bench.enqueue();
  await bench.driver.settle();
  const asked = bench.books.fetches.filter(({ entityType }) => entityType === 'invoice');
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1']);
  const answered = bench
    .outcomes()
    .flatMap(({ noticeIds, entityType }) => (entityType === 'invoice' ? noticeIds : []));
  expect(new Set(answered).size).toBe(12);
  expect(bench.outcomes().filter(({ entityType }) => entityType === 'invoice').length).toBeLessThanOrEqual(2);
});

test('fetches what waits for one connection together, whatever the entity', async () => {
  const bench = await FetcherBench.start();
  for (let count = 0; count < 30; count += 1) {
    bench.books.put('x1', { type: 'invoice', id: `i${count}`, version: 10 });
    bench.enqueue({ entityId: `i${count}` });
  }
  await bench.driver.settle();
  expect(bench.records()).toHaveLength(30);
  expect(bench.books.fetches.length).toBeLessThanOrEqual(3);
});

test('emits nothing for a duplicate and says so', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  await bench.notice();
  await bench.driver.restart();
  await bench.notice();
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1']);
  expect(bench.trail().slice(2)).toEqual(['unchanged', 'unchanged']);
});

test('emits a newer state, and never an older one after it', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 20, number: 'INV-1b', contactId: 'k1' });
  await bench.notice();
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 15, number: 'INV-1a', contactId: 'k1' });
  await bench.notice();
  expect(bench.records().map(({ version }) => version)).toEqual([1, 10, 20]);
  expect(bench.trail().at(-1)).toBe('superseded');
});

test('emits a change that did not move the version', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  bench.books.put('x1', {
    type: 'invoice',
    id: 'i1',
    version: 10,
    number: 'INV-1 corrected',
    contactId: 'k1',
  });
  await bench.notice();
  expect(bench.records().at(-1)).toMatchObject({ version: 10, entityNumber: 'INV-1 corrected' });
});

test('emits nothing when only the version moved', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 99, number: 'INV-1', contactId: 'k1' });
  await bench.notice();
  expect(bench.trail().at(-1)).toBe('unchanged');
});

test('emits the current state to whoever asks for it, although unchanged', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice();
  await bench.notice({ recheck: true, recheckToken: 'reminder-7', origin: 'timer', webhookId: null });
  expect(bench.records().at(-1)).toMatchObject({
    entityId: 'i1',
    recheck: true,
    recheckTokens: ['reminder-7'],
  });
  expect(bench.trail().at(-1)).toBe('fetched/recheck');
});

test('says that an entity is gone, once, under the type that it was known by', async () => {
  const bench = await FetcherBench.start();
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 10, purchase: true });
  await bench.notice();
  bench.books.remove('x1', 'i1');
  await bench.pass(MINUTE);
  await bench.notice({ changeType: 'deleted' });
  await bench.notice({ changeType: 'deleted' });
  expect(bench.records().at(-1)).toMatchObject({
    entityType: 'bill',
    entityId: 'i1',
    deleted: true,
    invoice: null,
  });
  expect(bench.records().at(-1)?.version).toBeGreaterThan(10);
  expect(bench.emitted()).toHaveLength(2);
  expect(bench.trail()).toEqual(['fetched', 'fetched/gone', 'unchanged/gone']);
});

test('waits as long as the vendor asks after 429, and keeps nobody else waiting', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.connections.set('x2', aConnection('x2'));
  bench.books.put('x2', { type: 'invoice', id: 'i9', version: 1 });
  bench.books.failing.set(
    'x1',
    vendorFailure({ code: 'vendor-rate-limited', disposition: 'park', retryAfterMs: 45_000 }),
  );
  await bench.notice();
  await bench.notice({ connectionId: 'x2', entityId: 'i9' });
  expect(bench.trail()).toEqual(['parked/vendor-rate-limited', 'fetched']);
  bench.books.failing.clear();
  await bench.pass(44_000);
  expect(bench.emitted()).toEqual(['invoice/i9']);
  await bench.pass(2 * MINUTE);
  expect(bench.emitted()).toEqual(['invoice/i9', 'contact/k1', 'invoice/i1']);
});

test('tries again after an answer that did not come', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.books.failing.set('x1', vendorFailure({ code: 'vendor-timeout', disposition: 'retry' }));
  await bench.notice();
  bench.books.failing.clear();
  await bench.pass(2 * MINUTE);
  expect(bench.trail()).toEqual(['parked/vendor-timeout', 'fetched', 'fetched']);
});

test.each(['paused', 'needs-reauthorisation'])(
  'keeps the work of a connection that is %s until it is back',
  async (status) => {
    const bench = await FetcherBench.start(withInvoice);
    bench.connections.set('x1', aConnection('x1', { status }));
    await bench.notice();
    expect(bench.trail()).toEqual([`parked/${status}`]);
    expect(bench.books.fetches).toHaveLength(0);
    bench.connections.set('x1', aConnection('x1'));
    await bench.pass(5 * MINUTE);
    expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1']);
  },
);

test('drops the work of a connection that was removed', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.connections.set('x1', aConnection('x1', { status: 'disconnected' }));
  await bench.notice();
  expect(bench.trail()).toEqual(['skipped/disconnected']);
  expect(bench.driver.parkedCount).toBe(0);
});

test('waits for a connection that the table does not have yet, but not for ever', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice({ connectionId: 'nobody' });
  expect(bench.trail()).toEqual(['parked/unknown-connection']);
  for (let turn = 0; turn < 10; turn += 1) await bench.pass(MINUTE);
  expect(bench.trail().at(-1)).toBe('skipped/unknown-connection');
});

test('sets aside an entity that cannot be read and goes on', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.books.put('x1', { type: 'invoice', id: 'i2', version: 1, broken: true });
  await bench.notice({ entityId: 'i2' });
  await bench.notice();
  expect(bench.trail()).toEqual(['dead-lettered/unmappable', 'fetched', 'fetched']);
  expect(bench.driver.sent(topics.deadLetters)).toHaveLength(1);
});

test('emits an invoice whose contact cannot be read, and says what is the matter with the contact', async () => {
  const bench = await FetcherBench.start(withInvoice);
  bench.books.put('x1', { type: 'contact', id: 'k1', version: 1, broken: true });
  await bench.notice();
  expect(bench.emitted()).toEqual(['invoice/i1']);
  expect(bench.trail()).toEqual(['failed/unmappable', 'fetched']);
});

test('tells each state that one notice led to, and what its reading led to', async () => {
  const bench = await FetcherBench.start(withInvoice);
  await bench.notice({ noticeId: 'again' });
  bench.books.put('x1', {
    type: 'invoice',
    id: 'i1',
    version: 11,
    number: 'INV-1',
    contactId: 'k1',
    amountPaid: '40',
    payments: ['p1'],
  });
  bench.books.put('x1', { type: 'payment', id: 'p1', version: 12, invoiceId: 'i1', contactId: 'k1' });
  await bench.notice({ noticeId: 'again' });
  await bench.readOwnNotices();
  const told = bench.outcomes().filter(({ entityType }) => entityType === 'invoice');
  expect(new Set(told.map(({ outcomeId }) => outcomeId)).size).toBe(2);
  const payment = bench.outcomes().find(({ entityType }) => entityType === 'payment');
  expect(told[1]?.noticeIds).toEqual(['again', ...(payment?.noticeIds ?? ['none'])]);
});

test('fetches the payments that an invoice names, as soon as it is read, and each of them once', async () => {
  const bench = await FetcherBench.start(withInvoice);
  const invoice = { type: 'invoice', id: 'i1', contactId: 'k1', amountPaid: '40' } as const;
  bench.books.put('x1', { type: 'payment', id: 'p1', version: 12, invoiceId: 'i1', contactId: 'k1' });
  bench.books.put('x1', { ...invoice, version: 12, payments: ['p1'] });
  await bench.notice();
  await bench.readOwnNotices();
  expect(bench.emitted()).toEqual(['contact/k1', 'invoice/i1', 'payment/p1']);
  expect(bench.records().at(-1)).toMatchObject({ webhookIds: ['h1'], origin: 'webhook' });
  bench.books.put('x1', { ...invoice, version: 13, payments: ['p1'], number: 'changed' });
  await bench.notice();
  await bench.readOwnNotices();
  expect(bench.books.fetches.filter(({ entityType }) => entityType === 'payment')).toHaveLength(1);
});

test('knows a bill by both of its names and emits each state of it once', async () => {
  const bench = await FetcherBench.start();
  bench.books.put('x1', { type: 'invoice', id: 'b1', version: 10, purchase: true });
  bench.books.put('x1', { type: 'payment', id: 'p1', version: 11, billId: 'b1' });
  await bench.notice({ entityId: 'b1' });
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  await bench.notice({ entityType: 'bill', entityId: 'b1' });
  bench.books.put('x1', { type: 'invoice', id: 'b1', version: 20, purchase: true, number: 'B-1' });
  await bench.notice({ entityType: 'bill', entityId: 'b1' });
  await bench.notice({ entityId: 'b1' });
  expect(bench.emitted()).toEqual(['bill/b1', 'payment/p1', 'bill/b1']);
});

test('says that it reads no entities of a type that the vendor does not have', async () => {
  const bench = await FetcherBench.start();
  await bench.notice({ entityType: 'credit-note' });
  expect(bench.trail()).toEqual(['skipped/unsupported-entity']);
});

test('says that a bill is gone although the notice looks older than its last state', async () => {
  const bench = await FetcherBench.start();
  for (const version of [10, 20]) {
    bench.books.put('x1', { type: 'invoice', id: 'b1', version, purchase: true, number: `B-${version}` });
    await bench.notice({ entityId: 'b1' });
  }
  bench.books.remove('x1', 'b1');
  await bench.notice({ entityId: 'b1', sourceTime: 5, changeType: 'deleted' });
  expect(bench.records().at(-1)).toMatchObject({ entityType: 'bill', deleted: true, version: 20 });
});

test('names the trace of the notice in what it tells', async () => {
  const bench = await FetcherBench.start(withInvoice);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  bench.enqueue({}, { traceparent });
  await bench.settle();
  expect(bench.outcomes().map(({ traceId }) => traceId)).toEqual([
    traceparent.slice(3, 35),
    traceparent.slice(3, 35),
  ]);
});
