import { expect, test } from 'vitest';
import type { ConnectionRow } from '#libs/persistence';
import { type AuthCall, createVendorRegistry, type VendorRequest } from '#libs/vendor-kit';
import { booksVendor } from '../testing/books-vendor.js';
import { VendorAccess } from '../vendor-access.js';
import { SubscriptionCalls } from './subscription-calls.js';

test('calls about subscriptions say whose they are, so that one account that fails stops no other', async () => {
  const asked: VendorRequest[] = [];
  const call: AuthCall = {
    app: { clientId: 'id', clientSecret: 'secret' },
    baseUrls: {},
    now: () => 0,
    request: async (request) => {
      asked.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: '' });
    },
  };
  const vendor = { ...booksVendor(0), subscriptions: {} as never };
  const calls = new SubscriptionCalls({
    database: {
      grants: { find: () => Promise.resolve({ vendor: 'books', status: 'active', settings: {} }) } as never,
    },
    vendors: new VendorAccess(createVendorRegistry([vendor]), () => call),
    accessTokens: { tokenOfGrant: () => Promise.resolve('token') } as never,
    webhookBaseUrl: 'https://hooks.example',
  });
  const row = { connectionId: 'c1', accountId: 'a1', vendor: 'books', grantId: 'g1' } as ConnectionRow;
  const request: VendorRequest = {
    operation: 'callbacks.list',
    operationClass: 'read',
    method: 'GET',
    url: 'https://api.example/callbacks',
    repeatable: true,
  };
  await (await calls.open(row))?.call.request(request);
  expect(asked).toMatchObject([{ ...request, subject: 'c1' }]);
});
