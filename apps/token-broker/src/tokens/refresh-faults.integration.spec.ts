import { beforeEach, describe, expect, inject, test } from 'vitest';
import type { Database, Grant } from '#libs/persistence';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { accessTokenMs } from '../testing/books-vendor.js';
import {
  connectBooks,
  createInstance,
  createWorld,
  type Instance,
  type World,
} from '../testing/broker-instance.js';
import { ShiftableClock } from '../testing/shiftable-clock.js';

const GRACE_MS = 1_800_000;
const invalidGrant = { status: 400, error: 'invalid_grant' };
const SHORT_LEASE = { leaseMs: 150, pollMs: 10 };

let clock: ShiftableClock;
let world: World;

beforeEach(async () => {
  clock = new ShiftableClock();
  world = await createWorld(await createTestDatabase(inject('infrastructure').databaseUrl), clock);
  world.books.habits.graceMs = GRACE_MS;
});

async function connectAndExpire(instance: Instance): Promise<string> {
  const [connectionId = ''] = await connectBooks(instance, world);
  clock.shift(accessTokenMs);
  return connectionId;
}

async function read({ broker }: Instance, connectionId: string): Promise<string> {
  return (await broker.accessTokens.tokenFor(connectionId, {})).accessToken;
}

async function grantOf({ database }: Instance, connectionId: string) {
  const row = await database.connections.find(connectionId);
  return database.grants.find(row?.grantId ?? '');
}

/** Stops an instance between the vendor's answer and the commit. */
function stopPoint() {
  const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  return {
    reached: reached.promise,
    release,
    faultPoints: {
      async hit(name: string): Promise<void> {
        if (name !== 'refresh.answered') return;
        reached.resolve();
        await release.promise;
      },
    },
  };
}

/** The database of an instance, with some calls of the grant store replaced. */
function withGrants(changes: (grants: Database['grants']) => Partial<Database['grants']>) {
  return (database: Database): Database =>
    new Proxy(database, {
      get: (target, property, receiver) =>
        property === 'grants'
          ? withMethods(target.grants, changes(target.grants))
          : Reflect.get(target, property, receiver),
    });
}

function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (inner, property) => {
      const replaced: unknown = Reflect.get(methods, property);
      const value: unknown = replaced ?? Reflect.get(inner, property);
      return typeof value === 'function' ? value.bind(inner) : value;
    },
  });
}

describe('a process that dies between the answer of the vendor and the commit', () => {
  test('costs nothing inside the grace: the next one presents the stored token again', async () => {
    const stop = stopPoint();
    const dying = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE, parts: stop });
    const heir = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE });
    const connectionId = await connectAndExpire(heir);
    const lost = read(dying, connectionId).catch(() => 'never answered');
    await stop.reached;
    await dying.database.close();

    const token = await read(heir, connectionId);
    expect(world.books.accepts(token)).toBe(true);
    expect(world.books.refreshes).toBe(2);
    expect(await heir.broker.desk.alerts()).toEqual([]);
    stop.release.reject(new Error('killed'));
    expect(await lost).toBe('never answered');
  });

  test('costs the consent when nobody comes within the grace, and that is believed only when it is confirmed', async () => {
    const stop = stopPoint();
    const dying = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE, parts: stop });
    const heir = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE });
    const connectionId = await connectAndExpire(heir);
    const lost = read(dying, connectionId).catch(() => undefined);
    await stop.reached;
    await dying.database.close();

    clock.shift(GRACE_MS);
    await expect(read(heir, connectionId)).rejects.toMatchObject({ code: 'token-not-ready' });
    expect(await grantOf(heir, connectionId)).toMatchObject({ status: 'active', failures: 1 });
    clock.shift(60_000);
    await expect(read(heir, connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
    expect(await heir.broker.desk.alerts()).toHaveLength(1);
    stop.release.reject(new Error('killed'));
    await lost;
  });
});

