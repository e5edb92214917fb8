import { expect, test } from 'vitest';
import { changeNoticesOf } from '#libs/contracts';
import { FetcherBench } from './testing/fetcher-bench.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function states(bench: FetcherBench) {
  return bench.records().map(({ version, deleted }) => ({ version, deleted }));
}

test('does not believe the first answer that an entity is not there, and tells it once it shows', async () => {
  const bench = await FetcherBench.start();
  const written = bench.clock.now() - 500;
  await bench.notice({ changeType: 'created' });
  expect(bench.trail()).toEqual(['parked/not-found-yet']);
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: written });
  await bench.pass(MINUTE);
  expect(bench.records()).toMatchObject([{ version: written, deleted: false, created: true }]);
});

test('believes it after some tries, and takes any later sight of the entity for newer', async () => {
  const bench = await FetcherBench.start();
  const written = bench.clock.now() - 500;
  await bench.notice({ changeType: 'created' });
  await bench.pass(2 * MINUTE);
  expect(states(bench)).toEqual([{ version: 0, deleted: true }]);
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: written });
  await bench.notice();
  expect(states(bench).at(-1)).toEqual({ version: written, deleted: false });
});

test('keeps the version of an entity that is not found any more, so that the same state of it can follow', async () => {
  const bench = await FetcherBench.start();
  const invoice = { type: 'invoice', id: 'i1', version: 10 } as const;
  bench.books.put('x1', invoice);
  await bench.notice();
  bench.books.remove('x1', 'i1');
  await bench.notice({ recheck: true, recheckToken: 't' });
  await bench.pass(2 * MINUTE);
  bench.books.put('x1', invoice);
  await bench.notice();
  expect(states(bench)).toEqual([
    { version: 10, deleted: false },
    { version: 10, deleted: true },
    { version: 10, deleted: false },
  ]);
  expect(bench.records()[1]?.recheckTokens).toEqual(['t']);
});

test('believes at once what a notice calls deleted, and no older state follows', async () => {
  const bench = await FetcherBench.start();
  const invoice = { type: 'invoice', id: 'i1', version: 10 } as const;
  bench.books.put('x1', invoice);
  await bench.notice();
  bench.books.remove('x1', 'i1');
  await bench.notice({ changeType: 'deleted', sourceTime: 50 });
  expect(states(bench).at(-1)).toEqual({ version: 50, deleted: true });
  bench.books.put('x1', invoice);
  await bench.notice();
  expect(bench.trail().at(-1)).toBe('superseded');
});

test('leaves to a notice what a list names and a fetch does not find', async () => {
  const bench = await FetcherBench.start(({ books }) => {
    books.listsOnlyNames = true;
  });
  await bench.pass(5 * MINUTE + SECOND);
  const payment = { type: 'payment', id: 'p1', version: bench.clock.now() } as const;
  bench.books.put('x1', payment);
  bench.books.beforeFetch = () => {
    bench.books.remove('x1', 'p1');
    return Promise.resolve();
  };
  await bench.pass(6 * MINUTE);
  expect(bench.emitted()).toEqual([]);
  expect(bench.driver.sent(changeNoticesOf('xero'))).toMatchObject([{ entityId: 'p1', origin: 'poll' }]);
  bench.books.beforeFetch = () => Promise.resolve();
  bench.books.put('x1', payment);
  await bench.readOwnNotices();
  await bench.pass(MINUTE);
  expect(bench.records()).toMatchObject([{ entityId: 'p1', deleted: false }]);
});
