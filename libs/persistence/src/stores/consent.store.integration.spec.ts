import { expect, test } from 'vitest';
import { randomId } from '#libs/core';
import { aGrant, anAccount, someTokens } from '../testing/builders.js';
import { openedDatabase } from '../testing/opened-database.js';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';

const seal = () => ({ keyId: 'k1', credentials: Buffer.from('sealed keys') });
const owner = { workspaceId: 'w1', vendor: 'texts' };

test('a consent connects its accounts, with the settings that came with them', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grant = aGrant();
  const accounts = ['a1', 'a2'].map((id) => anAccount(id, { settings: { region: 'eu' } }));
  const { connections } = await database.consents.saveConsent(grant, accounts, 5);
  expect(connections).toMatchObject([
    { accountId: 'a1', status: 'active', settings: { region: 'eu' } },
    { accountId: 'a2', status: 'active', settings: { region: 'eu' } },
  ]);
  expect(await database.connections.listOfGrant(grant.grantId)).toHaveLength(2);
});

test('an account that is authorised again keeps its connection, and the consent before it ends without secrets', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [former, later] = [aGrant(), aGrant()];
  const [first] = (await database.consents.saveConsent(former, [anAccount('a1')], 5)).connections;
  const [second] = (await database.consents.saveConsent(later, [anAccount('a1')], 6)).connections;
  expect(second).toMatchObject({ connectionId: first?.connectionId, grantId: later.grantId, revision: 2 });
  expect(await database.grants.find(former.grantId)).toMatchObject({
    status: 'ended',
    accessToken: null,
    refreshToken: null,
  });
});

test('a consent that still serves another account goes on', async () => {
  const database = await openedDatabase(createTestDatabase);
  const former = aGrant();
  await database.consents.saveConsent(former, [anAccount('a1'), anAccount('a2')], 5);
  await database.consents.saveConsent(aGrant(), [anAccount('a1')], 6);
  expect((await database.grants.find(former.grantId))?.status).toBe('active');
});

test('an account that another workspace has connected is left alone', async () => {
  const database = await openedDatabase(createTestDatabase);
  await database.consents.saveConsent(aGrant(), [anAccount('a1')], 5);
  const foreign = aGrant({ workspaceId: 'w2' });
  const result = await database.consents.saveConsent(foreign, [anAccount('a1'), anAccount('a2')], 6);
  expect(result.elsewhere.map(({ accountId }) => accountId)).toEqual(['a1']);
  expect(result.connections.map(({ accountId }) => accountId)).toEqual(['a2']);
});

test('two workspaces that connect one account at the same moment do not both get it', async () => {
  const database = await openedDatabase(createTestDatabase);
  await Promise.allSettled(
    ['w1', 'w2'].map((workspaceId) =>
      database.consents.saveConsent(aGrant({ workspaceId }), [anAccount('a1')], 5),
    ),
  );
  expect(await database.connections.list()).toHaveLength(1);
});

test('an account that was disconnected can be connected by another workspace', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [first] = (await database.consents.saveConsent(aGrant(), [anAccount('a1')], 5)).connections;
  await database.consents.disconnect(first?.connectionId ?? '', 6);
  const { connections } = await database.consents.saveConsent(
    aGrant({ workspaceId: 'w2' }),
    [anAccount('a1')],
    7,
  );
  expect(connections[0]?.connectionId).not.toBe(first?.connectionId);
});

test('a paused connection stays paused when it is authorised again', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [first] = (await database.consents.saveConsent(aGrant(), [anAccount('a1')], 5)).connections;
  await database.connections.change(first?.connectionId ?? '', 1, { status: 'paused' }, 6);
  const [again] = (await database.consents.saveConsent(aGrant(), [anAccount('a1')], 7)).connections;
  expect(again?.status).toBe('paused');
});

