import { ManualClock } from '#libs/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VendorError } from '../vendor-error.js';
import { ConnectionLimiter, type Limits } from './connection-limiter.js';

function limiter(clock: ManualClock, limits: Limits, maxWaitMs = 2000): ConnectionLimiter {
  return new ConnectionLimiter(limits, { clock, vendor: 'test', maxWaitMs, maxQueue: 100 });
}

/** Acquires and releases at once; a refusal gives its park time. */
async function use(one: ConnectionLimiter, background = false): Promise<'sent' | number | undefined> {
  try {
    (await one.acquire(background)).release();
    return 'sent';
  } catch (error) {
    if (!(error instanceof VendorError) || error.code !== 'vendor-limit-wait') throw error;
    if (error.disposition !== 'park' || error.effect !== 'none') throw error;
    return error.retryAfterMs;
  }
}

async function whenGranted(one: ConnectionLimiter, background: boolean, then: () => void): Promise<void> {
  const permit = await one.acquire(background).catch(() => undefined);
  if (!permit) return;
  then();
  permit.release();
}

test('never lets more than the limit go in any minute, however requests come', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 150 });
  await fc.assert(
    fc.asyncProperty(gaps, async (waits) => {
      const clock = new ManualClock(0);
      const one = limiter(clock, { concurrent: 5, perMinute: 20 });
      const sent: number[] = [];
      for (const wait of waits) {
        await clock.advance(wait);
        void whenGranted(one, false, () => sent.push(clock.now()));
        await clock.advance(0);
      }
      for (const at of sent)
        expect(sent.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(20);
    }),
    { numRuns: 30 },
  );
});

test('lets a burst go at once and then an even pace', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perMinute: 60 });
  for (let call = 0; call < 10; call++) expect(await use(one)).toBe('sent');
  const eleventh = one.acquire();
  expect(one.waitMs()).toBe(1000);
  await clock.advance(1000);
  (await eleventh).release();
});

test('parks work whose turn is further off than a moment', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perMinute: 60 });
  for (let call = 0; call < 10; call++) await use(one);
  const waiting = [one.acquire(), one.acquire()];
  expect(await use(one)).toBeGreaterThan(2000);
  await clock.advance(2000);
  for (const permit of await Promise.all(waiting)) permit.release();
});

test('keeps requests in flight within the limit and serves the queue in order', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 2 });
  const order: string[] = [];
  const held = await Promise.all([one.acquire(), one.acquire()]);
  const later = ['a', 'b', 'c'].map((name) =>
    one.acquire().then((permit) => {
      order.push(name);
      return permit;
    }),
  );
  await clock.advance(10);
  expect(order).toEqual([]);
  held[0]?.release();
  await clock.advance(0);
  expect(order).toEqual(['a']);
  held[0]?.release();
  held[1]?.release();
  (await later[0])?.release();
  await clock.advance(0);
  expect(order).toEqual(['a', 'b', 'c']);
  await Promise.all(later).then((permits) => permits.forEach((permit) => permit.release()));
  expect(one.idle).toBe(true);
});

test('a queued request whose turn does not come is parked', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 1 });
  const held = await one.acquire();
  const outcome = use(one);
  await clock.advance(2000);
  expect(await outcome).toBe(1000);
  held.release();
  expect(await use(one)).toBe('sent');
});

test('obeys Retry-After to the millisecond', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perMinute: 60 });
  (await one.acquire()).release({ exceeded: 'minute', retryAfterMs: 30_000 });
  expect(await use(one)).toBe(30_000);
  await clock.advance(30_000);
  expect(await use(one)).toBe('sent');
});

test('rests for a while after a refusal that names no time', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5 });
  (await one.acquire()).release({ exceeded: 'minute' });
  expect(await use(one)).toBe(10_000);
});

test('believes the vendor when others used up the minute', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perMinute: 60 });
  (await one.acquire()).release({ minuteRemaining: 0 });
  expect(await use(one)).toBeGreaterThan(55_000);
  await clock.advance(61_000);
  expect(await use(one)).toBe('sent');
});

test('stops at the daily limit and tries again with single requests until the vendor has a new day', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perDay: 1000 });
  (await one.acquire()).release({ dayRemaining: 0 });
  expect(await use(one)).toBe(15 * 60_000);
  await clock.advance(15 * 60_000);
  (await one.acquire()).release({ dayRemaining: 0 });
  expect(await use(one)).toBe(15 * 60_000);
  await clock.advance(15 * 60_000);
  (await one.acquire()).release({ dayRemaining: 999 });
  expect(await use(one)).toBe('sent');
});

test('background work leaves a part of the minute and of the day to webhooks', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 5, perMinute: 60, perDay: 1000 });
  (await one.acquire()).release({ minuteRemaining: 20 });
  expect(await use(one, true)).toBeGreaterThan(2000);
  expect(await use(one)).toBe('sent');
  await clock.advance(120_000);
  (await one.acquire()).release({ dayRemaining: 50 });
  expect(await use(one, true)).toBeGreaterThan(2000);
  expect(await use(one)).toBe('sent');
});

test('background work waits behind webhooks', async () => {
  const clock = new ManualClock(0);
  const one = limiter(clock, { concurrent: 1 });
  const order: string[] = [];
  const held = await one.acquire();
  for (const [name, background] of [
    ['poll', true],
    ['webhook', false],
  ] as const)
    void whenGranted(one, background, () => order.push(name));
  held.release();
  await clock.advance(0);
  expect(order).toEqual(['webhook', 'poll']);
});