describe('a process that was stopped beyond its lease', () => {
  test('comes back too late: the newer tokens stay, and its own are kept to fall back on', async () => {
    const stop = stopPoint();
    const frozen = await createInstance(world, {
      graceMs: GRACE_MS,
      settings: SHORT_LEASE,
      parts: stop,
      database: withGrants(() => ({ renewLease: async () => true })),
    });
    const heir = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE });
    const connectionId = await connectAndExpire(heir);
    const late = read(frozen, connectionId);
    await stop.reached;
    const token = await read(heir, connectionId);
    const before = await grantOf(heir, connectionId);
    stop.release.resolve();
    expect(await late).toBe(token);
    const after = await grantOf(heir, connectionId);
    expect(after).toMatchObject({ version: before?.version, status: 'active' });
    expect(after?.previousRefreshToken?.equals(before?.previousRefreshToken ?? Buffer.alloc(0))).toBe(false);
    expect(world.books.reuses).toBe(0);
  });

  test('its answer counts when nobody has stored a newer one', async () => {
    const stop = stopPoint();
    const frozen = await createInstance(world, {
      settings: SHORT_LEASE,
      parts: stop,
      database: withGrants(() => ({ renewLease: async () => true })),
    });
    const connectionId = await connectAndExpire(frozen);
    const late = read(frozen, connectionId);
    await stop.reached;
    await expect
      .poll(async () => ((await grantOf(frozen, connectionId))?.leaseUntil ?? 0) < Date.now())
      .toBe(true);
    stop.release.resolve();
    expect(world.books.accepts(await late)).toBe(true);
    expect(await grantOf(frozen, connectionId)).toMatchObject({ version: 2, leaseOwner: null });
  });

  test('its answer counts although another one has given the consent up meanwhile', async () => {
    const patient = { ...SHORT_LEASE, waitMs: 60_000 };
    const stop = stopPoint();
    const frozen = await createInstance(world, {
      settings: patient,
      parts: stop,
      database: withGrants(() => ({ renewLease: async () => true })),
    });
    const heir = await createInstance(world, { settings: patient });
    const connectionId = await connectAndExpire(heir);
    const late = read(frozen, connectionId);
    await stop.reached;
    world.books.habits.failNext = [invalidGrant];
    await expect(read(heir, connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
    expect(await heir.broker.desk.alerts()).toHaveLength(1);
    stop.release.resolve();
    const token = await late;
    expect(world.books.accepts(token)).toBe(true);
    expect(await read(heir, connectionId)).toBe(token);
    expect(await grantOf(heir, connectionId)).toMatchObject({ status: 'active', version: 2 });
    expect(await heir.broker.desk.alerts()).toEqual([]);
    await expect
      .poll(() => world.publisher.connections.at(-1))
      .toMatchObject({ connectionId, status: 'active' });
  });

  test('finds the newer tokens when its own old one is refused', async () => {
    const thaw = Promise.withResolvers<void>();
    const frozen = await createInstance(world, {
      graceMs: GRACE_MS,
      settings: SHORT_LEASE,
      database: withGrants(() => ({ renewLease: async () => true })),
      parts: { faultPoints: { hit: () => thaw.promise } },
    });
    const heir = await createInstance(world, { graceMs: GRACE_MS, settings: SHORT_LEASE });
    const connectionId = await connectAndExpire(heir);
    const late = read(frozen, connectionId);
    await expect.poll(async () => (await grantOf(heir, connectionId))?.leaseOwner).not.toBeNull();
    const token = await read(heir, connectionId);
    world.books.habits.failNext = [invalidGrant];
    thaw.resolve();
    expect(await late).toBe(token);
    expect(await grantOf(heir, connectionId)).toMatchObject({ version: 2, refusedAt: null, failures: 0 });
  });

  test('may not pass a verdict any more, even if it has not seen the newer tokens', async () => {
    const thaw = Promise.withResolvers<void>();
    const frozen = await createInstance(world, {
      settings: SHORT_LEASE,
      database: withGrants((grants) => ({
        renewLease: async () => true,
        find: async (grantId) => Object.assign((await grants.find(grantId)) ?? {}, { version: 1 }) as Grant,
      })),
      parts: { faultPoints: { hit: () => thaw.promise } },
    });
    const heir = await createInstance(world, { settings: SHORT_LEASE });
    const connectionId = await connectAndExpire(heir);
    const late = read(frozen, connectionId);
    await expect.poll(async () => (await grantOf(heir, connectionId))?.leaseOwner).not.toBeNull();
    const token = await read(heir, connectionId);
    world.books.habits.failNext = [invalidGrant];
    thaw.resolve();
    await late;
    expect(world.books.habits.failNext).toEqual([]);
    expect(await grantOf(heir, connectionId)).toMatchObject({ status: 'active', version: 2 });
    expect(await heir.broker.desk.alerts()).toEqual([]);
    expect(await read(heir, connectionId)).toBe(token);
  });
});