test('what an operator has set, and what the vendor does not say, outlives a new consent and new keys', async () => {
  const database = await openedDatabase(createTestDatabase);
  const silent = { displayName: null, timeZone: null, country: null, currency: null };
  const [first] = (await database.consents.saveConsent(aGrant(), [anAccount('a1', silent)], 5)).connections;
  expect(first).toMatchObject({ displayName: 'a1', timeZone: 'UTC', country: null, currency: null });
  const { connectionId = '' } = first ?? {};
  await database.connections.change(connectionId, 1, { displayName: 'Ours', timeZone: 'Europe/Berlin' }, 6);
  await database.connections.change(connectionId, 2, { timeZone: 'Europe/Vienna', status: 'paused' }, 6);

  const told = anAccount('a1', { displayName: 'Theirs', timeZone: 'UTC', country: 'AT', currency: 'EUR' });
  const [again] = (await database.consents.saveConsent(aGrant(), [told], 7)).connections;
  const facts = { displayName: 'Ours', timeZone: 'Europe/Vienna', country: 'AT', currency: 'EUR' };
  expect(again).toMatchObject({ connectionId, ...facts });
  expect(again?.setByHand.toSorted()).toEqual(['displayName', 'timeZone']);
  const [once] = (await database.consents.saveConsent(aGrant(), [anAccount('a1', silent)], 8)).connections;
  expect(once).toMatchObject(facts);

  const keys = await database.consents.saveKeys(owner, anAccount('t1'), seal, 5);
  await database.connections.change(keys?.connectionId ?? '', 1, { timeZone: 'Europe/Vienna' }, 6);
  const newer = await database.consents.saveKeys(owner, anAccount('t1', { timeZone: 'UTC' }), seal, 7);
  expect(newer).toMatchObject({ timeZone: 'Europe/Vienna', currency: 'NZD' });
});

test('disconnecting deletes keys, wipes the consent that served nobody else, and happens once', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grant = aGrant();
  const [oauth] = (await database.consents.saveConsent(grant, [anAccount('a1')], 5)).connections;
  const keys = await database.consents.saveKeys(owner, anAccount('t1'), seal, 5);
  for (const connectionId of [oauth?.connectionId ?? '', keys?.connectionId ?? '']) {
    const ended = await database.consents.disconnect(connectionId, 6);
    expect(ended).toMatchObject({ status: 'disconnected', grantId: null, revision: 2 });
    expect(await database.consents.disconnect(connectionId, 7)).toBeNull();
  }
  expect(await database.grants.find(grant.grantId)).toMatchObject({ status: 'ended', refreshToken: null });
  expect(await database.apiCredentials.find(keys?.connectionId ?? '')).toBeNull();
});

test('new keys for an account replace the old ones under the same connection', async () => {
  const database = await openedDatabase(createTestDatabase);
  const first = await database.consents.saveKeys(owner, anAccount('t1'), seal, 5);
  const second = await database.consents.saveKeys(owner, anAccount('t1', { displayName: 'New' }), seal, 6);
  expect(second).toMatchObject({ connectionId: first?.connectionId, displayName: 'New' });
  expect(await database.apiCredentials.find(first?.connectionId ?? '')).toMatchObject({ version: 2 });
  const foreign = await database.consents.saveKeys({ ...owner, workspaceId: 'w2' }, anAccount('t1'), seal, 7);
  expect(foreign).toBeNull();
});

test('a dead grant stops its active connections with one alert, and a new consent settles it', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grant = aGrant();
  await database.consents.saveConsent(grant, [anAccount('a1'), anAccount('a2'), anAccount('a3')], 5);
  const [, , third] = await database.connections.listOfGrant(grant.grantId);
  await database.connections.change(third?.connectionId ?? '', 1, { status: 'paused' }, 6);
  const lease = { owner: randomId(), leaseMs: 60_000, now: 6 };
  await database.grants.acquireLease(grant.grantId, 1, lease);

  const verdict = { version: 1, owner: lease.owner };
  expect(
    await database.authorisations.suspendGrant(grant.grantId, { ...verdict, owner: randomId() }, 7),
  ).toBeNull();
  expect(await database.authorisations.suspendGrant(grant.grantId, { ...verdict, version: 2 }, 7)).toBeNull();
  const suspension = await database.authorisations.suspendGrant(grant.grantId, verdict, 8);
  expect(suspension?.alertRaised).toBe(true);
  expect(suspension?.connections.map(({ status }) => status)).toEqual([
    'needs-reauthorisation',
    'needs-reauthorisation',
  ]);
  expect(await database.authorisations.suspendGrant(grant.grantId, verdict, 9)).toBeNull();
  expect(await database.authorisations.openAlerts('w1')).toHaveLength(1);

  await database.consents.saveConsent(
    aGrant(),
    ['a1', 'a2', 'a3'].map((id) => anAccount(id)),
    10,
  );
  expect(await database.authorisations.openAlerts('w1')).toEqual([]);
  const statuses = (await database.connections.list('w1')).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(['active', 'active', 'paused']);
});

