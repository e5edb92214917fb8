import { expect, test } from 'vitest';
import { changeNoticesOf } from '#libs/contracts';
import { vendorFailure } from './testing/fake-books.js';
import { FetcherBench } from './testing/fetcher-bench.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Lists that only name p1, p2 and p3, which are fetched four at a time; whoever asks for p2 gets the failure. */
async function stuckAtP2(failure: Error): Promise<FetcherBench> {
  const bench = await FetcherBench.start(({ books }) => {
    books.listsOnlyNames = true;
    books.entityTypes = books.entityTypes.map((plan) => ({ ...plan, maxBatch: 4 }));
  });
  await bench.pass(5 * MINUTE + SECOND);
  bench.books.pageSize = 4;
  for (const id of ['p1', 'p2', 'p3'])
    bench.books.put('x1', { type: 'payment', id, version: bench.clock.now() });
  bench.books.beforeFetch = (ids) => (ids.includes('p2') ? Promise.reject(failure) : Promise.resolve());
  return bench;
}

test('goes on past an entity that the vendor refuses for good, and says so', async () => {
  const bench = await stuckAtP2(vendorFailure({ code: 'vendor-rejected', disposition: 'dead-letter' }));
  const { position } = bench.cursor() ?? {};
  await bench.pass(6 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p3']);
  expect(bench.trail()).toContain('failed/vendor-rejected');
  expect(bench.outcomes().find(({ status }) => status === 'failed')).toMatchObject({ entityId: 'p2' });
  expect(bench.cursor()?.position).not.toBe(position);
});

test('comes to the same place a few times, then goes on and leaves the entity to a notice of its own', async () => {
  const bench = await stuckAtP2(vendorFailure({ code: 'vendor-bad-answer' }));
  await bench.pass(6 * MINUTE);
  expect(bench.emitted(), 'it may be the trouble of a moment').toEqual([]);
  await bench.pass(10 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p3']);
  expect(bench.driver.sent(changeNoticesOf('xero'))).toMatchObject([{ entityId: 'p2', origin: 'poll' }]);
  await bench.readOwnNotices();
  expect(bench.trail()).toContain('parked/vendor-bad-answer');
  bench.books.beforeFetch = () => Promise.resolve();
  await bench.pass(10 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p3', 'payment/p2']);
});

test('tells what became of a notice that a poll has written, even when nothing changed', async () => {
  const bench = await FetcherBench.start();
  bench.books.put('x1', { type: 'payment', id: 'p1', version: 1 });
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  await bench.notice({ entityType: 'payment', entityId: 'p1', origin: 'poll' });
  expect(bench.trail()).toEqual(['fetched', 'unchanged']);
});

test('goes on past an entity whose contact cannot be had', async () => {
  const bench = await FetcherBench.start();
  await bench.pass(5 * MINUTE + SECOND);
  bench.books.put('x1', { type: 'contact', id: 'k1', version: 1 });
  bench.books.put('x1', { type: 'payment', id: 'p1', version: bench.clock.now(), contactId: 'k1' });
  bench.books.put('x1', { type: 'payment', id: 'p2', version: bench.clock.now() });
  const failure = vendorFailure({ code: 'vendor-forbidden', disposition: 'park' });
  bench.books.beforeFetch = (ids) => (ids.includes('k1') ? Promise.reject(failure) : Promise.resolve());
  await bench.pass(20 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p2']);
  await bench.readOwnNotices();
  expect(bench.trail()).toContain('parked/vendor-forbidden');
});

test('never takes a wait that the vendor asks for as the fault of an entity', async () => {
  const wait = { code: 'vendor-rate-limited', disposition: 'park', retryAfterMs: MINUTE } as const;
  const bench = await stuckAtP2(vendorFailure(wait));
  await bench.pass(60 * MINUTE);
  expect(bench.emitted()).toEqual([]);
  expect(bench.driver.sent(changeNoticesOf('xero'))).toEqual([]);
});

test('polls less and less often while a poll fails, also when hints come, and as usual afterwards', async () => {
  const bench = await FetcherBench.start();
  await bench.pass(5 * MINUTE + SECOND);
  const polled = bench.books.polls.length;
  const paid = { type: 'invoice', id: 'i1', amountPaid: '40' } as const;
  bench.books.beforePoll = () =>
    Promise.reject(vendorFailure({ code: 'vendor-forbidden', disposition: 'park' }));
  for (let hour = 1; hour <= 4; hour += 1) {
    bench.books.put('x1', { ...paid, version: hour, number: `INV-${hour}` });
    await bench.notice();
    await bench.pass(60 * MINUTE);
  }
  expect(bench.books.polls.length - polled).toBeGreaterThan(10);
  expect(bench.books.polls.length - polled).toBeLessThan(25);
  bench.books.beforePoll = () => Promise.resolve();
  bench.books.put('x1', { type: 'payment', id: 'p1', version: bench.clock.now() });
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toContain('payment/p1');
  expect(bench.cursor()?.failures).toBeNull();
});
