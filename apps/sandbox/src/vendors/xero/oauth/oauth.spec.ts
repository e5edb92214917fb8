import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestClients } from '../../../testing/sandbox-under-test.js';

const REDIRECT = 'http://localhost:9/callback';
const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-0123456789';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const MINUTE = 60_000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, string>;
}

let sandbox: SandboxUnderTest;
let xero: TestClients['vendors']['xero'];

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  xero = (await sandbox.clients()).vendors.xero;
});

function authorizeUrl(changes: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: xero.clientId,
    redirect_uri: REDIRECT,
    scope: 'offline_access accounting.invoices.read',
    state: 'abc',
    ...changes,
  });
  return `${sandbox.url}/xero/login/identity/connect/authorize?${query.toString()}`;
}

async function authorize(changes: Record<string, string> = {}): Promise<URL> {
  const response = await fetch(authorizeUrl({ auto: '1', ...changes }), { redirect: 'manual' });
  if (response.status !== 302) throw new Error(`${String(response.status)} ${await response.text()}`);
  return new URL(response.headers.get('location') ?? '');
}

async function token(
  form: Record<string, string>,
  basic = `${xero.clientId}:${xero.clientSecret}`,
): Promise<Answer> {
  const response = await fetch(`${xero.authBaseUrl}/connect/token`, {
    method: 'POST',
    headers: basic === '' ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

function exchange(code: string, more: Record<string, string> = {}): Promise<Answer> {
  return token({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT, ...more });
}

function refresh(refreshToken: string): Promise<Answer> {
  return token({ grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function freshRefreshToken(): Promise<string> {
  const { body } = await exchange((await authorize()).searchParams.get('code') ?? '');
  return body['refresh_token'] ?? '';
}

async function errorPage(changes: Record<string, string>): Promise<string> {
  const response = await fetch(authorizeUrl({ auto: '1', ...changes }), { redirect: 'manual' });
  expect(response.status).toBe(400);
  return response.text();
}

describe('the authorize page', () => {
  test('asks a person, and sends the answer with the state', async () => {
    const page = await (await fetch(authorizeUrl())).text();
    expect(page).toContain('Demo Company (NZ)');
    const decide = (decision: string): Promise<Response> =>
      fetch(authorizeUrl(), {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ decision, organisation: xero.accounts[0]?.accountId ?? '' }),
      });
    const allowed = new URL((await decide('allow')).headers.get('location') ?? '');
    expect(allowed.searchParams.get('state')).toBe('abc');
    expect((await exchange(allowed.searchParams.get('code') ?? '')).status).toBe(200);
    const denied = new URL((await decide('deny')).headers.get('location') ?? '');
    expect(denied.searchParams.get('error')).toBe('access_denied');
  });

  test('escapes what the query brings', async () => {
    const page = await (await fetch(authorizeUrl({ state: '"><script>alert(1)</script>' }))).text();
    expect(page).not.toContain('<script>');
  });

  test('connects the organisation that is asked for by name', async () => {
    await sandbox.post('/xero/organisations', { name: 'Second Ltd', country: 'GB' });
    const location = await authorize({ organisation: 'Second Ltd' });
    const { body } = await exchange(location.searchParams.get('code') ?? '');
    const response = await fetch(`${xero.apiBaseUrl}/connections`, {
      headers: { authorization: `Bearer ${body['access_token'] ?? ''}` },
    });
    expect(await response.json()).toMatchObject([{ tenantName: 'Second Ltd', tenantType: 'ORGANISATION' }]);
  });

  test.each([
    ['an unknown client', { client_id: 'somebody' }, 'unauthorized_client'],
    [
      '127.0.0.1, which Xero does not take',
      { redirect_uri: 'http://127.0.0.1:9/callback' },
      'Xero refuses 127.0.0.1',
    ],
    ['plain http elsewhere', { redirect_uri: 'http://example.com/callback' }, 'must be https'],
    ['broad scopes, which new apps may not have', { scope: 'accounting.transactions' }, 'invalid_scope'],
    ['another challenge method than S256', { code_challenge: 'x', code_challenge_method: 'plain' }, 'S256'],
  ])('refuses %s', async (_what, changes, expected) => {
    expect(await errorPage(changes)).toContain(expected);
  });

  test('refuses a redirect URI that is not registered once some are', async () => {
    await sandbox.post('/xero/oauth', { redirectUris: ['https://app.example/callback'] });
    expect(await errorPage({})).toContain('not registered');
  });
});

describe('the code', () => {
  test('works once', async () => {
    const code = (await authorize()).searchParams.get('code') ?? '';
    expect((await exchange(code)).status).toBe(200);
    expect(await exchange(code)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('lives five minutes', async () => {
    const code = (await authorize()).searchParams.get('code') ?? '';
    await sandbox.advance(5 * MINUTE);
    expect(await exchange(code)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('needs the verifier of its challenge', async () => {
    const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    const first = (await authorize(pkce)).searchParams.get('code') ?? '';
    expect((await exchange(first, { code_verifier: 'another' })).body).toEqual({ error: 'invalid_grant' });
    const second = (await authorize(pkce)).searchParams.get('code') ?? '';
    expect((await exchange(second, { code_verifier: VERIFIER })).status).toBe(200);
  });

  test('is for its redirect URI only', async () => {
    const code = (await authorize()).searchParams.get('code') ?? '';
    const answer = await exchange(code, { redirect_uri: 'http://localhost:9/other' });
    expect(answer.body).toEqual({ error: 'invalid_grant' });
  });
});

describe('the token endpoint', () => {
  test('takes credentials in the body and refuses wrong ones', async () => {
    const { clientId: client_id, clientSecret: client_secret } = xero;
    const form = { grant_type: 'refresh_token', refresh_token: await freshRefreshToken(), client_id };
    expect((await token({ ...form, client_secret }, '')).status).toBe(200);
    expect(await token({ ...form, client_secret: 'wrong' }, '')).toEqual({
      status: 400,
      body: { error: 'invalid_client' },
    });
  });

  test('gives a refresh token only with offline_access and an id token only with openid', async () => {
    const bare = await exchange(
      (await authorize({ scope: 'accounting.invoices.read' })).searchParams.get('code') ?? '',
    );
    expect(Object.keys(bare.body).toSorted()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
  });

  test('knows no other grant type', async () => {
    expect((await token({ grant_type: 'password' })).body).toEqual({ error: 'unsupported_grant_type' });
  });
});

describe('refresh tokens', () => {
  test('rotate, and the former one works again within thirty minutes', async () => {
    const first = await freshRefreshToken();
    const second = (await refresh(first)).body['refresh_token'] ?? '';
    await sandbox.advance(29 * MINUTE);
    const again = await refresh(first);
    expect(again.status).toBe(200);
    expect(again.body['refresh_token']).not.toBe(second);
    expect((await refresh(second)).status).toBe(200);
  });

  test('are dead thirty minutes after their first use', async () => {
    const first = await freshRefreshToken();
    const second = (await refresh(first)).body['refresh_token'] ?? '';
    await sandbox.advance(20 * MINUTE);
    await refresh(first);
    await sandbox.advance(10 * MINUTE);
    expect(await refresh(first)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
    expect((await refresh(second)).status).toBe(200);
  });

  test('can be made to take their whole family along when reused', async () => {
    await sandbox.post('/xero/oauth', { refreshGraceMs: 0, revokeOnReuse: true });
    const first = await freshRefreshToken();
    const second = (await refresh(first)).body['refresh_token'] ?? '';
    expect((await refresh(first)).status).toBe(400);
    expect((await refresh(second)).status).toBe(400);
  });

  test('die when idle for sixty days', async () => {
    const first = await freshRefreshToken();
    await sandbox.advance(60 * 24 * 60 * MINUTE);
    expect((await refresh(first)).body).toEqual({ error: 'invalid_grant' });
  });

  test('die by revocation from the sandbox, while the connection stays', async () => {
    const first = await freshRefreshToken();
    await sandbox.post('/xero/revoke', { tenantId: xero.accounts[0]?.accountId });
    expect((await refresh(first)).body).toEqual({ error: 'invalid_grant' });
  });
});

describe('a refresh token of an earlier run', () => {
  test('still works for the demo organisation, as Xero would know it', async () => {
    const former = await freshRefreshToken();
    const earlier = sandbox;
    sandbox = await SandboxUnderTest.start();
    try {
      xero = { ...xero, authBaseUrl: `${sandbox.url}/xero/identity`, apiBaseUrl: `${sandbox.url}/xero` };
      const { status, body } = await refresh(former);
      expect(status).toBe(200);
      const organisation = await fetch(`${xero.apiBaseUrl}/connections`, {
        headers: { authorization: `Bearer ${body['access_token'] ?? ''}` },
      });
      expect(await organisation.json()).toMatchObject([{ tenantName: 'Demo Company (NZ)' }]);
      expect((await refresh(`${former}x`)).body).toEqual({ error: 'invalid_grant' });
      await sandbox.post('/xero/revoke', { tenantId: xero.accounts[0]?.accountId });
      expect((await refresh(former)).body).toEqual({ error: 'invalid_grant' });
    } finally {
      await sandbox.stop();
      sandbox = earlier;
    }
  });

  test('does not outlive a reset', async () => {
    const former = await freshRefreshToken();
    await sandbox.post('/reset');
    expect((await refresh(former)).body).toEqual({ error: 'invalid_grant' });
  });
});

test('connections are limited to one consent by its authentication event', async () => {
  await sandbox.post('/xero/oauth', { autoApprove: true });
  const { body } = await exchange((await authorize()).searchParams.get('code') ?? '');
  const claims = JSON.parse(
    Buffer.from((body['access_token'] ?? '').split('.')[1] ?? '', 'base64url').toString(),
  ) as {
    authentication_event_id: string;
  };
  const list = async (event: string): Promise<unknown> => {
    const response = await fetch(`${xero.apiBaseUrl}/connections?authEventId=${event}`, {
      headers: { authorization: `Bearer ${body['access_token'] ?? ''}` },
    });
    return response.json();
  };
  expect(await list(claims.authentication_event_id)).toHaveLength(1);
  expect(await list('other')).toEqual([]);
});
