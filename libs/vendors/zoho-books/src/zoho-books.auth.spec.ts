import { type AuthCall, VendorError, type VendorRequest } from '#libs/vendor-kit';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { zohoBooksAuth } from './zoho-books.auth.js';
import { zohoBooksManifest } from './zoho-books.manifest.js';
import { regions } from './zoho-books.regions.js';

const production = Object.fromEntries(
  zohoBooksManifest.baseUrls.map((entry) => [entry.key, entry.production]),
);

function calling(
  answer: unknown,
  settings: Readonly<Record<string, string>> | null = null,
): { call: AuthCall; asked: VendorRequest[] } {
  const asked: VendorRequest[] = [];
  const baseUrls = settings ? zohoBooksManifest.baseUrlsFor?.(settings, production) : production;
  const call: AuthCall = {
    app: { clientId: '1000.client', clientSecret: 'app-secret' },
    baseUrls: baseUrls ?? {},
    now: () => 1000,
    request: (request) => {
      asked.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(answer) });
    },
  };
  return { call, asked };
}

const grant = { code: '1000.code', redirectUri: 'https://here/cb', codeVerifier: 'v' };
const tokens = (api_domain?: string) => ({
  access_token: '1000.access',
  refresh_token: '1000.refresh',
  token_type: 'Bearer',
  expires_in: 3600,
  ...(api_domain !== undefined && { api_domain }),
});

test.each(regions)(
  'redeems the code of region $id at its accounts server, and keeps the region',
  async (region) => {
    const { call, asked } = calling(tokens(region.api));
    const callback = { location: region.id, 'accounts-server': region.accounts };
    const set = await zohoBooksAuth.exchange(call, { ...grant, callback });
    expect(asked[0]).toMatchObject({ url: `${region.accounts}/oauth/v2/token`, repeatable: false });
    expect(set).toMatchObject({
      accessToken: '1000.access',
      refreshToken: '1000.refresh',
      accessTokenExpiresAt: 1000 + 3_600_000,
      settings: { region: region.id },
    });
    const later = calling(
      { access_token: '1000.next', expires_in: 3600, api_domain: region.api },
      set.settings ?? {},
    );
    const refreshed = await zohoBooksAuth.refresh(later.call, '1000.refresh');
    expect(later.asked[0]?.url).toBe(`${region.accounts}/oauth/v2/token`);
    expect(refreshed).toMatchObject({ refreshToken: null, settings: { region: region.id } });
    expect(later.call.baseUrls['api']).toBe(region.api);
  },
);

test('takes the region of the accounts server when the API domain is one that no region has', async () => {
  const { call } = calling(tokens('https://api.zoho.com'));
  const set = await zohoBooksAuth.exchange(call, {
    ...grant,
    callback: { 'accounts-server': 'https://accounts.zoho.in/' },
  });
  expect(set.settings).toEqual({ region: 'in' });
});

test('goes by the location, then by where the consent began, when the callback names no server', async () => {
  const eu = calling(tokens('https://www.zohoapis.eu'));
  await zohoBooksAuth.exchange(eu.call, { ...grant, callback: { location: 'EU' } });
  expect(eu.asked[0]?.url).toBe('https://accounts.zoho.eu/oauth/v2/token');
  const none = calling(tokens());
  await zohoBooksAuth.exchange(none.call, { ...grant, callback: {} });
  expect(none.asked[0]?.url).toBe('https://accounts.zoho.com/oauth/v2/token');
});

test('sends the code and the secret to no server that is not Zoho’s', async () => {
  const { call, asked } = calling(tokens());
  for (const server of ['https://accounts.zoho.com.evil.example', 'https://evil.example', 'http://127.0.0.1'])
    await expect(
      zohoBooksAuth.exchange(call, { ...grant, callback: { 'accounts-server': server } }),
    ).rejects.toMatchObject({ code: 'vendor-misconfigured' });
  expect(asked).toEqual([]);
});

test('refuses tokens whose API domain is of another region than the server that gave them', async () => {
  const { call } = calling(tokens('https://www.zohoapis.eu'));
  await expect(
    zohoBooksAuth.exchange(call, { ...grant, callback: { location: 'us' } }),
  ).rejects.toMatchObject({ code: 'vendor-misconfigured' });
});

