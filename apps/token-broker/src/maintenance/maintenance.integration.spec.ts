import { beforeEach, describe, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { accessTokenMs } from '../testing/books-vendor.js';
import { connectBooks, createInstance, createWorld, newKey, type World } from '../testing/broker-instance.js';
import { ShiftableClock } from '../testing/shiftable-clock.js';

const DAY_MS = 86_400_000;

let clock: ShiftableClock;
let world: World;

beforeEach(async () => {
  clock = new ShiftableClock();
  world = await createWorld(await createTestDatabase(inject('infrastructure').databaseUrl), clock);
});

describe('refreshing ahead', () => {
  test('replaces what is in use before it ends', async () => {
    const instance = await createInstance(world);
    const [connectionId = ''] = await connectBooks(instance, world);
    // Asked for while it is good for long: nothing but the look ahead has a reason to refresh.
    await instance.broker.accessTokens.tokenFor(connectionId, {});
    await instance.broker.refreshAhead.run();
    expect(world.books.refreshes).toBe(0);
    clock.shift(accessTokenMs - 60_000);
    await instance.broker.refreshAhead.run();
    expect(world.books.refreshes).toBe(1);
    await instance.broker.refreshAhead.run();
    expect(world.books.refreshes).toBe(1);
  });

  test('leaves alone what nobody asks for', async () => {
    const instance = await createInstance(world);
    await connectBooks(instance, world);
    clock.shift(accessTokenMs - 60_000);
    await instance.broker.refreshAhead.run();
    expect(world.books.refreshes).toBe(0);
  });

  test('keeps an idle consent alive once a week, by one of several instances', async () => {
    const [first, second] = [await createInstance(world), await createInstance(world)];
    await connectBooks(first, world);
    clock.shift(6 * DAY_MS);
    await first.broker.refreshAhead.run();
    expect(world.books.refreshes).toBe(0);
    clock.shift(DAY_MS);
    await Promise.all([first.broker.refreshAhead.run(), second.broker.refreshAhead.run()]);
    expect(world.books.refreshes).toBe(1);
  });
});

describe('the daily look at the accounts', () => {
  test('stops an account that the customer has taken away, and lets it go on when it is back', async () => {
    world.books.consentAccounts = ['a1', 'a2'].map((id) => ({ id, name: id, handle: id }));
    const instance = await createInstance(world);
    const [gone = '', kept = ''] = await connectBooks(instance, world);
    const statuses = async () =>
      Object.fromEntries((await instance.broker.desk.list()).map((row) => [row.connectionId, row.status]));
    world.books.removeAccount('a1');
    clock.shift(DAY_MS + 1);
    await instance.broker.accountCheck.run();
    expect(await statuses()).toEqual({ [gone]: 'needs-reauthorisation', [kept]: 'active' });
    await expect(instance.broker.accessTokens.tokenFor(gone, {})).rejects.toMatchObject({
      code: 'needs-reauthorisation',
    });
    expect(await instance.broker.desk.alerts()).toMatchObject([
      { reason: 'account-vanished', connectionIds: [gone] },
    ]);

    world.books.addAccount('a1');
    await instance.broker.accountCheck.run();
    expect((await statuses())[gone]).toBe('needs-reauthorisation');
    clock.shift(DAY_MS + 1);
    await instance.broker.accountCheck.run();
    expect(await statuses()).toEqual({ [gone]: 'active', [kept]: 'active' });
    expect(await instance.broker.desk.alerts()).toEqual([]);
  });

  test('is taken once when all instances hear of it, at most once a minute, and needs the vendor to agree', async () => {
    const [first, second] = [await createInstance(world), await createInstance(world)];
    const [connectionId = ''] = await connectBooks(first, world);
    const report = async () =>
      Promise.all(
        [first, second, first, second].map(({ broker }) => broker.accountCheck.checkReported(connectionId)),
      );
    expect(await report()).toEqual([false, false, false, false]);
    clock.shift(60_001);
    expect((await report()).filter(Boolean)).toHaveLength(1);
    expect((await first.broker.desk.get(connectionId)).status).toBe('active');
    world.books.removeAccount('company-1');
    clock.shift(30_000);
    expect(await report()).toEqual([false, false, false, false]);
    clock.shift(31_000);
    expect((await report()).filter(Boolean)).toHaveLength(1);
    expect((await first.broker.desk.get(connectionId)).status).toBe('needs-reauthorisation');
    expect(await first.broker.desk.alerts()).toMatchObject([{ reason: 'account-vanished' }]);
  });

  test('passes no verdict on a report while the vendor is away, and believes the next one', async () => {
    const instance = await createInstance(world);
    const [connectionId = ''] = await connectBooks(instance, world);
    world.books.removeAccount('company-1');
    clock.shift(accessTokenMs);
    world.books.habits.failNext = [{ status: 503, error: 'down' }];
    await expect(instance.broker.accountCheck.checkReported(connectionId)).rejects.toMatchObject({
      code: 'token-not-ready',
    });
    expect((await instance.broker.desk.get(connectionId)).status).toBe('active');
    clock.shift(60_001);
    expect(await instance.broker.accountCheck.checkReported(connectionId)).toBe(true);
    expect((await instance.broker.desk.get(connectionId)).status).toBe('needs-reauthorisation');
  });

  test('passes no verdict when the vendor is away, and comes again in an hour', async () => {
    const instance = await createInstance(world);
    const [connectionId = ''] = await connectBooks(instance, world);
    clock.shift(DAY_MS + 1);
    world.books.habits.failNext = [{ status: 503, error: 'down' }];
    world.books.removeAccount('company-1');
    await instance.broker.accountCheck.run();
    expect((await instance.broker.desk.get(connectionId)).status).toBe('active');
    clock.shift(3_600_001);
    await instance.broker.accountCheck.run();
    expect((await instance.broker.desk.get(connectionId)).status).toBe('needs-reauthorisation');
  });
});

describe('publishing', () => {
  test('what could not be published stays owed and follows later, once', async () => {
    const instance = await createInstance(world);
    world.publisher.down = true;
    const [connectionId = ''] = await connectBooks(instance, world);
    await instance.broker.announcer.idle();
    expect(world.publisher.connections).toEqual([]);
    world.publisher.down = false;
    await instance.broker.announcer.announceOwed();
    await instance.broker.announcer.announceOwed();
    expect(world.publisher.connections).toMatchObject([
      { connectionId, status: 'active', accountId: 'company-1' },
    ]);
    expect(world.publisher.outcomes).toMatchObject([{ step: 'connect', status: 'connected', connectionId }]);
  });

  test('everything is published again at start, without telling the trail anew', async () => {
    const instance = await createInstance(world);
    await connectBooks(instance, world);
    await instance.broker.announcer.idle();
    instance.broker.start();
    await expect.poll(() => world.publisher.connections.length).toBe(2);
    expect(world.publisher.outcomes).toHaveLength(1);
  });

  test('whoever publishes last publishes the last state', async () => {
    const [slow, quick] = [await createInstance(world), await createInstance(world)];
    const [connectionId = ''] = await connectBooks(slow, world);
    await slow.broker.announcer.idle();
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const publish = world.publisher.publish.bind(world.publisher);
    let calls = 0;
    world.publisher.publish = async (connection) => {
      if (calls++ === 0) {
        reached.resolve();
        await goOn.promise;
      }
      await publish(connection);
    };
    await slow.broker.desk.update(connectionId, { displayName: 'First' });
    await reached.promise;
    await quick.broker.desk.update(connectionId, { displayName: 'Second' });
    await quick.broker.announcer.idle();
    goOn.resolve();
    await slow.broker.announcer.idle();
    expect(world.publisher.connections.at(-1)?.displayName).toBe('Second');
    expect(world.publisher.connections.map(({ displayName }) => displayName)).toContain('First');
  });
});

describe('a publication that failed', () => {
  test('does not leave an old state behind when it reaches the topic after all', async () => {
    const [failing, other] = [await createInstance(world), await createInstance(world)];
    const [connectionId = ''] = await connectBooks(failing, world);
    await failing.broker.announcer.idle();
    const publish = world.publisher.publish.bind(world.publisher);
    const late: (() => Promise<void>)[] = [];
    world.publisher.publish = async (connection) => {
      if (connection.displayName === 'Second') return publish(connection);
      late.push(() => publish(connection));
      throw new Error('no answer of the log');
    };
    await failing.broker.desk.update(connectionId, { displayName: 'First' });
    await failing.broker.announcer.idle();
    await other.broker.desk.update(connectionId, { displayName: 'Second' });
    await other.broker.announcer.idle();
    for (const arrive of late) await arrive();
    expect(world.publisher.connections.at(-1)?.displayName).toBe('First');
    await failing.broker.announcer.announceOwed();
    expect(world.publisher.connections.at(-1)?.displayName).toBe('Second');
    const { length } = world.publisher.connections;
    await failing.broker.announcer.announceOwed();
    expect(world.publisher.connections).toHaveLength(length);
  });
});

describe('rotating the master key', () => {
  test('seals everything anew in batches; then the old key can be taken away', async () => {
    const before = await createInstance(world);
    const [connectionId = ''] = await connectBooks(before, world);
    const keys = { sid: 'AC1', secret: 'shh', signing: 'sign' };
    const texts = { vendor: 'texts', workspaceId: 'w1', settings: {} };
    const withKeys = await before.broker.desk.connectWithKeys({ ...texts, credentials: keys });
    const newKeyText = newKey('k2');

    const both = await createInstance(world, { masterKeys: `${newKeyText},${world.masterKeys}` });
    expect(await both.broker.keyRotation.report()).toMatchObject({
      current: 'k2',
      inUse: [{ keyId: 'k1', rows: 2 }],
    });
    expect(await both.broker.keyRotation.run()).toMatchObject({ resealed: 2, skipped: 0, failed: [] });
    expect(await both.broker.keyRotation.run()).toMatchObject({
      resealed: 0,
      keys: { inUse: [{ keyId: 'k2', rows: 2 }] },
    });

    const after = await createInstance(world, { masterKeys: newKeyText });
    const { accessToken } = await after.broker.accessTokens.tokenFor(connectionId, {});
    expect(world.books.accepts(accessToken)).toBe(true);
    clock.shift(accessTokenMs);
    const refreshed = await after.broker.accessTokens.tokenFor(connectionId, {});
    expect(world.books.accepts(refreshed.accessToken)).toBe(true);
    expect(await after.broker.serviceKeys.credentialsFor(withKeys.connectionId)).toMatchObject({
      credentials: { secret: 'shh' },
    });
  });

  test('a key that was taken away too early is named, and nothing is lost', async () => {
    const before = await createInstance(world);
    const [connectionId = ''] = await connectBooks(before, world);
    const after = await createInstance(world, { masterKeys: newKey('k2') });
    await expect(after.broker.accessTokens.tokenFor(connectionId, {})).rejects.toThrow(/"k1"/);
    expect(await after.broker.keyRotation.run()).toMatchObject({ resealed: 0, failed: [expect.any(String)] });
    expect(await after.broker.keyRotation.report()).toMatchObject({ missing: ['k1'] });
    clock.shift(accessTokenMs);
    await expect(after.broker.accessTokens.tokenFor(connectionId, {})).rejects.toThrow(/"k1"/);
    expect(world.books.refreshes).toBe(0);
    const { accessToken } = await before.broker.accessTokens.tokenFor(connectionId, {});
    expect(world.books.accepts(accessToken)).toBe(true);
  });
});
