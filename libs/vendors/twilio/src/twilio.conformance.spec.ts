import { conformanceChecks, type ErrorSample, type WebhookSample } from '#libs/vendor-kit';
import { readdirSync, readFileSync } from 'node:fs';
import twilioSdk from 'twilio';
import { expect, test } from 'vitest';
import { twilio } from './index.js';

const folder = new URL('../fixtures/', import.meta.url);
const authToken = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const accountSid = 'AC0123456789abcdef0123456789abcdef';

interface WebhookFixture extends Omit<WebhookSample, 'rawBody' | 'publicUrl'> {
  readonly rawBody: string;
  readonly path: string;
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

/** Signs as the official SDK does. */
function sign({
  publicUrl,
  rawBody,
}: {
  readonly publicUrl: string;
  readonly rawBody: Buffer;
}): Record<string, string> {
  const params = Object.create(null) as Record<string, string[]>;
  // JSON is signed by its hash in the URL, which has no parameters of a form.
  if (publicUrl.includes('bodySHA256'))
    return { 'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(authToken, publicUrl, params) };
  for (const [name, value] of new URLSearchParams(rawBody.toString('utf8')))
    (params[name] ??= []).push(value);
  return { 'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(authToken, publicUrl, params) };
}

const webhooks = readdirSync(folder)
  .filter((name) => name.startsWith('webhook-'))
  .map((name): WebhookSample => {
    const { rawBody, path, ...fixture } = read<WebhookFixture>(name);
    return {
      ...fixture,
      publicUrl: `https://ledgerwire.example${path}`,
      rawBody: Buffer.from(rawBody),
      key: authToken,
      connection: { accountId: accountSid },
      sign,
    };
  });

const samples = {
  definition: twilio,
  settings: {
    messagingServiceSid: `MG${'0'.repeat(32)}`,
    emailFrom: 'billing@ledger.example',
    emailFromName: 'Ledger',
  },
  webhooks,
  entities: [],
  errors: read<ErrorSample[]>('errors.json'),
  credentials: {
    accountSid,
    apiKeySid: `SK${'1'.repeat(32)}`,
    apiKeySecret: 'api-key-secret',
    authToken,
    secondaryAuthToken: 'f'.repeat(32),
  },
};

test.each(conformanceChecks(samples).map(({ title, run }) => [title, run] as const))('%s', (_title, run) => {
  expect(run).not.toThrow();
});
