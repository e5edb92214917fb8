import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { vendorFailure } from './testing/fake-books.js';
import { aConnection, FetcherBench } from './testing/fetcher-bench.js';
import { spreadOf } from './steps/plan-polls.step.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function payment(bench: FetcherBench, id: string, connectionId = 'x1'): void {
  bench.books.put(connectionId, { type: 'payment', id, version: bench.clock.now() });
}

/** Enough turns of the event loop for an answer in memory to be read. */
async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

/** Lets the first poll of every connection pass. */
async function settledBench(prepare: (bench: FetcherBench) => void = () => undefined): Promise<FetcherBench> {
  const bench = await FetcherBench.start(prepare);
  await bench.pass(5 * MINUTE + SECOND);
  return bench;
}

/** Waits until the last poll is more than a minute ago and the next one is not near. */
async function quietBench(): Promise<FetcherBench> {
  const bench = await settledBench();
  const sincePoll = () => bench.clock.now() - (bench.cursor()?.polledAt ?? 0);
  while (sincePoll() < 61 * SECOND || sincePoll() > 120 * SECOND) await bench.pass(10 * SECOND);
  return bench;
}

test('finds what no webhook told, and tells it once', async () => {
  const bench = await settledBench();
  payment(bench, 'p1');
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1']);
  expect(bench.records()[0]).toMatchObject({
    origin: 'poll',
    webhookIds: [],
    noticeIds: [expect.any(String)],
  });
  expect(bench.trail()).toEqual(['fetched']);
});

test('polls sooner as soon as the settings of a connection say so', async () => {
  const often = { pollIntervalSeconds: '60' };
  const bench = await settledBench((bench) => {
    bench.connections.set('x1', { ...aConnection('x1'), settings: { pollIntervalSeconds: '86400' } });
  });
  expect(bench.cursor()?.nextPollAt).toBeGreaterThan(bench.clock.now() + 5 * MINUTE);
  bench.connections.set('x1', { ...aConnection('x1'), settings: often });
  await bench.pass(15 * SECOND);
  expect(bench.cursor()?.nextPollAt).toBeLessThanOrEqual(bench.clock.now() + MINUTE);
});

test('ties a payment that it found first to the invoice that names it', async () => {
  const bench = await settledBench();
  payment(bench, 'p1');
  await bench.pass(15 * MINUTE);
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: bench.clock.now(), payments: ['p1'] });
  await bench.notice();
  const idsOf = (type: string) => bench.outcomes().find((told) => told.entityType === type)?.noticeIds ?? [];
  expect(idsOf('payment').filter((id) => idsOf('invoice').includes(id))).toHaveLength(1);
});

test('does not tell again what a webhook told before the poll', async () => {
  const bench = await settledBench();
  payment(bench, 'p1');
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1']);
});

test('fetches what a list only names, and only what is newer than what was told', async () => {
  const bench = await settledBench((bench) => {
    bench.books.listsOnlyNames = true;
  });
  payment(bench, 'p1');
  await bench.notice({ entityType: 'payment', entityId: 'p1' });
  const before = bench.books.fetches.length;
  payment(bench, 'p2');
  payment(bench, 'p3');
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p2', 'payment/p3']);
  expect(bench.books.fetches.slice(before).flatMap(({ ids }) => ids)).toEqual(['p2', 'p3']);
});

