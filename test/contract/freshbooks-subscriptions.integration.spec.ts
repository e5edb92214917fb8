import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type ChangeNotice, changeNoticesOf, type Connection } from '#libs/contracts';
import { systemRandom } from '#libs/core';
import { type Database, migrate, openDatabase } from '#libs/persistence';
import { createLogger, Secret } from '#libs/platform';
import { noFaultPoints, noVendorMetrics, UndiciTransport } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { startTestIngress, type TestIngress } from '../../apps/ingress/src/testing/test-ingress.js';
import { appWebhookKeysFrom, authCallsFrom } from '../../apps/token-broker/src/configured-vendors.js';
import { MasterKeys } from '../../apps/token-broker/src/crypto/master-keys.js';
import { CollectingPublisher, newKey } from '../../apps/token-broker/src/testing/broker-instance.js';
import { ShiftableClock } from '../../apps/token-broker/src/testing/shiftable-clock.js';
import { TokenBrokerMetrics } from '../../apps/token-broker/src/token-broker.metrics.js';
import { TokenBroker } from '../../apps/token-broker/src/token-broker.js';
import { defaultRefreshSettings } from '../../apps/token-broker/src/tokens/refresh-settings.js';
import { VendorAccess } from '../../apps/token-broker/src/vendor-access.js';
import { createTestDatabase, type TestDatabase } from '../../tools/infra/test-database.ts';
import { type RunningSandbox, startSandbox } from './sandbox.fixture.js';

interface FreshbooksClients {
  readonly vendors: {
    readonly freshbooks: {
      readonly clientId: string;
      readonly clientSecret: string;
      readonly accounts: readonly { readonly accountId: string; readonly accessToken: string }[];
    };
  };
}
interface RemoteCallback {
  readonly id: number;
  readonly event: string;
  readonly uri: string;
  readonly verified: boolean;
  readonly verifier: string;
}

const EVENTS = ['bill', 'bill_vendor', 'client', 'expense', 'invoice', 'payment'];
const masterKeys = newKey('k1');

let sandbox: RunningSandbox;
let clients: FreshbooksClients['vendors']['freshbooks'];
let scratch: TestDatabase;
let database: Database;
let ingress: TestIngress;
let broker: TokenBroker;
let transport: UndiciTransport;
let clock: ShiftableClock;
let ingressUrl: string;
let publisher: CollectingPublisher;

beforeEach(async () => {
  sandbox = await startSandbox();
  clients = (await sandbox.control<FreshbooksClients>('/clients')).vendors.freshbooks;
  scratch = await createTestDatabase(inject('infrastructure').databaseUrl);
  await migrate({ url: scratch.url, applicationName: 'spec' });
  database = await openDatabase({ url: scratch.url, applicationName: 'spec', poolSize: 4 });
  clock = new ShiftableClock();
  publisher = new CollectingPublisher();
  transport = new UndiciTransport({ totalTimeoutMs: 5_000 });
  // The real way in, with this token-broker instead of HTTP to one.
  ingress = await startTestIngress({
    vendor: 'freshbooks',
    webhooks: vendors.get('freshbooks').webhooks ?? never(),
    connections: [],
  });
  ingress.proofs.proveSubscription = (connectionId, proof) => broker.subscriptions.prove(connectionId, proof);
  ingress.keys.verificationKeys = async (vendor?: string, connectionId?: string) =>
    (await broker.serviceKeys.verificationKeys(vendor ?? '', connectionId)).keys;
  await ingress.server.listen({ host: '127.0.0.1', port: 0 });
  ingressUrl = `http://127.0.0.1:${(ingress.server.server.address() as AddressInfo).port}`;
  broker = createBroker(ingressUrl);
});

afterEach(async () => {
  await broker.stop();
  await ingress.server.close();
  await transport.close();
  await database.close();
  await scratch.drop();
  await sandbox.stop();
});

function never(): never {
  throw new Error('FreshBooks has webhooks');
}