test('asks for offline access and consent with scopes separated by commas', () => {
  const url = new URL(
    zohoBooksAuth.authorizeUrl({
      baseUrls: production,
      clientId: 'c',
      redirectUri: 'r',
      state: 's',
      codeChallenge: 'x',
    }),
  );
  expect(url.origin + url.pathname).toBe('https://accounts.zoho.com/oauth/v2/auth');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    access_type: 'offline',
    prompt: 'consent',
    scope: zohoBooksAuth.scopes.join(','),
  });
});

test('replaces access tokens at 55 of their 60 minutes', () => {
  const { accessTokenMs, refreshAheadMs } = zohoBooksAuth.lifetimes;
  expect((accessTokenMs - refreshAheadMs) / 60_000).toBe(55);
});

test('lists the active organisations with their plan, and the country of a one-country region', async () => {
  const { call, asked } = calling(
    {
      code: 0,
      message: 'success',
      organizations: [
        {
          organization_id: '10234695',
          name: 'Zillium',
          is_org_active: true,
          plan_name: 'PROFESSIONAL',
          time_zone: 'Asia/Calcutta',
          currency_code: 'INR',
        },
        { organization_id: 10407630, name: 'Old', is_org_active: false },
        { organization_id: '10407631', name: '', country: 'U.S.A.', currency_code: '' },
      ],
    },
    { region: 'in' },
  );
  expect(await zohoBooksAuth.listAccounts(call, 't')).toEqual([
    {
      accountId: '10234695',
      displayName: 'Zillium',
      timeZone: 'Asia/Calcutta',
      country: 'IN',
      currency: 'INR',
      handle: null,
      settings: { plan: 'PROFESSIONAL' },
    },
    {
      accountId: '10407631',
      displayName: null,
      timeZone: null,
      country: 'US',
      currency: null,
      handle: null,
    },
  ]);
  expect(asked[0]).toMatchObject({
    url: 'https://www.zohoapis.in/books/v3/organizations',
    headers: { authorization: 'Zoho-oauthtoken t' },
  });
});

test('an error behind HTTP 200 is no token, and shows nothing of the request', async () => {
  const { call } = calling({ error: 'something_new' });
  const error = await zohoBooksAuth.refresh(call, 'refresh-secret').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'vendor-bad-answer' });
  expect(inspect(error, { depth: 10 })).not.toMatch(/secret/);
});

test('a refused refresh token ends the grant at once, a throttled or lost one does not', () => {
  const failure = (
    code: 'vendor-unauthorised' | 'vendor-rate-limited' | 'vendor-misconfigured',
    vendorCode: string,
  ) =>
    new VendorError('refused', {
      code,
      disposition: 'park',
      vendor: 'zoho-books',
      effect: 'none',
      vendorCode,
    });
  const trial = { triedForMs: 0, graceMs: 0 };
  const classify = (error: unknown) => zohoBooksAuth.classifyRefreshFailure(error, trial);
  expect(classify(failure('vendor-unauthorised', 'invalid_code'))).toBe('revoked');
  expect(classify(failure('vendor-rate-limited', 'Access Denied'))).toBe('transient');
  expect(classify(failure('vendor-misconfigured', 'invalid_client'))).toBe('misconfigured');
});

test('revokes at the accounts server of the region, and takes a token that is gone already for revoked', async () => {
  const { call, asked } = calling({ status: 'success' }, { region: 'jp' });
  await zohoBooksAuth.revoke(call, '1000.refresh');
  expect(asked[0]).toMatchObject({
    url: 'https://accounts.zoho.jp/oauth/v2/token/revoke',
    body: 'token=1000.refresh',
  });
  const refused = new VendorError('gone', {
    code: 'vendor-unauthorised',
    disposition: 'park',
    vendor: 'zoho-books',
    effect: 'none',
  });
  await zohoBooksAuth.revoke({ ...call, request: () => Promise.reject(refused) }, '1000.refresh');
});
