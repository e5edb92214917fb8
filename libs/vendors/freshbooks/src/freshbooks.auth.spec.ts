import { type AuthCall, VendorError, type VendorRequest } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { freshbooksAuth } from './freshbooks.auth.js';

const NOW = 1_800_000_000_000;

function calling(json: unknown): { call: AuthCall; asked: VendorRequest[] } {
  const asked: VendorRequest[] = [];
  const call: AuthCall = {
    app: { clientId: 'client', clientSecret: 'app-secret', redirectUri: 'https://here/cb' },
    baseUrls: { api: 'https://api.freshbooks.com', auth: 'https://auth.freshbooks.com' },
    now: () => NOW,
    request: (request) => {
      asked.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(json) });
    },
  };
  return { call, asked };
}

const tokens = {
  access_token: 'access',
  refresh_token: 'refresh-2',
  expires_in: 43_200,
  token_type: 'Bearer',
  created_at: NOW / 1000 - 3600,
  scope: 'user:profile:read user:invoices:read',
  direct_buy_tokens: {},
};

test('exchanges the code with its verifier and counts the lifetime from the token’s creation', async () => {
  const { call, asked } = calling(tokens);
  const grant = { code: 'c', redirectUri: 'https://here/cb', codeVerifier: 'v', callback: {} };
  expect(await freshbooksAuth.exchange(call, grant)).toEqual({
    accessToken: 'access',
    accessTokenExpiresAt: NOW + 43_200_000 - 3_600_000,
    refreshToken: 'refresh-2',
    scopes: ['user:profile:read', 'user:invoices:read'],
  });
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
    grant_type: 'authorization_code',
    client_id: 'client',
    client_secret: 'app-secret',
    code: 'c',
    redirect_uri: 'https://here/cb',
    code_verifier: 'v',
  });
  expect(asked[0]).toMatchObject({ url: 'https://api.freshbooks.com/auth/oauth/token', repeatable: false });
});

test('a refresh names the redirect URI and is never repeated, since its token is good once', async () => {
  const { call, asked } = calling({ ...tokens, created_at: NOW / 1000 - 43_000 });
  const set = await freshbooksAuth.refresh(call, 'refresh-1');
  expect(set.accessTokenExpiresAt, 'the creation of the first token says nothing then').toBe(
    NOW + 43_200_000,
  );
  expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({
    refresh_token: 'refresh-1',
    redirect_uri: 'https://here/cb',
  });
  expect(asked[0]?.repeatable).toBe(false);
});

test('lists the businesses that the user works in, each once', async () => {
  const business = (id: number, account_id: string | null) => ({
    id,
    name: `Business ${id}`,
    account_id,
    address: { country: 'Canada' },
  });
  const { call, asked } = calling({
    response: {
      id: 1,
      business_memberships: [
        { id: 5, role: 'owner', business: business(77128, '6BApk') },
        { id: 6, role: 'manager', business: business(77128, '6BApk') },
        { id: 7, role: 'client', business: business(8, 'other') },
        { id: 8, role: 'owner', business: business(9, null) },
      ],
    },
  });
  expect(await freshbooksAuth.listAccounts(call, 'access')).toEqual([
    {
      accountId: '6BApk',
      displayName: 'Business 77128',
      timeZone: null,
      country: 'CA',
      currency: null,
      handle: '77128',
    },
  ]);
  expect(asked[0]?.url).toBe('https://api.freshbooks.com/auth/api/v1/users/me');
});

test('a refused refresh token ends the consent at once: there is no grace', () => {
  const error = (
    code: 'vendor-unauthorised' | 'vendor-timeout' | 'vendor-misconfigured',
    vendorCode?: string,
  ) => new VendorError('x', { code, disposition: 'park', vendor: 'freshbooks', effect: 'none', vendorCode });
  const trial = { triedForMs: 0, graceMs: 0 };
  const classify = (thrown: unknown) => freshbooksAuth.classifyRefreshFailure(thrown, trial);
  expect(classify(error('vendor-unauthorised', 'invalid_grant'))).toBe('revoked');
  expect(classify(error('vendor-misconfigured', 'invalid_client'))).toBe('misconfigured');
  expect(classify(error('vendor-timeout'))).toBe('transient');
  expect(freshbooksAuth.lifetimes.refreshGraceMs).toBe(0);
});