test('never tells an older state after a newer one when both have waited for the same contact', async () => {
  const bench = await settledBench((bench) => {
    for (const id of ['k1', 'k2']) bench.books.put('x1', { type: 'contact', id, version: 1 });
  });
  const [contacts, page] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  bench.books.beforeFetch = (ids) => (ids.includes('k2') ? contacts.promise : Promise.resolve());
  bench.enqueue({ entityType: 'contact', entityId: 'k2' });
  await expect.poll(() => bench.books.fetches.at(-1)?.ids).toEqual(['k2']);

  const paid = { type: 'payment', id: 'p1', contactId: 'k1' } as const;
  const older = bench.clock.now();
  bench.books.put('x1', { ...paid, version: older });
  const read = Promise.withResolvers<void>();
  bench.books.afterPoll = () => {
    read.resolve();
    return page.promise;
  };
  const polled = bench.driver.advance(10 * MINUTE);
  await read.promise;
  bench.books.put('x1', { ...paid, version: older + 1 });
  bench.enqueue({ entityType: 'payment', entityId: 'p1' });
  await expect.poll(() => bench.books.fetches.at(-1)?.ids).toEqual(['p1']);
  await nextTurns();
  page.resolve();
  await nextTurns();
  contacts.resolve();
  await polled;
  await bench.settle();
  expect(bench.emitted()).toEqual(['contact/k2', 'contact/k1', 'payment/p1']);
  expect(bench.records().at(-1)?.version).toBe(older + 1);
});

test('emits what a polled entity needs downstream before it', async () => {
  const bench = await settledBench((bench) =>
    bench.books.put('x1', { type: 'contact', id: 'k1', version: 1 }),
  );
  bench.books.put('x1', { type: 'payment', id: 'p1', version: bench.clock.now(), contactId: 'k1' });
  bench.books.put('x1', { type: 'payment', id: 'p2', version: bench.clock.now(), contactId: 'k1' });
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toEqual(['contact/k1', 'payment/p1', 'payment/p2']);
});

