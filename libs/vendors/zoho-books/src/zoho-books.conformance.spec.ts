import { conformanceChecks, type EntitySample, type ErrorSample, type WebhookSample } from '#libs/vendor-kit';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { zohoBooks } from './index.js';
import { signatureOf } from './zoho-books.signature.js';

const folder = new URL('../fixtures/', import.meta.url);
const key = 'b5c0d7a2f1e84c6e9d3a7b5c1f2e4d6a8b0c9e7f5d3a1b2c';

interface EntityFixture extends Omit<EntitySample, 'json'> {
  readonly entity: object;
}
interface WebhookFixture extends Pick<WebhookSample, 'name' | 'source' | 'date' | 'expected'> {
  readonly rule: string;
  readonly contentType: string;
  readonly query: string;
  readonly rawBody: string;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

const files = readdirSync(folder);
const entities = files
  .filter((name) => !name.startsWith('webhook-') && name !== 'errors.json')
  .map((name): EntitySample => {
    const { entity, ...fixture } = read<EntityFixture>(name);
    return { ...fixture, json: JSON.stringify(entity) };
  });
const webhooks = files
  .filter((name) => name.startsWith('webhook-'))
  .map((name): WebhookSample => {
    const { rawBody, rule, contentType, query, ...fixture } = read<WebhookFixture>(name);
    return {
      ...fixture,
      route: 'rule',
      params: { connectionId: 'c1', rule },
      publicUrl: `https://ledgerwire.example/webhooks/zoho-books/c1/${rule}${query}`,
      rawBody: Buffer.from(rawBody),
      headers: { 'content-type': contentType },
      key,
      connection: { accountId: '10234695' },
      sign: (request) => ({ 'x-zoho-webhook-signature': signatureOf({ ...request, contentType }, key) }),
    };
  });

const samples = {
  definition: zohoBooks,
  settings: { region: 'eu', plan: 'PROFESSIONAL', dailyLimit: '7000', pollIntervalSeconds: '60' },
  webhooks,
  entities,
  errors: read<ErrorSample[]>('errors.json'),
};

test.each(conformanceChecks(samples).map(({ title, run }) => [title, run] as const))('%s', (_title, run) => {
  expect(run).not.toThrow();
});
