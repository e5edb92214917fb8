import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Connection, topics } from '#libs/contracts';
import { type Clock, systemClock } from '#libs/core';
import { migrate } from '#libs/persistence';
import { type RunningService, startService } from '#libs/platform';
import { LogProbe, type ProbedRecord } from '#libs/streams';
import { TokenClient, UndiciTransport } from '#libs/vendor-kit';
import { tokenBrokerService } from '../../apps/token-broker/src/token-broker.service.js';
import { createTestDatabase, type TestDatabase } from '../../tools/infra/test-database.ts';
import { type RunningSandbox, startSandbox } from './sandbox.fixture.js';

const MINUTE_MS = 60_000;
const operatorToken = 'operator-token-of-the-spec';
const services = {
  fetcher: { token: 'fetcher-token-of-the-spec', permissions: ['access-tokens:read'] },
  ingress: { token: 'ingress-token-of-the-spec', permissions: ['verification-keys:read'] },
  'twilio-sender': { token: 'sender-token-of-the-spec', permissions: ['credentials:read'] },
};

let aheadMs = 0;
/** Real time, set forward together with the sandbox's. */
const clock: Clock = { now: () => systemClock.now() + aheadMs, after: systemClock.after };
const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
let database: TestDatabase;
let sandbox: RunningSandbox;
let broker: RunningService<unknown>;
let published: readonly ProbedRecord<Connection>[];
const log: string[] = [];

beforeAll(async () => {
  await probe.prepare([topics.connections, topics.outcomes]);
  published = await probe.follow(topics.connections);
  database = await createTestDatabase(infrastructure.databaseUrl);
  await migrate({ url: database.url, applicationName: 'spec' });
  sandbox = await startSandbox();
  broker = await startBroker();
}, 60_000);

afterAll(async () => {
  await broker.stop('spec over');
  await sandbox.stop();
  await probe.close();
  await database.drop();
});

beforeEach(() => {
  log.length = 0;
});

