import { expect, test } from 'vitest';
import { randomId } from '#libs/core';
import type { Database } from '../database.js';
import { aGrant, anAccount, someTokens } from '../testing/builders.js';
import { openedDatabase } from '../testing/opened-database.js';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';

const LONG_LEASE = 60_000;
const LAPSED = -1;

async function savedGrant(database: Database, accounts = ['a1']): Promise<string> {
  const grant = aGrant();
  await database.consents.saveConsent(
    grant,
    accounts.map((accountId) => anAccount(accountId)),
    0,
  );
  return grant.grantId;
}

function lease(leaseMs: number, now = 10): { owner: string; leaseMs: number; now: number } {
  return { owner: randomId(), leaseMs, now };
}

test('of many who ask for the lease at once one gets it', async () => {
  const { grants, ...database } = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant({ grants, ...database } as Database);
  const asked = await Promise.all(
    Array.from({ length: 20 }, () => grants.acquireLease(grantId, 1, lease(LONG_LEASE))),
  );
  expect(asked.filter((grant) => grant !== null)).toHaveLength(1);
});

test('a lease that has run out passes to the next, and its former holder cannot renew it', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const first = lease(LAPSED);
  expect(await database.grants.acquireLease(grantId, 1, first)).not.toBeNull();
  const second = lease(LONG_LEASE);
  expect(await database.grants.acquireLease(grantId, 1, second)).not.toBeNull();
  expect(await database.grants.renewLease(grantId, first.owner, LONG_LEASE)).toBe(false);
  await database.grants.releaseLease(grantId, first.owner);
  expect(await database.grants.acquireLease(grantId, 1, lease(LONG_LEASE))).toBeNull();
  await database.grants.releaseLease(grantId, second.owner);
  expect(await database.grants.acquireLease(grantId, 1, lease(LONG_LEASE))).not.toBeNull();
});

test('remembers when a refresh token was first presented, across attempts and until there is a new one', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const first = await database.grants.acquireLease(grantId, 1, lease(LAPSED, 100));
  const second = await database.grants.acquireLease(grantId, 1, lease(LAPSED, 200));
  expect([first?.presentedAt, second?.presentedAt]).toEqual([100, 100]);
  await database.grants.storeTokens(grantId, 1, someTokens(), 300);
  const third = await database.grants.acquireLease(grantId, 2, lease(LONG_LEASE, 400));
  expect(third?.presentedAt).toBe(400);
});

test('new tokens are stored by the first writer that started from the version they replace', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const tokens = (name: string) => someTokens({ accessToken: Buffer.from(name) });
  expect(await database.grants.storeTokens(grantId, 1, tokens('first'), 50)).toBe(true);
  expect(await database.grants.storeTokens(grantId, 1, tokens('second'), 60)).toBe(false);
  const stored = await database.grants.find(grantId);
  expect(stored?.accessToken?.toString()).toBe('first');
  expect(stored).toMatchObject({ version: 2, refreshedAt: 50, failures: 0, previousUsableUntil: 3_000_000 });
});

test('a failure is noted only by the holder of the lease for the tokens it tried', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const held = lease(LONG_LEASE);
  await database.grants.acquireLease(grantId, 1, held);
  const failure = { failures: 1, retryAt: 99, refusedAt: 20 };
  await database.grants.recordFailure(grantId, { version: 1, owner: randomId() }, failure);
  await database.grants.recordFailure(grantId, { version: 2, owner: held.owner }, failure);
  expect(await database.grants.find(grantId)).toMatchObject({ failures: 0, retryAt: null });
  await database.grants.recordFailure(grantId, { version: 1, owner: held.owner }, failure);
  expect(await database.grants.find(grantId)).toMatchObject(failure);
});

test('finds grants in use that end soon and grants that were idle too long, and leaves the rest', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [inUse, unused, idle] = [
    await savedGrant(database, ['a1']),
    await savedGrant(database, ['a2']),
    aGrant(),
  ];
  await database.consents.saveConsent(idle, [anAccount('a3')], -5_000);
  await database.grants.markUsed(inUse, 900, 60);
  const due = {
    vendor: 'books',
    now: 1_000,
    expiringBefore: 1_000_001,
    usedSince: 800,
    idleBefore: -1_000,
    limit: 9,
  };
  const found = async (changes: Partial<typeof due>): Promise<string[]> =>
    (await database.grants.dueForRefresh({ ...due, ...changes })).map(({ grantId }) => grantId);
  expect((await found({})).toSorted()).toEqual([inUse, idle.grantId].toSorted());
  expect(await found({ idleBefore: -9_000 })).toEqual([inUse]);
  expect(await found({ expiringBefore: 1_000 })).toEqual([idle.grantId]);
  expect(await found({ vendor: 'other' })).toEqual([]);
  expect(await found({})).not.toContain(unused);
});

test('of several replicas one checks the accounts of a grant', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const claims = await Promise.all(
    Array.from({ length: 8 }, () => database.grants.claimAccountChecks(1, 1_000, 10)),
  );
  expect(claims.flat().map((grant) => grant.grantId)).toEqual([grantId]);
  expect(await database.grants.claimAccountChecks(1, 1_000, 10)).toEqual([]);
});

test('of several replicas one claims the accounts of a named grant, and none while the last look is recent', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const claims = await Promise.all(
    Array.from({ length: 8 }, () => database.grants.claimAccountCheck(grantId, 1_000, 61_000)),
  );
  expect(claims.flatMap((grant) => grant?.accountsCheckedAt ?? [])).toEqual([61_000]);
  expect(await database.grants.claimAccountCheck(grantId, 61_000, 121_000)).toBeNull();
  expect(await database.grants.claimAccountCheck(grantId, 61_001, 121_001)).toMatchObject({ grantId });
});

test('secrets are sealed anew only as they were read', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grantId = await savedGrant(database);
  const [read] = await database.grants.sealedUnderOtherKeys('k2', null, 10);
  if (!read) throw new Error('found no grant under another key');
  const resealed = {
    keyId: 'k2',
    accessToken: Buffer.from('a'),
    refreshToken: Buffer.from('r'),
    previousRefreshToken: null,
  };
  await database.grants.storeTokens(grantId, 1, someTokens(), 50);
  expect(await database.grants.countByKey()).toEqual([{ keyId: 'k1', rows: 1 }]);
  expect(await database.grants.reseal(read, resealed)).toBe(false);
  const again = await database.grants.find(grantId);
  expect(again && (await database.grants.reseal(again, resealed))).toBe(true);
  expect(await database.grants.sealedUnderOtherKeys('k2', null, 10)).toEqual([]);
  expect(await database.grants.countByKey()).toEqual([{ keyId: 'k2', rows: 1 }]);
});
