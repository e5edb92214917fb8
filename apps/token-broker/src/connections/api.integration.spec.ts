import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RunningService } from '#libs/platform';
import { TokenClient, UndiciTransport } from '#libs/vendor-kit';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { accessTokenMs } from '../testing/books-vendor.js';
import {
  assertNoSecretIn,
  connectBooks,
  createInstance,
  createWorld,
  type Instance,
  newKey,
  type World,
} from '../testing/broker-instance.js';
import {
  call,
  type HttpCall,
  operatorToken,
  serveInstance,
  serviceTokens,
} from '../testing/http-instance.js';
import { ShiftableClock } from '../testing/shiftable-clock.js';

const TEXTS_SECRET = 'texts-secret-27182';
const TEXTS_SIGNING = 'texts-signing-27182';
const keys = { sid: 'AC1', secret: TEXTS_SECRET, signing: TEXTS_SIGNING };

let clock: ShiftableClock;
let world: World;
let instance: Instance;
let service: RunningService<unknown>;
/** What operators were answered. */
let operatorAnswers: string;

beforeEach(async () => {
  clock = new ShiftableClock();
  world = await createWorld(await createTestDatabase(inject('infrastructure').databaseUrl), clock);
  instance = await createInstance(world);
  service = await serveInstance(instance, world);
  operatorAnswers = '';
});

afterEach(() => {
  const written = operatorAnswers + world.log.join('');
  assertNoSecretIn(written, world);
  for (const secret of [TEXTS_SECRET, TEXTS_SIGNING])
    if (written.includes(secret)) throw new Error('a key shows');
});

async function operate(path: string, request: HttpCall = {}) {
  const answer = await call(service, path, { token: operatorToken, ...request });
  operatorAnswers += answer.text;
  return {
    status: answer.status,
    body: JSON.parse(answer.text) as Record<string, unknown>,
    headers: answer.headers,
  };
}

async function connectTexts(changes: Record<string, unknown> = {}) {
  return operate('/connections', {
    body: { vendor: 'texts', workspaceId: 'w1', credentials: keys, ...changes },
  });
}

function clientOf(name: keyof typeof serviceTokens): TokenClient {
  return new TokenClient({
    brokerUrl: service.url,
    serviceToken: serviceTokens[name],
    transport: new UndiciTransport({ totalTimeoutMs: 5_000 }),
    clock,
  });
}

