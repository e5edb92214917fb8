import { expect, test } from 'vitest';
import { auth, authCall, consent, redirectUri, signIn, useZohoSandbox, zoho } from './zoho-books.fixture.js';

useZohoSandbox();

test('signs in through the page of one region and works in the region of the user', async () => {
  const asked = await consent();
  expect(asked.callback).toMatchObject({ location: 'eu', state: 'the state' });
  const tokens = await auth.exchange(authCall(), { ...asked, redirectUri });
  expect(tokens.settings).toEqual({ region: 'eu' });
  const there = authCall(tokens.settings);
  expect(await auth.listAccounts(there, tokens.accessToken)).toEqual([
    {
      accountId: zoho.account.accountId,
      displayName: 'Contract GmbH',
      timeZone: 'Europe/Berlin',
      country: 'DE',
      currency: 'EUR',
      handle: null,
      settings: { plan: 'STANDARD' },
    },
  ]);
  const refreshed = await auth.refresh(there, tokens.refreshToken ?? '');
  expect(refreshed.refreshToken).toBeNull();
  expect(refreshed.accessToken).not.toBe(tokens.accessToken);
});

test('a code is good once, and at the server of its own region only', async () => {
  const asked = await consent();
  const elsewhere = { ...asked, redirectUri, callback: { location: 'us' } };
  await expect(auth.exchange(authCall(), elsewhere)).rejects.toMatchObject({ vendorCode: 'invalid_code' });
  await auth.exchange(authCall(), { ...asked, redirectUri });
  await expect(auth.exchange(authCall(), { ...asked, redirectUri })).rejects.toMatchObject({
    vendorCode: 'invalid_code',
  });
});

test('the twenty-first consent of a user ends the first one, which is then to be authorised again', async () => {
  const first = await signIn();
  for (let consents = 2; consents <= 21; consents += 1) await signIn();
  const there = authCall({ region: 'eu' });
  const error = await auth.refresh(there, first.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(error, { triedForMs: 0, graceMs: 0 })).toBe('revoked');
});

test('too many access tokens in ten minutes are a pause, although they are refused with 200', async () => {
  const { refreshToken } = await signIn();
  const there = authCall({ region: 'eu' });
  let error: unknown;
  for (let asked = 0; asked < 10 && error === undefined; asked += 1)
    error = await auth.refresh(there, refreshToken ?? '').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toMatchObject({ code: 'vendor-rate-limited', retryAfterMs: 600_000 });
  expect(auth.classifyRefreshFailure(error, { triedForMs: 0, graceMs: 0 })).toBe('transient');
  await zoho.sandbox.control('/clock', { advanceMs: 600_000 });
  await auth.refresh(there, refreshToken ?? '');
});

test('a wrong app secret is a misconfiguration; a revoked token is revoked; revoking twice does no harm', async () => {
  const tokens = await signIn();
  const there = authCall({ region: 'eu' });
  const wrong = { ...there, app: { ...there.app, clientSecret: 'wrong' } };
  const refused = await auth.refresh(wrong, tokens.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(refused, { triedForMs: 0, graceMs: 0 })).toBe('misconfigured');
  await auth.revoke(there, tokens.refreshToken ?? '');
  await auth.revoke(there, tokens.refreshToken ?? '');
  const gone = await auth.refresh(there, tokens.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(gone, { triedForMs: 0, graceMs: 0 })).toBe('revoked');
});
