import { type SubscriptionCall, VendorError, type VendorRequest } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { freshbooksSubscriptions } from './freshbooks.subscriptions.js';

function calling(reply: (request: VendorRequest) => unknown): {
  call: SubscriptionCall;
  asked: VendorRequest[];
} {
  const asked: VendorRequest[] = [];
  const call: SubscriptionCall = {
    accountId: '6BApk',
    baseUrls: { api: 'https://api.freshbooks.com' },
    headers: { authorization: 'Bearer t' },
    request: async (request) => {
      asked.push(request);
      const result = await Promise.resolve(reply(request));
      return {
        status: 200,
        headers: {},
        body: result === undefined ? '' : JSON.stringify({ response: { result } }),
      };
    },
  };
  return { call, asked };
}

const root = 'https://api.freshbooks.com/events/account/6BApk/events/callbacks';
const callback = { callbackid: 2001, event: 'invoice', uri: 'https://here/x', verified: false };

test('registers, asks for the handshake again, confirms it and removes', async () => {
  const { call, asked } = calling(({ method }) => (method === 'DELETE' ? undefined : { callback }));
  expect(await freshbooksSubscriptions.register(call, 'invoice', 'https://here/x')).toEqual({
    remoteId: '2001',
    event: 'invoice',
    url: 'https://here/x',
    verified: false,
  });
  await freshbooksSubscriptions.askForProof(call, '2001');
  await freshbooksSubscriptions.confirm(call, '2001', 'code');
  await freshbooksSubscriptions.remove(call, '2001');
  expect(asked.map(({ method, url, body }) => [method, url, body && (JSON.parse(body) as unknown)])).toEqual([
    ['POST', root, { callback: { event: 'invoice', uri: 'https://here/x' } }],
    ['PUT', `${root}/2001`, { callback: { callback_id: '2001', resend: true } }],
    ['PUT', `${root}/2001`, { callback: { callback_id: '2001', verifier: 'code' } }],
    ['DELETE', `${root}/2001`, undefined],
  ]);
  expect(asked.every(({ headers }) => headers?.['authorization'] === 'Bearer t')).toBe(true);
});

test('lists every page', async () => {
  const { call } = calling(({ url }) => ({
    callbacks: [{ ...callback, callbackid: Number(new URL(url).searchParams.get('page')) }],
    pages: 3,
  }));
  expect((await freshbooksSubscriptions.list(call)).map(({ remoteId }) => remoteId)).toEqual(['1', '2', '3']);
});

test('counts one that is gone as removed', async () => {
  const details = { vendor: 'freshbooks', effect: 'none', disposition: 'dead-letter' } as const;
  const { call } = calling(() => {
    throw new VendorError('gone', { ...details, code: 'vendor-not-found' });
  });
  await expect(freshbooksSubscriptions.remove(call, '1')).resolves.toBeUndefined();
});