describe('a database that is away between the answer of the vendor and the commit', () => {
  test('is waited for, since the new token exists nowhere else', async () => {
    let failures = 3;
    const instance = await createInstance(world, {
      database: withGrants((grants) => ({
        storeTokens: async (...parameters) => {
          if (failures-- > 0) throw new Error('Connection terminated unexpectedly');
          return grants.storeTokens(...parameters);
        },
      })),
    });
    const connectionId = await connectAndExpire(instance);
    expect(world.books.accepts(await read(instance, connectionId))).toBe(true);
    expect(world.books.refreshes).toBe(1);
  });

  test('may have stored the tokens although it said no: that is found out', async () => {
    let asked = 0;
    const instance = await createInstance(world, {
      database: withGrants((grants) => ({
        storeTokens: async (...parameters) => {
          const stored = await grants.storeTokens(...parameters);
          if (asked++ === 0) throw new Error('Connection terminated unexpectedly');
          return stored;
        },
      })),
    });
    const connectionId = await connectAndExpire(instance);
    expect(world.books.accepts(await read(instance, connectionId))).toBe(true);
    expect([asked, world.books.refreshes]).toEqual([2, 1]);
    const metrics = await instance.registry.metrics();
    expect(metrics).toContain('token_refresh_total{vendor="books",outcome="refreshed"} 1');
  });
});

describe('what the token endpoint may answer', () => {
  test('a refusal that heals by itself stops nobody', async () => {
    const instance = await createInstance(world, { graceMs: GRACE_MS });
    const connectionId = await connectAndExpire(instance);
    world.books.habits.failNext = [invalidGrant];
    const refused = await instance.broker.accessTokens
      .tokenFor(connectionId, {})
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'token-not-ready', disposition: 'retry' });
    clock.shift((refused as { retryAfterMs: number }).retryAfterMs + 1);
    expect(world.books.accepts(await read(instance, connectionId))).toBe(true);
    expect(await grantOf(instance, connectionId)).toMatchObject({
      status: 'active',
      refusedAt: null,
      failures: 0,
    });
  });

  test('a consent that the customer ended is believed to be gone after the grace, with one alert', async () => {
    const instance = await createInstance(world, { graceMs: GRACE_MS });
    const connectionId = await connectAndExpire(instance);
    world.books.revokeEverything();
    await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'token-not-ready' });
    clock.shift(GRACE_MS);
    await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
    await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
    expect(await instance.broker.desk.alerts('w1')).toHaveLength(1);
    await expect
      .poll(() => world.publisher.outcomes.map(({ status }) => status))
      .toContain('needs-reauthorisation');
    const metrics = await instance.registry.metrics();
    expect(metrics).toContain('token_reauthorisation_alerts_total{vendor="books",reason="grant-revoked"} 1');
  });

  test('the trail tells of a failing spell once when it begins and once when it ends', async () => {
    const instance = await createInstance(world, { graceMs: GRACE_MS });
    const connectionId = await connectAndExpire(instance);
    world.books.habits.failNext = [invalidGrant, { status: 503, error: 'down' }];
    for (const waitMs of [60_000, 600_000]) {
      await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'token-not-ready' });
      clock.shift(waitMs);
    }
    await read(instance, connectionId);
    await instance.broker.announcer.idle();
    expect(world.publisher.outcomes.filter(({ status }) => status.startsWith('refresh-'))).toMatchObject([
      { step: 'connect', status: 'refresh-failing', connectionId, nextTryAt: expect.any(Number) },
      { step: 'connect', status: 'refresh-recovered', connectionId, nextTryAt: null },
    ]);
  });

  test('a vendor without grace that refuses is believed at once', async () => {
    const instance = await createInstance(world);
    const connectionId = await connectAndExpire(instance);
    world.books.revokeEverything();
    await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
  });

  test.each([
    ['an outage', { status: 503, error: 'down' }, 'warn'],
    ['wrong credentials of our own app', { status: 401, error: 'invalid_client' }, 'error'],
  ])(
    '%s never costs a consent, and is not asked about again before its time',
    async (_what, failure, level) => {
      const instance = await createInstance(world);
      const connectionId = await connectAndExpire(instance);
      world.books.habits.failNext = [failure];
      await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'token-not-ready' });
      await expect(read(instance, connectionId)).rejects.toMatchObject({ code: 'token-not-ready' });
      expect(world.books.refreshes).toBe(0);
      clock.shift(86_400_000);
      expect(world.books.accepts(await read(instance, connectionId))).toBe(true);
      const line = world.log
        .map((text) => JSON.parse(text))
        .find(({ event }) => event === 'token.refresh-failed');
      expect(line).toMatchObject({ level, vendor: 'books' });
    },
  );

  test('a refused token is replaced with the former one while its grace lasts', async () => {
    const instance = await createInstance(world, { graceMs: GRACE_MS });
    const connectionId = await connectAndExpire(instance);
    await read(instance, connectionId);
    clock.shift(accessTokenMs - 10_000);
    world.books.habits.failNext = [invalidGrant];
    expect(world.books.accepts(await read(instance, connectionId))).toBe(true);
    const metrics = await instance.registry.metrics();
    expect(metrics).toContain('token_refresh_total{vendor="books",outcome="refreshed-with-former"} 1');
  });
});
