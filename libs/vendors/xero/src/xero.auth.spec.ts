import { type AuthCall, VendorError, type VendorRequest, type VendorResponse } from '#libs/vendor-kit';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { xeroAuth } from './xero.auth.js';

function calling(reply: (url: URL, request: VendorRequest) => Partial<VendorResponse> & { json?: unknown }): {
  call: AuthCall;
  asked: VendorRequest[];
} {
  const asked: VendorRequest[] = [];
  const call: AuthCall = {
    app: { clientId: 'client', clientSecret: 'app-secret' },
    baseUrls: {
      api: 'https://api.xero.com',
      identity: 'https://identity.xero.com',
      login: 'https://login.xero.com',
    },
    now: () => 1000,
    request: (request) => {
      asked.push(request);
      const { json, ...rest } = reply(new URL(request.url), request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(json), ...rest });
    },
  };
  return { call, asked };
}

const tokens = {
  access_token: 'access',
  refresh_token: 'refresh-2',
  expires_in: 1800,
  token_type: 'Bearer',
  scope: 'openid a b',
};

test('exchanges the code with its verifier and counts the lifetime from before the request', async () => {
  const { call, asked } = calling(() => ({ json: tokens }));
  const set = await xeroAuth.exchange(call, {
    code: 'c',
    redirectUri: 'https://here/cb',
    codeVerifier: 'v',
    callback: {},
  });
  expect(set).toEqual({
    accessToken: 'access',
    accessTokenExpiresAt: 1000 + 1_800_000,
    refreshToken: 'refresh-2',
    scopes: ['openid', 'a', 'b'],
  });
  expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
    grant_type: 'authorization_code',
    code: 'c',
    redirect_uri: 'https://here/cb',
    code_verifier: 'v',
  });
  expect(asked[0]).toMatchObject({
    url: 'https://identity.xero.com/connect/token',
    repeatable: false,
    operationClass: 'auth',
  });
  expect(asked[0]?.headers?.['authorization']).toBe(
    `Basic ${Buffer.from('client:app-secret').toString('base64')}`,
  );
});

test('a refresh may be repeated, since the former token works for half an hour', async () => {
  const { call, asked } = calling(() => ({ json: tokens }));
  await xeroAuth.refresh(call, 'refresh-1');
  expect(asked[0]?.repeatable).toBe(true);
  expect(new URLSearchParams(asked[0]?.body).get('refresh_token')).toBe('refresh-1');
});

test('an unreadable token answer shows nothing of itself', async () => {
  const { call } = calling(() => ({ json: { access_token: 'very-secret' } }));
  const error = await xeroAuth.refresh(call, 'refresh-secret').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'vendor-bad-answer' });
  expect(inspect(error, { depth: 10 })).not.toMatch(/secret/);
});

test('lists the organisations of this consent with their zone, country and currency', async () => {
  const claims = Buffer.from(JSON.stringify({ authentication_event_id: 'event-1' })).toString('base64url');
  const { call, asked } = calling((url, request) =>
    url.pathname === '/connections'
      ? {
          json: [
            { id: 'conn-1', tenantId: 'tenant-1', tenantType: 'ORGANISATION', tenantName: 'One' },
            { id: 'conn-2', tenantId: 'tenant-2', tenantType: 'PRACTICE', tenantName: 'Practice' },
          ],
        }
      : {
          json: {
            Organisations: [
              {
                Name: `Org of ${request.headers?.['xero-tenant-id']}`,
                Timezone: 'GMTSTANDARDTIME',
                CountryCode: 'GB',
                BaseCurrency: 'GBP',
              },
            ],
          },
        },
  );
  expect(await xeroAuth.listAccounts(call, `h.${claims}.s`)).toEqual([
    {
      accountId: 'tenant-1',
      displayName: 'Org of tenant-1',
      timeZone: 'Europe/London',
      country: 'GB',
      currency: 'GBP',
      handle: 'conn-1',
    },
  ]);
  expect(asked[0]?.url).toBe('https://api.xero.com/connections?authEventId=event-1');
});

test('a refresh token is revoked only when it is still refused after the grace', () => {
  const refused = new VendorError('refused', {
    code: 'vendor-unauthorised',
    disposition: 'park',
    vendor: 'xero',
    effect: 'none',
    vendorCode: 'invalid_grant',
  });
  const lost = new VendorError('lost', {
    code: 'vendor-timeout',
    disposition: 'retry',
    vendor: 'xero',
    effect: 'none',
  });
  const wrongApp = new VendorError('app', {
    code: 'vendor-misconfigured',
    disposition: 'park',
    vendor: 'xero',
    effect: 'none',
  });
  const { refreshGraceMs: graceMs } = xeroAuth.lifetimes;
  expect(xeroAuth.classifyRefreshFailure(refused, { triedForMs: 0, graceMs })).toBe('transient');
  expect(xeroAuth.classifyRefreshFailure(refused, { triedForMs: graceMs, graceMs })).toBe('revoked');
  expect(xeroAuth.classifyRefreshFailure(lost, { triedForMs: 10 * graceMs, graceMs })).toBe('transient');
  expect(xeroAuth.classifyRefreshFailure(wrongApp, { triedForMs: 10 * graceMs, graceMs })).toBe(
    'misconfigured',
  );
});

test('revokes the grant, and disconnects one organisation even when it is gone already', async () => {
  const { call, asked } = calling(() => ({ status: 204, body: '' }));
  await xeroAuth.revoke(call, 'refresh-1');
  await xeroAuth.disconnectAccount?.(call, 'access', 'conn-1');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST https://identity.xero.com/connect/revocation',
    'DELETE https://api.xero.com/connections/conn-1',
  ]);
  expect(asked[1]?.expect).toContain(404);
});
