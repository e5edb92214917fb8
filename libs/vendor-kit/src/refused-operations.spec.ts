import { ManualClock } from '#libs/core';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { VendorRequest } from './contract.js';
import { fakeConnection, fakeTokens, fakeVendor } from './testing/fake-vendor.js';
import type { TokenSource } from './tokens/token-source.js';
import { VendorRuntime } from './vendor-runtime.js';
import { createVendorMetrics } from './vendor.metrics.js';

const MINUTE = 60_000;

/** A vendor that answers `bills.list` with 401 as long as `forbidden` says so; counts the tokens that were refused. */
function create(changes: (tokens: TokenSource) => Partial<TokenSource> = () => ({})) {
  const clock = new ManualClock();
  const state = { forbidden: true, rejections: 0 };
  const plain = fakeTokens(clock);
  const tokens: TokenSource = {
    ...plain,
    rejectAccessToken: (connectionId, accessToken) => {
      state.rejections += 1;
      plain.rejectAccessToken(connectionId, accessToken);
    },
    ...changes(plain),
  };
  const transport = {
    send: ({ url }: { readonly url: string }) =>
      Promise.resolve({
        status: state.forbidden && url.endsWith('bills') ? 401 : 200,
        headers: {},
        body: '{}',
      }),
    close: () => Promise.resolve(),
  };
  const baseUrls = { api: 'https://api.example' };
  const metrics = createVendorMetrics(new Registry());
  const runtime = new VendorRuntime({ vendor: fakeVendor, baseUrls, transport, tokens, clock, metrics });
  const list = (what: string, connectionId = 'c1'): Promise<string> => {
    const request: VendorRequest = {
      operation: `${what}.list`,
      operationClass: 'read',
      method: 'GET',
      url: `https://api.example/${what}`,
      repeatable: true,
    };
    return runtime
      .callFor(fakeConnection(connectionId))
      .request(request)
      .then(
        () => 'ok',
        (error: unknown) => (error as { code: string }).code,
      );
  };
  return { clock, state, list };
}

test('renews the token once an hour and not at every poll for what a connection may not read', async () => {
  const { clock, state, list } = create();
  for (let minute = 0; minute < 59; minute += 1) {
    expect(await list('bills')).toBe('vendor-forbidden');
    expect(await list('invoices')).toBe('ok');
    await clock.advance(MINUTE);
  }
  expect(state.rejections).toBe(1);
  await clock.advance(2 * MINUTE);
  await list('bills');
  expect(state.rejections).toBe(2);
});

test('keeps what one connection may not do apart from others, and forgets it when it goes well', async () => {
  const { state, list } = create();
  await list('bills');
  expect(await list('bills', 'c2')).toBe('vendor-forbidden');
  expect(state.rejections).toBe(2);
  state.forbidden = false;
  expect(await list('bills')).toBe('ok');
  state.forbidden = true;
  await list('bills');
  expect(state.rejections).toBe(3);
});

test('does not take it for a lacking right while token-broker gives the refused token again', async () => {
  const { state, list } = create(({ accessToken }) => ({
    accessToken: async (connectionId) => ({ ...(await accessToken(connectionId)), accessToken: 'the same' }),
  }));
  expect(await list('bills')).toBe('vendor-unauthorised');
  expect(await list('bills')).toBe('vendor-unauthorised');
  expect(state.rejections).toBe(2);
});
