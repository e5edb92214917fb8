import { expect, test } from 'vitest';
import { contactWishesOf } from '#libs/contracts';
import { vendorFailure } from './testing/fake-books.js';
import { aConnection, FetcherBench } from './testing/fetcher-bench.js';

const MINUTE = 60_000;
const withPlace = aConnection('x1', { settings: { optOutGroup: 'No text messages' } });

/** Books in which the connection has named a place for wishes. */
function start(): Promise<FetcherBench> {
  return FetcherBench.start((bench) => bench.connections.set('x1', withPlace));
}

/** Stops the process where it stands, at a moment of the books' answer, and starts it again. */
async function killedAt(moment: 'before' | 'after'): Promise<FetcherBench> {
  const bench = await start();
  let reached = (): void => undefined;
  const arrival = new Promise<void>((resolve) => (reached = resolve));
  bench.whenTold = async (when) => {
    if (when !== moment) return;
    reached();
    await new Promise<never>(() => undefined);
  };
  bench.enqueueWish();
  await arrival;
  bench.whenTold = () => Promise.resolve();
  await bench.driver.restart();
  await bench.settle();
  return bench;
}

test('a refusal is brought to the books, and taken back when messages are wanted again', async () => {
  const bench = await start();
  await bench.wish();
  expect([...bench.refusing]).toEqual(['c1']);
  expect(bench.outcomes().at(-1)).toMatchObject({
    step: 'contact',
    status: 'kept',
    reason: 'kept-in-books',
    entityType: 'contact',
    entityId: 'c1',
    commandId: 'w1',
  });
  await bench.wish({ commandId: 'w2', smsAllowed: true });
  expect([...bench.refusing]).toEqual([]);
  expect(bench.wishesWritten).toBe(2);
});

test('what the books say already is not written again', async () => {
  const bench = await start();
  bench.refusing.add('c1');
  await bench.wish();
  expect(bench.wishesWritten).toBe(0);
  expect(bench.outcomes().at(-1)?.detail).toContain('said so already');
});

test('a wish that is told twice counts once, and an older one never follows a newer one', async () => {
  const bench = await start();
  await bench.wish({ decidedAt: 2_000, smsAllowed: true });
  await bench.wish({ decidedAt: 2_000, smsAllowed: true });
  await bench.wish({ commandId: 'w0', decidedAt: 1_000 });
  expect(bench.trail()).toEqual(['kept/kept-in-books', 'skipped/superseded']);
  expect([...bench.refusing]).toEqual([]);
});

test.each(['before', 'after'] as const)(
  'killed %s the books were told, it ends with one change and one outcome',
  async (moment) => {
    const bench = await killedAt(moment);
    expect([...bench.refusing]).toEqual(['c1']);
    expect(bench.wishesWritten).toBe(1);
    expect(bench.trail()).toEqual(['kept/kept-in-books']);
  },
);

test('a transaction that fails after the books were told leads to no second change', async () => {
  const bench = await start();
  bench.beforeCommit = () => {
    if (bench.wishesWritten > 0) throw new Error('connection closed');
  };
  bench.enqueueWish();
  await expect(bench.settle()).rejects.toThrow('connection closed');
  bench.beforeCommit = () => undefined;
  await bench.driver.restart();
  await bench.settle();
  expect(bench.wishesWritten).toBe(1);
  expect(bench.trail()).toEqual(['kept/kept-in-books']);
});

test('waits while the vendor cannot be asked, in order with the next wish of the contact', async () => {
  const bench = await start();
  bench.books.failing.set(
    'x1',
    vendorFailure({ code: 'vendor-day-limit', disposition: 'park', retryAfterMs: MINUTE }),
  );
  await bench.wish();
  expect(bench.trail()).toEqual(['parked/vendor-day-limit']);
  await bench.wish({ commandId: 'w2', smsAllowed: true, decidedAt: bench.clock.now() + 1 });
  bench.books.failing.clear();
  await bench.pass(2 * MINUTE);
  expect([...bench.refusing]).toEqual([]);
  expect(bench.wishesWritten).toBe(2);
});

test('without a place in the books nothing is written, and the trail says why', async () => {
  const bench = await FetcherBench.start();
  await bench.wish();
  expect(bench.wishesWritten).toBe(0);
  expect(bench.outcomes().at(-1)).toMatchObject({ status: 'skipped', reason: 'books-take-no-opt-outs' });
  bench.connections.set('x1', { ...withPlace, status: 'disconnected' });
  await bench.wish({ commandId: 'w2' });
  expect(bench.trail().at(-1)).toBe('skipped/disconnected');
});

test('a wish without a known connection does not stop others', async () => {
  const bench = await start();
  bench.driver.send(contactWishesOf('xero'), 'x9', {
    commandId: 'w9',
    workspaceId: 'w1',
    connectionId: 'x9',
    vendor: 'xero',
    contactId: 'c1',
    smsAllowed: false,
    cause: 'stop-message',
    flowId: 'f1',
    decidedAt: 0,
  });
  await bench.wish();
  expect([...bench.refusing]).toEqual(['c1']);
});
