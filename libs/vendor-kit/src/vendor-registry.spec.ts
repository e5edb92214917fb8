import { expect, test } from 'vitest';
import { fakeVendor } from './testing/fake-vendor.js';
import { pollIntervalMsOf } from './source-settings.js';
import { baseUrlsOf } from './vendor-registry.js';

test('base URLs are the real ones unless the environment names others', () => {
  expect(baseUrlsOf(fakeVendor, {})).toEqual({ api: 'https://api.example' });
  expect(baseUrlsOf(fakeVendor, { FAKE_API_URL: '' })).toEqual({ api: 'https://api.example' });
  expect(baseUrlsOf(fakeVendor, { FAKE_API_URL: 'http://127.0.0.1:1/fake//' })).toEqual({
    api: 'http://127.0.0.1:1/fake',
  });
});

test('a connection’s own poll interval goes before the default, but polls nothing that is not polled', () => {
  const plan = { entityType: 'payment', emitOrder: 1, maxBatch: 1, notified: false, pollIntervalMs: 300_000 };
  expect(pollIntervalMsOf(plan, {})).toBe(300_000);
  expect(pollIntervalMsOf(plan, { pollIntervalSeconds: '60' })).toBe(60_000);
  expect(pollIntervalMsOf(plan, { pollIntervalSeconds: 'often' })).toBe(300_000);
  expect(pollIntervalMsOf({ ...plan, pollIntervalMs: null }, { pollIntervalSeconds: '60' })).toBeNull();
});