function createBroker(webhookBaseUrl: string): TokenBroker {
  const variables = {
    LEDGERWIRE_FRESHBOOKS_API_URL: `${sandbox.url}/freshbooks`,
    LEDGERWIRE_FRESHBOOKS_AUTH_URL: `${sandbox.url}/freshbooks/login`,
    LEDGERWIRE_FRESHBOOKS_CLIENT_ID: clients.clientId,
    LEDGERWIRE_FRESHBOOKS_CLIENT_SECRET: new Secret(clients.clientSecret),
  };
  const publicBaseUrl = 'https://ledgerwire.example';
  const calls = authCallsFrom(variables, { transport, clock, metrics: noVendorMetrics, publicBaseUrl });
  return new TokenBroker({
    database,
    masterKeys: MasterKeys.parse(masterKeys),
    vendors: new VendorAccess(vendors, calls),
    appWebhookKeys: appWebhookKeysFrom(variables),
    publisher,
    publicBaseUrl,
    webhookBaseUrl,
    settings: defaultRefreshSettings,
    clock,
    random: systemRandom,
    metrics: new TokenBrokerMetrics(new Registry()),
    logger: createLogger({ service: 'token-broker', instance: 'spec', level: 'silent' }),
    faultPoints: noFaultPoints,
  });
}

/** Connects the demo business as its owner would, and waits until every service knows of it. */
async function connect(): Promise<Connection> {
  const { authorizeUrl, browserId } = await broker.consents.begin('freshbooks', 'w1');
  const response = await fetch(`${authorizeUrl}&auto=1`, { redirect: 'manual' });
  const query = new URL(response.headers.get('location') ?? '').searchParams;
  const answer = {
    code: query.get('code') ?? undefined,
    state: query.get('state') ?? '',
    error: undefined,
    others: {},
  };
  const end = await broker.consents.finish('freshbooks', answer, browserId);
  if (end.kind !== 'connected') throw new Error(end.reason);
  await broker.announcer.idle();
  const connection = publisher.connections.at(-1);
  if (!connection) throw new Error('no connection was published');
  ingress.table.set(connection.connectionId, connection);
  return connection;
}

async function callbacks(): Promise<RemoteCallback[]> {
  return (await sandbox.control<{ callbacks: RemoteCallback[] }>('/freshbooks/callbacks')).callbacks;
}

async function statuses(connectionId: string): Promise<Record<string, string>> {
  const rows = await broker.subscriptions.list(connectionId);
  return Object.fromEntries(rows.map(({ event, status, problem }) => [event, problem ?? status]));
}

const all = (status: string): Record<string, string> =>
  Object.fromEntries(EVENTS.map((event) => [event, status]));

/** Works until the subscriptions are as they should be; the test's own time-out ends it. */
async function settled(connectionId: string, status = 'verified'): Promise<void> {
  for (;;) {
    await broker.subscriptions.run();
    await broker.subscriptions.idle();
    if (JSON.stringify(await statuses(connectionId)) === JSON.stringify(all(status))) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

async function createClient(organization: string): Promise<number> {
  const [account] = clients.accounts;
  const response = await fetch(
    `${sandbox.url}/freshbooks/accounting/account/${account?.accountId}/users/clients`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${account?.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ client: { organization } }),
    },
  );
  const { response: body } = (await response.json()) as { response: { result: { client: { id: number } } } };
  return body.result.client.id;
}

async function noticeOf(entityId: number): Promise<ChangeNotice> {
  const topic = changeNoticesOf('freshbooks');
  for (;;) {
    const found = ingress.log
      .values<ChangeNotice>(topic)
      .find((notice) => notice.entityId === String(entityId));
    if (found) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

test('a connected business has a working subscription for every event, and its changes become notices', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  const remote = await callbacks();
  expect(Object.fromEntries(remote.map(({ event, verified }) => [event, verified]))).toEqual(
    Object.fromEntries(EVENTS.map((event) => [event, true])),
  );
  const id = await createClient('Told by webhook');
  expect(await noticeOf(id)).toMatchObject({ connectionId, entityType: 'contact', changeType: 'created' });
  const [row] = await broker.subscriptions.list(connectionId);
  for (const { verifier } of remote) expect(row?.secret?.includes(verifier)).toBe(false);
});

test('a lost handshake is asked for again', async () => {
  await sandbox.control('/webhooks', { vendor: 'freshbooks', dropHandshakes: true });
  const { connectionId } = await connect();
  await broker.subscriptions.run();
  expect(await statuses(connectionId)).toEqual(all('registered'));
  clock.shift(11_000);
  await settled(connectionId);
});

test('a forged handshake is found out by FreshBooks, and the right one goes through after it', async () => {
  await sandbox.control('/webhooks', { vendor: 'freshbooks', dropHandshakes: true });
  const { connectionId } = await connect();
  await broker.subscriptions.run();
  const target = (await callbacks())[0]?.uri ?? '';
  const forged = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'name=callback.verify&verifier=guessed',
  });
  expect(forged.status).toBe(200);
  await broker.subscriptions.idle();
  expect(Object.values(await statuses(connectionId))).toContain('proof-refused');
  for (let round = 0; round < 4; round += 1) {
    clock.shift(60_000);
    await broker.subscriptions.run();
  }
  await settled(connectionId);
  const unknown = await fetch(target.replace(/[^/]+$/, '6ba7b810-9dad-41d1-80b4-00c04fd430c8'), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'name=callback.verify&verifier=guessed',
  });
  expect(unknown.status, 'a URL that we never gave out').toBe(401);
});

