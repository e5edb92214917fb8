import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { digestOf } from '#libs/core';
import type { AccessTokenAnswer } from '#libs/vendor-kit';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { accessTokenMs } from '../testing/books-vendor.js';
import {
  assertNoSecretIn,
  connectBooks,
  createInstance,
  createWorld,
  type Instance,
  type World,
} from '../testing/broker-instance.js';
import { ShiftableClock } from '../testing/shiftable-clock.js';

const GRACE_MS = 1_800_000;
const REPLICAS = 8;

let clock: ShiftableClock;
let world: World;

beforeEach(async () => {
  clock = new ShiftableClock();
  world = await createWorld(await createTestDatabase(inject('infrastructure').databaseUrl), clock);
});

afterEach(() => {
  assertNoSecretIn(world.log.join(''), world);
});

function replicas(options: Parameters<typeof createInstance>[1] = {}): Promise<Instance[]> {
  return Promise.all(Array.from({ length: REPLICAS }, () => createInstance(world, options)));
}

async function connected(instances: readonly Instance[]): Promise<string> {
  const [first] = instances;
  if (!first) throw new Error('there is no instance');
  return (await connectBooks(first, world))[0] ?? '';
}

/** The vendor answers no refresh until it is told to. */
function holdRefreshes(): PromiseWithResolvers<void> {
  const answered = Promise.withResolvers<void>();
  world.books.habits.heldUntil = answered.promise;
  return answered;
}

/** `perInstance` reads of one connection at every instance, all at once. */
function readAll(
  instances: readonly Instance[],
  connectionId: string,
  perInstance: number,
): Promise<PromiseSettledResult<AccessTokenAnswer>[]> {
  return Promise.allSettled(
    instances.flatMap(({ broker }) =>
      Array.from({ length: perInstance }, () => broker.accessTokens.tokenFor(connectionId, {})),
    ),
  );
}

function tokensOf(results: readonly PromiseSettledResult<AccessTokenAnswer>[]): string[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value.accessToken;
  });
}

describe('eight replicas and a vendor that ends the consent when an old refresh token is presented', () => {
  test('refresh once per expiry, however many ask', async () => {
    const instances = await replicas();
    const connectionId = await connected(instances);
    world.books.habits.delayMs = 100;
    for (let expiry = 1; expiry <= 4; expiry += 1) {
      clock.shift(accessTokenMs);
      const tokens = tokensOf(await readAll(instances, connectionId, 60));
      expect(new Set(tokens).size).toBe(1);
      expect(world.books.accepts(tokens[0] ?? '')).toBe(true);
      expect(world.books.refreshes).toBe(expiry);
    }
    expect([world.books.peak, world.books.reuses]).toEqual([1, 0]);
    expect(await instances[0]?.broker.desk.alerts()).toEqual([]);
  });

  test('go on with the token in hand while a slow vendor gives the next one', async () => {
    const instances = await replicas();
    const connectionId = await connected(instances);
    const [before] = tokensOf(await readAll(instances.slice(0, 1), connectionId, 1));
    clock.shift(accessTokenMs - 200_000);
    const answered = holdRefreshes();
    const during = tokensOf(await readAll(instances, connectionId, 10));
    expect(new Set(during)).toEqual(new Set([before]));
    answered.resolve();
    await Promise.all(instances.map(({ broker }) => broker.stop()));
    const [after] = tokensOf(await readAll(instances.slice(0, 1), connectionId, 1));
    expect(after).not.toBe(before);
    expect([world.books.refreshes, world.books.reuses]).toEqual([1, 0]);
  });

  test('tell callers to come again when the vendor is slower than they wait, and keep its late answer', async () => {
    const instances = await replicas({ settings: { waitMs: 100 } });
    const connectionId = await connected(instances);
    clock.shift(accessTokenMs);
    const answered = holdRefreshes();
    const results = await readAll(instances, connectionId, 5);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'token-not-ready' } });
    answered.resolve();
    await Promise.all(instances.map(({ broker }) => broker.stop()));
    const [token] = tokensOf(await readAll(instances, connectionId, 1));
    expect(world.books.accepts(token ?? '')).toBe(true);
    expect([world.books.refreshes, world.books.reuses]).toEqual([1, 0]);
  });

  test('when the answer is lost the consent is gone: one alert, the connection stops, the owner mends it', async () => {
    const instances = await replicas({ settings: { backoff: instantBackoff } });
    const connectionId = await connected(instances);
    clock.shift(accessTokenMs);
    world.books.habits.loseAnswers = 1;
    await expect.poll(() => codesOf(readAll(instances, connectionId, 10))).toEqual(['needs-reauthorisation']);
    const [first] = instances;
    const alerts = await first?.broker.desk.alerts('w1');
    expect(alerts).toMatchObject([
      { vendor: 'books', reason: 'grant-revoked', connectionIds: [connectionId] },
    ]);
    await expect
      .poll(() => world.publisher.connections.at(-1))
      .toMatchObject({ connectionId, status: 'needs-reauthorisation' });

    expect(await connected(instances)).toBe(connectionId);
    const [token] = tokensOf(await readAll(instances, connectionId, 1));
    expect(world.books.accepts(token ?? '')).toBe(true);
    expect(await first?.broker.desk.alerts('w1')).toEqual([]);
  });

  test('ten refused calls cost one refresh', async () => {
    const instances = await replicas();
    const connectionId = await connected(instances);
    const [refused = ''] = tokensOf(await readAll(instances.slice(0, 1), connectionId, 1));
    const question = { rejected: true, rejectedDigest: digestOf(refused) };
    const answers = await Promise.all(
      instances.map(({ broker }) => broker.accessTokens.tokenFor(connectionId, question)),
    );
    const late = await instances[0]?.broker.accessTokens.tokenFor(connectionId, question);
    expect(new Set([...answers, late].map((answer) => answer?.accessToken)).size).toBe(1);
    expect(answers[0]?.accessToken).not.toBe(refused);
    expect(world.books.refreshes).toBe(1);
  });
});

describe('a vendor whose former refresh token works for half an hour more', () => {
  test('a lost answer is asked for again, and nobody notices', async () => {
    world.books.habits.graceMs = GRACE_MS;
    const instances = await replicas({ graceMs: GRACE_MS, settings: { backoff: instantBackoff } });
    const connectionId = await connected(instances);
    clock.shift(accessTokenMs);
    world.books.habits.loseAnswers = 1;
    await expect.poll(() => codesOf(readAll(instances, connectionId, 10))).toEqual(['ok']);
    expect(world.books.reuses).toBe(0);
    expect(await instances[0]?.broker.desk.alerts()).toEqual([]);
  });
});

const instant = { baseMs: 1, capMs: 1 };
const instantBackoff = { transient: instant, refused: instant, misconfigured: instant };

/** The different ends of the reads: `ok` or the code of the error. */
async function codesOf(reads: Promise<PromiseSettledResult<AccessTokenAnswer>[]>): Promise<string[]> {
  const codes = (await reads).map((result) =>
    result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code,
  );
  return [...new Set(codes)];
}
