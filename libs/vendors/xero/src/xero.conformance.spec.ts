import { conformanceChecks, type EntitySample, type ErrorSample, type WebhookSample } from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { xero } from './index.js';

const folder = new URL('../fixtures/', import.meta.url);
const key = 'TlJ2b1lVbkdHZ0p4bWZQTA==';

interface EntityFixture extends Omit<EntitySample, 'json'> {
  readonly entity: object;
}
interface WebhookFixture extends Pick<WebhookSample, 'name' | 'source' | 'date' | 'expected'> {
  readonly rawBody: string;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

const files = readdirSync(folder);
const entities = files
  .filter((name) => /^(invoice|bill|payment|contact)/.test(name))
  .map((name): EntitySample => {
    const { entity, ...fixture } = read<EntityFixture>(name);
    return { ...fixture, json: JSON.stringify(entity) };
  });
const webhooks = files
  .filter((name) => name.startsWith('webhook-'))
  .map((name): WebhookSample => {
    const { rawBody, ...fixture } = read<WebhookFixture>(name);
    return {
      ...fixture,
      route: 'events',
      params: {},
      publicUrl: 'https://ledgerwire.example/webhooks/xero',
      rawBody: Buffer.from(rawBody),
      key,
      connection: null,
      sign: (request) => ({
        'x-xero-signature': createHmac('sha256', key).update(request.rawBody).digest('base64'),
      }),
    };
  });

const samples = {
  definition: xero,
  settings: { dailyLimit: '1000', pollIntervalSeconds: '60' },
  webhooks,
  entities,
  errors: read<ErrorSample[]>('errors.json'),
};

test.each(conformanceChecks(samples).map(({ title, run }) => [title, run] as const))('%s', (_title, run) => {
  expect(run).not.toThrow();
});