test('begins where the connection came to be and does not tell the past as news', async () => {
  const bench = await FetcherBench.start((bench) => {
    bench.connections.set('x1', aConnection('x1', { updatedAt: bench.clock.now() }));
    bench.books.put('x1', { type: 'payment', id: 'old', version: bench.clock.now() - MINUTE });
    bench.books.put('x1', { type: 'payment', id: 'new', version: bench.clock.now() + 1 });
  });
  await bench.pass(15 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/new']);
});

test('reads page after page, and goes on behind the last committed page after a crash', async () => {
  const bench = await settledBench();
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5']) payment(bench, id);
  let answers = 0;
  bench.books.beforePoll = () => (++answers === 2 ? new Promise(() => undefined) : Promise.resolve());
  void bench.driver.advance(10 * MINUTE).catch(() => undefined);
  await expect.poll(() => answers).toBe(2);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p2']);
  bench.books.polls.length = 0;
  await bench.driver.restart();
  await bench.pass(10 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1', 'payment/p2', 'payment/p3', 'payment/p4', 'payment/p5']);
  expect(bench.books.polls[0]?.position).toMatch(/\+2$/);
});

test('lets no connection wait for the poll of another', async () => {
  const bench = await settledBench((bench) => void bench.connections.set('x2', aConnection('x2')));
  payment(bench, 'p1');
  payment(bench, 'p2', 'x2');
  let blocked = false;
  bench.books.beforePoll = () => {
    if (bench.books.polls.at(-1)?.connectionId !== 'x1') return Promise.resolve();
    blocked = true;
    return new Promise(() => undefined);
  };
  void bench.driver.advance(15 * MINUTE).catch(() => undefined);
  await expect.poll(() => blocked && bench.emitted().includes('payment/p2')).toBe(true);
  expect(bench.emitted()).toEqual(['payment/p2']);
});

test('uses the background part of the limits', async () => {
  const bench = await settledBench();
  expect(bench.callOptions).toEqual([{ background: true }]);
});

test('waits as long as the vendor asks when a poll is refused, and then goes on from where it was', async () => {
  const bench = await settledBench();
  const { position } = bench.cursor() ?? {};
  payment(bench, 'p1');
  const refusal = { code: 'vendor-day-limit', disposition: 'park', retryAfterMs: 60 * MINUTE } as const;
  bench.books.failing.set('x1', vendorFailure(refusal));
  await bench.pass(10 * MINUTE);
  const polled = bench.books.polls.length;
  expect(bench.cursor()).toMatchObject({ position });
  bench.books.failing.clear();
  await bench.pass(45 * MINUTE);
  expect(bench.books.polls).toHaveLength(polled);
  await bench.pass(30 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1']);
});

test('keeps all polls of a connection to their share of its daily limit', async () => {
  const bench = await FetcherBench.start((bench) => (bench.perDay = 500));
  await bench.pass(24 * 60 * MINUTE);
  expect(bench.books.polls.length).toBeGreaterThan(100);
  expect(bench.books.polls.length).toBeLessThanOrEqual(151);
});

test('goes on with the page when one of its entities cannot be read', async () => {
  const bench = await settledBench();
  bench.books.put('x1', { type: 'payment', id: 'p1', version: bench.clock.now(), broken: true });
  payment(bench, 'p2');
  await bench.pass(10 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p2']);
  expect(bench.trail()).toContain('failed/unmappable');
});

test('stops polling a connection that is away and polls again when it is back', async () => {
  const bench = await settledBench();
  bench.connections.set('x1', aConnection('x1', { status: 'paused' }));
  const polled = bench.books.polls.length;
  payment(bench, 'p1');
  await bench.pass(60 * MINUTE);
  expect(bench.books.polls).toHaveLength(polled);
  bench.connections.set('x1', aConnection('x1'));
  await bench.pass(2 * MINUTE);
  expect(bench.emitted()).toEqual(['payment/p1']);
});

test('leaves connections of other vendors alone', async () => {
  const bench = await FetcherBench.start((bench) => {
    bench.connections.set('x1', aConnection('x1', { vendor: 'freshbooks' }));
  });
  await bench.pass(60 * MINUTE);
  expect(bench.books.polls).toHaveLength(0);
});

test('polls payments soon after an invoice on which something was paid, once for a burst', async () => {
  const bench = await quietBench();
  const polled = bench.books.polls.length;
  payment(bench, 'p1');
  for (const id of ['i1', 'i2', 'i3']) {
    bench.books.put('x1', { type: 'invoice', id, version: 5, amountPaid: '40' });
    await bench.notice({ entityId: id });
    await bench.pass(100);
  }
  expect(bench.emitted()).not.toContain('payment/p1');
  await bench.pass(3 * SECOND);
  expect(bench.emitted()).toContain('payment/p1');
  expect(bench.books.polls).toHaveLength(polled + 1);
});

test('polls early only when something was paid', async () => {
  const bench = await quietBench();
  const polled = bench.books.polls.length;
  bench.books.put('x1', { type: 'invoice', id: 'i1', version: 5 });
  await bench.notice();
  await bench.pass(30 * SECOND);
  expect(bench.books.polls).toHaveLength(polled);
});

test('keeps hinted polls a minute apart, and none is lost', async () => {
  const bench = await quietBench();
  const polled = bench.books.polls.length;
  for (let turn = 1; turn <= 12; turn += 1) {
    bench.books.put('x1', {
      type: 'invoice',
      id: 'i1',
      version: turn,
      number: `INV-${turn}`,
      amountPaid: '40',
    });
    await bench.notice();
    if (turn === 12) payment(bench, 'p1');
    await bench.pass(10 * SECOND);
  }
  expect(bench.books.polls.length - polled).toBeLessThanOrEqual(3);
  await bench.pass(MINUTE);
  expect(bench.emitted()).toContain('payment/p1');
});

test('spreads the polls of many connections over the interval', () => {
  const spread = Array.from({ length: 200 }, (_, index) => spreadOf(`x${index}/poll/payment`, 300_000));
  for (let part = 0; part < 5; part += 1) {
    const inPart = spread.filter((ms) => ms >= part * 60_000 && ms < (part + 1) * 60_000);
    expect(inPart.length).toBeGreaterThan(20);
  }
});
