import { createHmac } from 'node:crypto';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { ConnectionRow } from '#libs/persistence';
import { createVendorRegistry, type VendorWebhooks } from '#libs/vendor-kit';
import { KeySecrets } from '../crypto/key-secrets.js';
import { MasterKeys } from '../crypto/master-keys.js';
import { SecretBox } from '../crypto/secret-box.js';
import { SubscriptionSecrets } from '../crypto/subscription-secrets.js';
import { booksVendor } from '../testing/books-vendor.js';
import { TokenBrokerMetrics } from '../token-broker.metrics.js';
import { ServiceKeys } from './service-keys.js';

const refused = { status: 401, headers: {}, body: '' };
const webhooks: VendorWebhooks = {
  routes: [{ name: 'rule', method: 'POST', path: 'books/:connectionId/:rule' }],
  maxBodyBytes: 1024,
  deadlineMs: 1000,
  keyScope: 'connection',
  deriveKey: (appKey, connectionId) => createHmac('sha256', appKey).update(connectionId).digest('hex'),
  unknownKeyResponse: refused,
  receive: () => ({ kind: 'rejected', reason: 'no-key', response: refused }),
};

function serviceKeys(statuses: Readonly<Record<string, string>>, appKeys: readonly string[]): ServiceKeys {
  const find = (connectionId: string): Promise<ConnectionRow | null> => {
    const status = statuses[connectionId];
    const row = { connectionId, accountId: `account-${connectionId}`, vendor: 'books', status };
    return Promise.resolve(status === undefined ? null : (row as ConnectionRow));
  };
  const masterKeys = MasterKeys.parse(`k1:${Buffer.alloc(32, 7).toString('base64')}`);
  return new ServiceKeys({
    database: { connections: { find }, apiCredentials: {} } as never,
    registry: createVendorRegistry([{ ...booksVendor(0), webhooks }]),
    keySecrets: new KeySecrets(new SecretBox(masterKeys)),
    subscriptionSecrets: new SubscriptionSecrets(new SecretBox(masterKeys)),
    metrics: new TokenBrokerMetrics(new Registry()),
    appWebhookKeys: () => appKeys,
  });
}

test('derives a secret of its own for every connection, and knows those of a rotated app key', async () => {
  const keys = serviceKeys({ c1: 'active', c2: 'active' }, ['new', 'old']);
  const first = await keys.verificationKeys('books', 'c1');
  const second = await keys.verificationKeys('books', 'c2');
  expect(first).toMatchObject({
    accountId: 'account-c1',
    keys: [{ keyId: 'derived-1' }, { keyId: 'derived-2' }],
  });
  expect(new Set([...first.keys, ...second.keys].map(({ secret }) => secret)).size).toBe(4);
  expect(await keys.webhookSetup('c1')).toEqual({
    paths: ['/webhooks/books/c1/:rule'],
    secret: first.keys[0]?.secret,
  });
});

test('gives no key for a connection that is unknown or was disconnected, nor without a key of the app', async () => {
  const keys = serviceKeys({ c1: 'disconnected' }, ['new']);
  await expect(keys.verificationKeys('books', 'c1')).rejects.toMatchObject({
    code: 'connection-disconnected',
  });
  await expect(keys.verificationKeys('books', 'c2')).rejects.toMatchObject({ code: 'unknown-connection' });
  await expect(keys.verificationKeys('books')).rejects.toMatchObject({ code: 'unknown-connection' });
  const without = serviceKeys({ c1: 'active' }, []);
  expect((await without.verificationKeys('books', 'c1')).keys).toEqual([]);
  await expect(without.webhookSetup('c1')).rejects.toMatchObject({ code: 'no-webhook-setup' });
});