test('a registration whose answer was lost is found again and not made twice', async () => {
  const { connectionId } = await connect();
  // A handshake that comes through would show the way by itself.
  await sandbox.control('/webhooks', { vendor: 'freshbooks', dropHandshakes: true });
  await sandbox.control('/faults', {
    vendor: 'freshbooks',
    endpoint: 'POST /events/callbacks',
    kind: 'reset',
    when: 'after',
    times: 2,
  });
  await broker.subscriptions.run();
  expect(Object.values(await statuses(connectionId))).toContain('vendor-reset');
  for (let round = 0; round < 4; round += 1) {
    clock.shift(60_000);
    await broker.subscriptions.run();
    await broker.subscriptions.idle();
  }
  await settled(connectionId);
  expect(await callbacks()).toHaveLength(EVENTS.length);
});

test('what somebody removed at FreshBooks is made anew, at the daily look or after a restart', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  await sandbox.control('/reset', {});
  expect(await callbacks()).toEqual([]);
  // A reset of the sandbox ends tokens too; the owner connects again.
  await connect();
  const restarted = createBroker(ingressUrl);
  broker = restarted;
  await restarted.subscriptions.run();
  clock.shift(1_000);
  await settled(connectionId);
  expect((await callbacks()).filter(({ verified }) => verified)).toHaveLength(EVENTS.length);
});

test('an access token that FreshBooks has forgotten is replaced on the way', async () => {
  const { connectionId } = await connect();
  // The token of the database is good by its time, and unknown after the sandbox's hours.
  await sandbox.control('/clock', { advanceMs: 13 * 3_600_000 });
  clock.shift(60_000);
  await settled(connectionId);
  expect((await callbacks()).filter(({ verified }) => verified)).toHaveLength(EVENTS.length);
});

test('a change of our public URL moves every subscription', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  broker = createBroker(ingressUrl.replace('127.0.0.1', 'localhost'));
  await broker.subscriptions.run();
  clock.shift(1_000);
  await settled(connectionId);
  const remote = await callbacks();
  expect(remote).toHaveLength(EVENTS.length);
  expect(remote.every(({ uri, verified }) => verified && uri.startsWith('http://localhost:'))).toBe(true);
});

test('disconnecting removes the subscriptions at FreshBooks and here', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  await broker.desk.disconnect(connectionId, false);
  expect(await callbacks()).toEqual([]);
  expect(await broker.subscriptions.list(connectionId)).toEqual([]);
});

test('a business that cannot be disconnected now goes on, with subscriptions at once', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  await sandbox.control('/faults', {
    vendor: 'freshbooks',
    endpoint: 'POST /auth/oauth/revoke',
    kind: 'reset',
    when: 'before',
    times: 1,
  });
  await expect(broker.desk.disconnect(connectionId, false)).rejects.toMatchObject({ code: 'vendor-reset' });
  expect(await callbacks()).toEqual([]);
  // Not a look that would have come anyway: the clock stands where it stood.
  await broker.subscriptions.run();
  await settled(connectionId);
  expect((await callbacks()).filter(({ verified }) => verified)).toHaveLength(EVENTS.length);
});

test('secrets move to a new master key', async () => {
  const { connectionId } = await connect();
  await settled(connectionId);
  expect((await broker.keyRotation.report()).inUse).toEqual([{ keyId: 'k1', rows: EVENTS.length + 1 }]);
  const { keys } = await broker.serviceKeys.verificationKeys('freshbooks', connectionId);
  expect(keys).toHaveLength(EVENTS.length);
});