async function startBroker(): Promise<RunningService<unknown>> {
  const { clientId, clientSecret, webhookKey } = sandbox.clients.vendors.xero;
  const port = await freePort();
  return startService(tokenBrokerService, {
    clock,
    logDestination: { write: (line: string) => void log.push(line) },
    environment: {
      PORT: String(port),
      INSTANCE: 'spec',
      LOG_LEVEL: 'trace',
      // Xero takes localhost for tests, but not 127.0.0.1.
      PUBLIC_BASE_URL: `http://localhost:${port}`,
      DATABASE_URL: database.url,
      KAFKA_BROKERS: infrastructure.kafkaBrokers,
      SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
      LEDGERWIRE_SERVICE_TOKENS: JSON.stringify(services),
      LEDGERWIRE_OPERATOR_TOKEN: operatorToken,
      LEDGERWIRE_MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      LEDGERWIRE_XERO_API_URL: `${sandbox.url}/xero`,
      LEDGERWIRE_XERO_IDENTITY_URL: `${sandbox.url}/xero/identity`,
      LEDGERWIRE_XERO_LOGIN_URL: `${sandbox.url}/xero/login`,
      LEDGERWIRE_XERO_CLIENT_ID: clientId,
      LEDGERWIRE_XERO_CLIENT_SECRET: clientSecret,
      LEDGERWIRE_XERO_WEBHOOK_KEY: webhookKey,
      LEDGERWIRE_TWILIO_API_URL: `${sandbox.url}/twilio`,
    },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function operate<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const response = await fetch(broker.url + path, {
    method,
    headers: {
      authorization: `Bearer ${operatorToken}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

function clientOf(service: keyof typeof services): TokenClient {
  const transport = new UndiciTransport({ totalTimeoutMs: 15_000 });
  return new TokenClient({ brokerUrl: broker.url, serviceToken: services[service].token, transport, clock });
}

/** A browser with a cookie jar: follows redirects itself, and reaches localhost where the service listens. */
async function browse(start: string, cookies: Map<string, string>): Promise<string> {
  for (let url = start; ;) {
    const response = await fetch(url.replace('//localhost:', '//127.0.0.1:'), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    if (name !== undefined && value !== undefined) cookies.set(name, value);
    const location = response.headers.get('location');
    if (location === null) return response.text();
    url = new URL(location, url).href;
    // The person at the vendor's page agrees for the organisation that the test is about.
    if (url.includes('/connect/authorize')) url += `&auto=1&organisation=${organisation}`;
  }
}

let organisation = '';

/** Makes an organisation in the sandbox and connects it as its owner would, from the operator's link to the last page. */
async function connectXero(name: string): Promise<{ page: string; connection: Connection }> {
  const made = await sandbox.control<{ accounts: { accountId: string }[] }>('/xero/organisations', {
    name,
    country: 'NZ',
  });
  organisation = made.accounts[0]?.accountId ?? '';
  const link = await operate<{ url: string }>('/connect-links', 'POST', {
    vendor: 'xero',
    workspaceId: 'w1',
  });
  const asked = await (await fetch(link.url.replace('//localhost:', '//127.0.0.1:'))).text();
  const next = /href="([^"]+)"/.exec(asked)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const page = await browse(new URL(next, link.url).href, new Map());
  const { connections } = await operate<{ connections: Connection[] }>('/connections?workspaceId=w1');
  const connection = connections.find(({ accountId }) => accountId === organisation);
  if (!connection) throw new Error(`${name} is not connected: ${page}`);
  return { page, connection };
}

async function pass(ms: number): Promise<void> {
  aheadMs += ms;
  await sandbox.control('/clock', { advanceMs: ms });
}

/** What Xero answers to a token for the organisation. */
async function statusAtXero(accessToken: string, tenantId: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${accessToken}`,
    'xero-tenant-id': tenantId,
    accept: 'application/json',
  };
  return (await fetch(`${sandbox.url}/xero/api.xro/2.0/Organisation`, { headers })).status;
}

function lastPublished(connectionId: string): Connection | undefined {
  return published.findLast(({ key }) => key === connectionId)?.value;
}

describe('token-broker with the Xero of the sandbox', () => {
  test('connects from an operator’s link to a token that Xero takes, and tells every service', async () => {
    const { page, connection } = await connectXero('Kiwi Ltd');
    expect(page).toContain('Kiwi Ltd');
    expect(connection).toMatchObject({ vendor: 'xero', status: 'active', country: 'NZ', currency: 'NZD' });
    await expect
      .poll(() => lastPublished(connection.connectionId), { timeout: 20_000 })
      .toMatchObject({ displayName: 'Kiwi Ltd', timeZone: connection.timeZone, workspaceId: 'w1' });
    const { accessToken, accountId } = await clientOf('fetcher').accessToken(connection.connectionId);
    expect(await statusAtXero(accessToken, accountId)).toBe(200);
    const { keys } = await clientOf('ingress').verificationKeys('xero');
    expect(keys).toEqual([{ keyId: 'app-1', secret: sandbox.clients.vendors.xero.webhookKey }]);
    expect(log.join('')).not.toContain(accessToken);
  });

  test('refreshes what has expired, and asks again when the answer is lost', async () => {
    const { connection } = await connectXero('Lost Answer Ltd');
    const first = await clientOf('fetcher').accessToken(connection.connectionId);
    await pass(31 * MINUTE_MS);
    expect(await statusAtXero(first.accessToken, first.accountId)).toBe(401);
    await sandbox.control('/faults', {
      vendor: 'xero',
      endpoint: 'POST /connect/token',
      kind: 'reset',
      when: 'after',
      times: 1,
    });
    const client = clientOf('fetcher');
    await expect(client.accessToken(connection.connectionId)).rejects.toMatchObject({
      code: 'token-broker-unavailable',
    });
    await pass(MINUTE_MS);
    const second = await client.accessToken(connection.connectionId);
    expect(await statusAtXero(second.accessToken, second.accountId)).toBe(200);
  });

  test('a consent that ended at Xero stops the connection after the grace; consenting again mends it', async () => {
    const { connection } = await connectXero('Revoked Ltd');
    const { connectionId, accountId } = connection;
    await sandbox.control('/xero/revoke', { tenantId: accountId });
    await pass(31 * MINUTE_MS);
    const client = clientOf('fetcher');
    await expect(client.accessToken(connectionId)).rejects.toMatchObject({
      code: 'token-broker-unavailable',
    });
    await pass(31 * MINUTE_MS);
    await expect(client.accessToken(connectionId)).rejects.toMatchObject({ code: 'needs-reauthorisation' });
    await expect
      .poll(() => lastPublished(connectionId)?.status, { timeout: 20_000 })
      .toBe('needs-reauthorisation');
    const { alerts } = await operate<{ alerts: { connectionIds: string[] }[] }>('/alerts');
    expect(alerts.filter(({ connectionIds }) => connectionIds.includes(connectionId))).toHaveLength(1);

    const link = await operate<{ url: string }>('/connect-links', 'POST', {
      vendor: 'xero',
      workspaceId: 'w1',
    });
    await browse(link.url.replace('/connect/xero?', '/connect/xero/authorise?'), new Map());
    const again = await client.accessToken(connectionId);
    expect(await statusAtXero(again.accessToken, accountId)).toBe(200);
  });

  test('disconnecting takes the organisation out of the consent at Xero', async () => {
    const { connection } = await connectXero('Leaving Ltd');
    const { connectionId, accountId } = connection;
    const { accessToken } = await clientOf('fetcher').accessToken(connectionId);
    await operate(`/connections/${connectionId}`, 'DELETE');
    expect(await statusAtXero(accessToken, accountId)).toBe(403);
    await expect.poll(() => lastPublished(connectionId)?.status, { timeout: 20_000 }).toBe('disconnected');
  });
});

describe('token-broker with the Twilio of the sandbox', () => {
  test('tries the keys, keeps them and hands out to each service its part', async () => {
    const { accountSid, authToken, apiKeySid, apiKeySecret } = sandbox.clients.twilio;
    const connect = (credentials: object): Promise<Connection> =>
      operate('/connections', 'POST', { vendor: 'twilio', workspaceId: 'w1', credentials });
    await expect(connect({ accountSid, authToken: '0'.repeat(32) })).rejects.toThrow(
      /422.*credentials-refused/,
    );
    const { connectionId } = await connect({ accountSid, authToken, apiKeySid, apiKeySecret });
    expect(await clientOf('twilio-sender').credentials(connectionId)).toEqual({
      accountId: accountSid,
      credentials: { accountSid, user: apiKeySid, password: apiKeySecret },
    });
    expect(await clientOf('ingress').verificationKeys('twilio', connectionId)).toEqual({
      keys: [{ keyId: 'primary', secret: authToken }],
      accountId: accountSid,
    });
    for (const secret of [authToken, apiKeySecret]) expect(log.join('')).not.toContain(secret);
  });
});

test('is ready, and shows its metrics under their names', async () => {
  expect((await fetch(`${broker.url}/health/ready`)).status).toBe(200);
  const metrics = await (await fetch(`${broker.url}/metrics`)).text();
  expect(metrics).toMatch(/token_refresh_total\{vendor="xero",outcome="refreshed"\} \d+/);
  expect(metrics).toMatch(/token_consents_total\{vendor="xero",outcome="connected"\} \d+/);
  expect(metrics).toMatch(/vendor_requests_total\{vendor="xero",operation="token.refresh"/);
});
