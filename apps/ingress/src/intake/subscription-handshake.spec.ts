import { LedgerwireError } from '#libs/core';
import { vendors } from '#libs/vendors';
import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { changeNoticesOf } from '#libs/contracts';
import { connection, startTestIngress, type TestIngress } from '../testing/test-ingress.js';

const { webhooks } = vendors.get('freshbooks');
const url = '/webhooks/freshbooks/c1/s1';
const event = 'name=invoice.create&object_id=7&account_id=6BApk';

async function start(): Promise<TestIngress> {
  if (!webhooks) throw new Error('FreshBooks has webhooks');
  const books = connection({ connectionId: 'c1', vendor: 'freshbooks', accountId: '6BApk' });
  const ingress = await startTestIngress({ vendor: 'freshbooks', webhooks, connections: [books] });
  onTestFinished(() => ingress.server.close());
  ingress.keys.keys = [];
  return ingress;
}

function post({ server }: TestIngress, payload: string, signature?: string) {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(signature !== undefined && { 'x-freshbooks-hmac-sha256': signature }),
  };
  return server.inject({ method: 'POST', url, headers, payload });
}

const signature = createHmac('sha256', 'the-verifier')
  .update('{"name": "invoice.create", "object_id": "7", "account_id": "6BApk"}')
  .digest('base64');

test('a handshake goes to token-broker, and its secret counts for the very next webhook', async () => {
  const ingress = await start();
  expect((await post(ingress, event, signature)).statusCode, 'no key yet').toBe(401);
  const answer = await post(ingress, 'name=callback.verify&object_id=2001&verifier=the-verifier');
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
  expect(ingress.proofs.kept).toEqual([
    { connectionId: 'c1', subscriptionId: 's1', remoteId: '2001', secret: 'the-verifier' },
  ]);
  ingress.keys.keys = [{ keyId: 's1', secret: 'the-verifier' }];
  expect((await post(ingress, event, signature)).statusCode).toBe(200);
  expect(ingress.log.values(changeNoticesOf('freshbooks'))).toHaveLength(1);
  expect(JSON.stringify(ingress.log.sent), 'secrets go nowhere else').not.toContain('the-verifier');
});

test('a handshake at a URL that nobody gave out is refused', async () => {
  const ingress = await start();
  ingress.proofs.known = false;
  expect((await post(ingress, 'verifier=x')).statusCode).toBe(401);
});

test('a handshake that token-broker cannot take comes again', async () => {
  const ingress = await start();
  ingress.proofs.failure = new LedgerwireError('away', {
    code: 'token-broker-unavailable',
    disposition: 'retry',
  });
  expect((await post(ingress, 'verifier=x')).statusCode).toBe(503);
});