test('new tokens revive a grant that was given up, and every connection but those whose account is gone', async () => {
  const database = await openedDatabase(createTestDatabase);
  const grant = aGrant();
  const accounts = ['a1', 'a2', 'a3'].map((id) => anAccount(id));
  const [first, gone, paused] = (await database.consents.saveConsent(grant, accounts, 5)).connections;
  await database.authorisations.suspendAccounts([gone?.connectionId ?? ''], 6);
  await database.connections.change(paused?.connectionId ?? '', 1, { status: 'paused' }, 6);
  const lease = { owner: randomId(), leaseMs: 60_000, now: 6 };
  await database.grants.acquireLease(grant.grantId, 1, lease);
  expect(await database.authorisations.reviveGrant(grant.grantId, 1, someTokens(), 7)).toBeNull();
  await database.authorisations.suspendGrant(grant.grantId, { version: 1, owner: lease.owner }, 7);

  expect(await database.grants.storeTokens(grant.grantId, 1, someTokens(), 8)).toBe(false);
  expect(await database.authorisations.reviveGrant(grant.grantId, 2, someTokens(), 8)).toBeNull();
  const revived = await database.authorisations.reviveGrant(grant.grantId, 1, someTokens(), 8);
  expect(revived).toMatchObject([{ connectionId: first?.connectionId, status: 'active', revision: 3 }]);
  expect(await database.grants.find(grant.grantId)).toMatchObject({ status: 'active', version: 2 });
  expect(await database.authorisations.openAlerts()).toMatchObject([{ reason: 'account-vanished' }]);
  const statuses = (await database.connections.list()).map(({ accountId, status }) => [accountId, status]);
  expect(Object.fromEntries(statuses)).toEqual({ a1: 'active', a2: 'needs-reauthorisation', a3: 'paused' });
});

test('an account that vanished and comes back stops and goes on, each told once', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [row] = (await database.consents.saveConsent(aGrant(), [anAccount('a1')], 5)).connections;
  const ids = [row?.connectionId ?? ''];
  expect(await database.authorisations.suspendAccounts(ids, 6)).toMatchObject({ alertRaised: true });
  expect(await database.authorisations.suspendAccounts(ids, 7)).toEqual({
    connections: [],
    alertRaised: false,
  });
  expect(await database.authorisations.restoreAccounts(ids, 8)).toMatchObject([{ status: 'active' }]);
  expect(await database.authorisations.restoreAccounts(ids, 9)).toEqual([]);
  expect(await database.authorisations.openAlerts()).toEqual([]);
});

test('knows which connections the topic does not have in their present state', async () => {
  const database = await openedDatabase(createTestDatabase);
  const [row] = (await database.consents.saveConsent(aGrant(), [anAccount('a1')], 5)).connections;
  const id = row?.connectionId ?? '';
  expect(await database.connections.unpublished(10)).toEqual([id]);
  await database.connections.markPublished(id, 1);
  expect(await database.connections.unpublished(10)).toEqual([]);
  expect(await database.connections.change(id, 1, { settings: { plan: 'starter' } }, 6)).toMatchObject({
    revision: 2,
    settings: { plan: 'starter' },
  });
  expect(await database.connections.change(id, 1, { displayName: 'late' }, 7)).toBeNull();
  await database.connections.markPublished(id, 1);
  expect(await database.connections.unpublished(10)).toEqual([id]);
});
