import { conformanceChecks, type EntitySample, type ErrorSample, type WebhookSample } from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readForm, signedTextOf } from './freshbooks.signature.js';
import { freshbooks } from './index.js';

const folder = new URL('../fixtures/', import.meta.url);
const key = 'scADVVi5QuKuj5qTjVkbJNYQe7V7USpGd';

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
  .filter((name) => /^(invoice|bill|payment|contact|expense)/.test(name))
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
      params: { connectionId: 'c1', subscriptionId: 's1' },
      publicUrl: 'https://ledgerwire.example/webhooks/freshbooks/c1/s1',
      rawBody: Buffer.from(rawBody),
      key,
      connection: { accountId: '6BApk' },
      sign: (request) => ({
        'x-freshbooks-hmac-sha256': createHmac('sha256', key)
          .update(signedTextOf(readForm(request.rawBody)))
          .digest('base64'),
      }),
    };
  });

const samples = {
  definition: freshbooks,
  settings: { minuteLimit: '60', concurrentLimit: '1', pollIntervalSeconds: '60' },
  webhooks,
  entities,
  errors: read<ErrorSample[]>('errors.json'),
};

test.each(conformanceChecks(samples).map(({ title, run }) => [title, run] as const))('%s', (_title, run) => {
  expect(run).not.toThrow();
});