describe('what services get through the client that they use', () => {
  test('access tokens by connection, and a new one when the vendor refused theirs', async () => {
    const [connectionId = ''] = await connectBooks(instance, world);
    const client = clientOf('fetcher');
    const first = await client.accessToken(connectionId);
    expect(first).toMatchObject({ accountId: 'company-1' });
    expect(world.books.accepts(first.accessToken)).toBe(true);
    client.rejectAccessToken(connectionId, first.accessToken);
    const second = await client.accessToken(connectionId);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(world.books.accepts(second.accessToken)).toBe(true);
  });

  test('sending credentials without the part that they do not need', async () => {
    const { body } = await connectTexts();
    const answer = await clientOf('twilio-sender').credentials(String(body['connectionId']));
    expect(answer).toEqual({ accountId: 'AC1', credentials: { sid: 'AC1', secret: TEXTS_SECRET } });
  });

  test('verification keys of the app, newest first, or of one connection', async () => {
    const { body } = await connectTexts();
    const client = clientOf('ingress');
    expect((await client.verificationKeys('books')).keys).toEqual([
      { keyId: 'app-1', secret: 'new-webhook-key' },
      { keyId: 'app-2', secret: 'old-webhook-key' },
    ]);
    expect(await client.verificationKeys('texts', String(body['connectionId']))).toEqual({
      keys: [{ keyId: 'signing', secret: TEXTS_SIGNING }],
      accountId: 'AC1',
    });
    const [booksConnection = ''] = await connectBooks(instance, world);
    await expect(client.verificationKeys('texts', booksConnection)).rejects.toMatchObject({
      code: 'vendor-disconnected',
    });
  });

  test('an account that a service reports as gone stops at once, and only if it is gone', async () => {
    world.books.consentAccounts = ['a1', 'a2'].map((id) => ({ id, name: id, handle: id }));
    const [gone = '', kept = ''] = await connectBooks(instance, world);
    const statusOf = async (id: string) => (await operate(`/connections/${id}`)).body['status'];
    clock.shift(60_001);
    await clientOf('fetcher').reportAccountGone(kept);
    expect([await statusOf(gone), await statusOf(kept)]).toEqual(['active', 'active']);
    world.books.removeAccount('a1');
    clock.shift(60_001);
    await clientOf('fetcher').reportAccountGone(gone);
    expect([await statusOf(gone), await statusOf(kept)]).toEqual(['needs-reauthorisation', 'active']);
    await expect(clientOf('fetcher').accessToken(gone)).rejects.toMatchObject({
      code: 'needs-reauthorisation',
      disposition: 'park',
    });
    await expect
      .poll(() => world.publisher.connections.findLast(({ connectionId }) => connectionId === gone))
      .toMatchObject({ status: 'needs-reauthorisation' });
    const texts = await connectTexts();
    const report = (id: string) =>
      call(service, `/internal/connections/${id}/account-gone`, { token: serviceTokens.fetcher, body: {} });
    expect((await report('nobody')).status).toBe(404);
    expect((await report(String(texts.body['connectionId']))).status).toBe(400);
    expect(JSON.parse((await report(gone)).text)).toEqual({ looked: false });
  });

  test('refusals as the client understands them', async () => {
    const [connectionId = ''] = await connectBooks(instance, world);
    clock.shift(accessTokenMs);
    world.books.habits.failNext = [{ status: 503, error: 'down' }];
    await expect(clientOf('fetcher').accessToken(connectionId)).rejects.toMatchObject({
      code: 'token-broker-unavailable',
      retryAfterMs: expect.any(Number),
    });
    clock.shift(60_000);
    world.books.revokeEverything();
    await expect(clientOf('fetcher').accessToken(connectionId)).rejects.toMatchObject({
      code: 'needs-reauthorisation',
      disposition: 'park',
    });
    await expect(clientOf('fetcher').accessToken('nobody')).rejects.toMatchObject({
      code: 'vendor-disconnected',
    });
  });

  test.each([
    ['ingress', 'POST', '/internal/connections/c/access-token'],
    ['ingress', 'GET', '/internal/connections/c/credentials'],
    ['ingress', 'POST', '/internal/connections/c/account-gone'],
    ['twilio-sender', 'POST', '/internal/connections/c/account-gone'],
    ['fetcher', 'GET', '/internal/connections/c/credentials'],
    ['fetcher', 'GET', '/internal/verification-keys?vendor=books'],
    ['twilio-sender', 'POST', '/internal/connections/c/access-token'],
    ['twilio-sender', 'GET', '/internal/verification-keys?vendor=books'],
  ] as const)('%s may not %s %s', async (name, method, path) => {
    const request = { method, ...(method === 'POST' ? { body: {} } : {}) };
    expect((await call(service, path, { ...request, token: serviceTokens[name] })).status).toBe(403);
    expect((await call(service, path, request)).status).toBe(401);
    expect((await call(service, path, { ...request, token: operatorToken })).status).toBe(401);
  });

  test('no key for a vendor that does not exist, and a clear word for a question without a vendor', async () => {
    const token = serviceTokens.ingress;
    expect((await call(service, '/internal/verification-keys?vendor=none', { token })).status).toBe(404);
    const missing = await call(service, '/internal/verification-keys', { token });
    expect(missing.status).toBe(400);
    expect(JSON.parse(missing.text)).toMatchObject({
      code: 'invalid-input',
      problems: [{ field: 'vendor' }],
    });
  });
});

describe('what operators can do', () => {
  test('every vendor, how accounts there are connected, and what is missing', async () => {
    const { body } = await operate('/vendors');
    const vendor = { configured: true, subscribes: false, fields: [] };
    expect(body['vendors']).toEqual([
      {
        ...vendor,
        id: 'books',
        name: expect.any(String),
        auth: 'consent',
        variables: ['BOOKS_CLIENT_ID', 'BOOKS_CLIENT_SECRET', 'BOOKS_WEBHOOK_KEY'],
      },
      { ...vendor, id: 'texts', name: expect.any(String), auth: 'keys', variables: [] },
    ]);
  });

  test('every route wants their token', async () => {
    for (const [method, path] of [
      ['GET', '/connections'],
      ['GET', '/connections/c'],
      ['POST', '/connections'],
      ['PATCH', '/connections/c'],
      ['DELETE', '/connections/c'],
      ['GET', '/alerts'],
      ['POST', '/connect-links'],
      ['GET', '/master-keys'],
      ['POST', '/master-keys/rotation'],
    ]) {
      const request = { method: method ?? '', ...(method === 'GET' ? {} : { body: {} }) };
      expect((await call(service, path ?? '', request)).status).toBe(401);
      expect((await call(service, path ?? '', { ...request, token: serviceTokens.fetcher })).status).toBe(
        401,
      );
    }
  });

  test('connect with keys, list without them, replace them', async () => {
    const connected = await connectTexts();
    expect(connected).toMatchObject({
      status: 201,
      body: { vendor: 'texts', accountId: 'AC1', status: 'active' },
    });
    const { body } = await operate('/connections');
    expect(Object.keys((body['connections'] as object[])[0] ?? {}).toSorted()).toEqual([
      'accountId',
      'connectionId',
      'country',
      'createdAt',
      'currency',
      'displayName',
      'published',
      'settings',
      'status',
      'timeZone',
      'updatedAt',
      'vendor',
      'workspaceId',
    ]);
    const again = await connectTexts({ credentials: { ...keys, signing: `${TEXTS_SIGNING}-2` } });
    expect(again.body['connectionId']).toBe(connected.body['connectionId']);
    const token = serviceTokens.ingress;
    const query = `vendor=texts&connectionId=${String(connected.body['connectionId'])}`;
    const { text } = await call(service, `/internal/verification-keys?${query}`, { token });
    expect(text).toContain(`${TEXTS_SIGNING}-2`);
  });

  test.each([
    ['an unknown vendor', { vendor: 'none' }, 404, 'unknown-vendor'],
    ['a vendor with consent', { vendor: 'books' }, 400, 'vendor-without-keys'],
    ['keys that do not fit', { credentials: { ...keys, sid: 'XX' } }, 400, 'invalid-input'],
    ['missing keys', { credentials: {} }, 400, 'invalid-input'],
    ['keys that are no texts', { credentials: { ...keys, secret: 7 } }, 400, 'invalid-input'],
    ['settings that the vendor does not have', { settings: { colour: 'red' } }, 400, 'invalid-input'],
    ['a strange workspace', { workspaceId: 'w 1' }, 400, 'invalid-input'],
    ['unknown fields', { extra: true }, 400, 'invalid-input'],
    [
      'keys that the vendor refuses',
      { credentials: { ...keys, secret: 'wrong' } },
      422,
      'credentials-refused',
    ],
  ])('connecting with %s is refused', async (_what, changes, status, code) => {
    expect(await connectTexts(changes)).toMatchObject({ status, body: { code } });
    expect(await instance.broker.desk.list()).toEqual([]);
  });

  test('an account of another workspace is not taken over', async () => {
    await connectTexts();
    expect(await connectTexts({ workspaceId: 'w2' })).toMatchObject({
      status: 409,
      body: { code: 'account-elsewhere' },
    });
  });

  test('change what people see and what services go by', async () => {
    const [id = ''] = await connectBooks(instance, world);
    const change = {
      displayName: 'New',
      timeZone: 'Europe/Berlin',
      country: 'DE',
      currency: 'EUR',
      settings: { plan: 'large' },
    };
    expect(await operate(`/connections/${id}`, { method: 'PATCH', body: change })).toMatchObject({
      status: 200,
      body: change,
    });
    await expect
      .poll(() => world.publisher.connections.at(-1))
      .toMatchObject({ connectionId: id, ...change });
  });

  test.each([
    [{ timeZone: 'Mars/Base' }],
    [{ country: 'Germany' }],
    [{ currency: 'eur' }],
    [{ status: 'disconnected' }],
    [{ settings: { plan: 'huge' } }],
    [{ settings: { colour: 'red' } }],
    [{ displayName: ' ' }],
    [{ vendor: 'texts' }],
  ])('the change %o is refused', async (change) => {
    const [id = ''] = await connectBooks(instance, world);
    expect(await operate(`/connections/${id}`, { method: 'PATCH', body: change })).toMatchObject({
      status: 400,
      body: { code: 'invalid-input' },
    });
  });

  test('a change of settings replaces them, but not what the account brought along', async () => {
    const [id = ''] = await connectBooks(instance, world);
    const set = (settings: Record<string, string>) =>
      operate(`/connections/${id}`, { method: 'PATCH', body: { settings } });
    await set({ plan: 'small', dailyLimit: '9' });
    expect(await set({})).toMatchObject({ status: 200 });
    expect((await operate(`/connections/${id}`)).body['settings']).toEqual({ plan: 'small' });
    await set({ plan: 'large' });
    expect((await operate(`/connections/${id}`)).body['settings']).toEqual({ plan: 'large' });
  });

  test('pause and resume; what lost its consent meanwhile does not go on', async () => {
    const [id = ''] = await connectBooks(instance, world);
    const set = async (status: string) =>
      operate(`/connections/${id}`, { method: 'PATCH', body: { status } });
    expect(await set('paused')).toMatchObject({ body: { status: 'paused' } });
    expect(await set('active')).toMatchObject({ body: { status: 'active' } });
    await set('paused');
    clock.shift(accessTokenMs);
    world.books.revokeEverything();
    await expect(clientOf('fetcher').accessToken(id)).rejects.toMatchObject({
      code: 'needs-reauthorisation',
    });
    expect(await set('active')).toMatchObject({ status: 200, body: { status: 'needs-reauthorisation' } });
    expect(await set('active')).toMatchObject({ status: 409, body: { code: 'needs-reauthorisation' } });
    const { body } = await operate('/alerts?workspaceId=w1');
    expect(body).toMatchObject({ alerts: [{ reason: 'grant-revoked', vendor: 'books' }] });
  });

  test('disconnect: the vendor is told, secrets are gone, and it happens once', async () => {
    world.books.consentAccounts = ['a1', 'a2'].map((id) => ({ id, name: id, handle: `h-${id}` }));
    const [first = '', second = ''] = await connectBooks(instance, world);
    expect(await operate(`/connections/${first}`, { method: 'DELETE' })).toMatchObject({
      status: 200,
      body: { status: 'disconnected' },
    });
    expect(world.books.disconnected).toEqual(['h-a1']);
    expect((await clientOf('fetcher').accessToken(second)).accountId).toBe('a2');
    await expect(clientOf('fetcher').accessToken(first)).rejects.toMatchObject({
      code: 'vendor-disconnected',
    });
    expect((await operate(`/connections/${first}`, { method: 'DELETE' })).status).toBe(404);
    expect((await operate(`/connections/nobody`, { method: 'DELETE' })).status).toBe(404);
    await expect
      .poll(() => world.publisher.connections.findLast(({ connectionId }) => connectionId === first))
      .toMatchObject({ status: 'disconnected' });
  });

  test('a vendor that is away keeps a connection, unless the operator insists', async () => {
    const [id = ''] = await connectBooks(instance, world);
    clock.shift(accessTokenMs);
    world.books.habits.failNext = [{ status: 503, error: 'down' }];
    const kept = await operate(`/connections/${id}`, { method: 'DELETE' });
    expect(kept).toMatchObject({ status: 503, body: { code: 'token-not-ready' } });
    expect(kept.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await operate(`/connections/${id}`)).body).toMatchObject({ status: 'active' });
    expect(await operate(`/connections/${id}?force=true`, { method: 'DELETE' })).toMatchObject({
      status: 200,
    });
  });

  test('rotate the master key', async () => {
    await connectTexts();
    const both = await createInstance(world, { masterKeys: `${newKey('k2')},${world.masterKeys}` });
    service = await serveInstance(both, world);
    expect((await operate('/master-keys')).body).toMatchObject({
      current: 'k2',
      inUse: [{ keyId: 'k1', rows: 1 }],
      missing: [],
    });
    expect(await operate('/master-keys/rotation', { method: 'POST' })).toMatchObject({
      status: 200,
      body: { resealed: 1, failed: [], keys: { inUse: [{ keyId: 'k2', rows: 1 }] } },
    });
  });
});
