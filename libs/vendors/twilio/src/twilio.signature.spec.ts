import type { WebhookRequest } from '#libs/vendor-kit';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import twilioSdk from 'twilio';
import { expect, test } from 'vitest';
import { checkSignature, expectedSignature, type SignatureCheck } from './twilio.signature.js';
import { twilioWebhooks } from './twilio.webhook.js';

const token = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const [route] = twilioWebhooks.routes;

function check(
  publicUrl: string,
  rawBody: string,
  signature: string | undefined,
  keys: readonly string[] = [token],
  method = 'POST',
): SignatureCheck {
  if (!route) throw new Error('no route');
  const headers = { 'x-twilio-signature': signature };
  const request: WebhookRequest = {
    route,
    method,
    publicUrl,
    params: {},
    headers,
    rawBody: Buffer.from(rawBody),
  };
  return checkSignature(
    request,
    keys.map((secret) => ({ keyId: 'k', secret })),
  );
}

type Pairs = readonly (readonly [string, string])[];

function sdkParams(pairs: Pairs): Record<string, string[]> {
  const params = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of pairs) (params[name] ??= []).push(value);
  return params;
}

const encode = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
// Lone surrogates cannot be sent in a form.
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('+', ' ', '&', '=', '%', "'", 'é', '👍', '\r\n'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  maxLength: 8,
});
const name = fc.oneof(
  fc.constantFrom('Body', 'To', 'From', 'body', 'MediaUrl0'),
  text.filter((value) => value !== ''),
);
const form = fc.array(fc.tuple(name, text), { maxLength: 12 });
const url = fc
  .tuple(
    fc.constantFrom(
      'https://ledgerwire.example',
      'http://ledgerwire.example',
      'https://ledgerwire.example:8443',
      'http://127.0.0.1:4310',
      'https://ledgerwire.example:443',
    ),
    fc.constantFrom('/webhooks/twilio/c1/status/x', '/webhooks/twilio/c1/inbound', '/'),
    fc.constantFrom('', '?zone=a%20b', "?a=b'c&d=+1", '?foo=%27&bar='),
  )
  .map((parts) => parts.join(''));

test('takes whatever the official SDK signs, blank and repeated parameters included', () => {
  fc.assert(
    fc.property(url, form, (publicUrl, pairs) => {
      const signature = twilioSdk.getExpectedTwilioSignature(token, publicUrl, sdkParams(pairs));
      expect(check(publicUrl, encode(pairs), signature)).toBe('valid');
    }),
    { numRuns: 500 },
  );
});

test('signs what the official SDK takes', () => {
  fc.assert(
    fc.property(url, form, (publicUrl, pairs) => {
      const params = sdkParams(pairs);
      const ours = expectedSignature(token, publicUrl, new Map(Object.entries(params)));
      expect(twilioSdk.validateRequest(token, ours, publicUrl, params)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('refuses another token, another parameter, another URL and another signature', () => {
  fc.assert(
    fc.property(url, form, text, (publicUrl, pairs, other) => {
      const signature = twilioSdk.getExpectedTwilioSignature(token, publicUrl, sdkParams(pairs));
      expect(check(publicUrl, encode(pairs), signature, ['f'.repeat(32)])).toBe('signature-invalid');
      expect(check(publicUrl, encode([...pairs, ['Injected', `x${other}`]]), signature)).toBe(
        'signature-invalid',
      );
      expect(check(`${publicUrl}x`, encode(pairs), signature)).toBe('signature-invalid');
      expect(check(publicUrl, encode(pairs), `${signature}=`)).toBe('signature-invalid');
      expect(check(publicUrl, encode(pairs), other || undefined)).not.toBe('valid');
    }),
  );
});

test('a URL signed with or without its standard port is the same URL', () => {
  const signed = twilioSdk.getExpectedTwilioSignature(token, 'https://ledgerwire.example:443/hook?a=1', {});
  expect(check('https://ledgerwire.example/hook?a=1', '', signed)).toBe('valid');
  const bare = twilioSdk.getExpectedTwilioSignature(token, 'https://ledgerwire.example/hook', {});
  expect(check('https://ledgerwire.example:8443/hook', '', bare)).toBe('valid');
  expect(check('https://ledgerwire.example:443/hook', '', bare)).toBe('valid');
});

test('never signs the fragment', () => {
  const signed = twilioSdk.getExpectedTwilioSignature(token, 'https://ledgerwire.example/hook', { A: 'b' });
  expect(check('https://ledgerwire.example/hook#rc=3', 'A=b', signed)).toBe('valid');
});

test('takes the primary and the secondary token during a rotation', () => {
  const next = 'a'.repeat(32);
  const signed = twilioSdk.getExpectedTwilioSignature(next, 'https://ledgerwire.example/hook', { A: 'b' });
  expect(check('https://ledgerwire.example/hook', 'A=b', signed, [token, next])).toBe('valid');
});

test('a JSON body is signed by its hash in the URL', () => {
  const body = JSON.stringify([{ type: 'com.twilio.messaging.message.delivered' }]);
  const hash = createHash('sha256').update(body).digest('hex');
  const publicUrl = `https://ledgerwire.example/hook?bodySHA256=${hash}`;
  const signed = twilioSdk.getExpectedTwilioSignature(token, publicUrl, {});
  expect(twilioSdk.validateRequestWithBody(token, signed, publicUrl, body)).toBe(true);
  expect(check(publicUrl, body, signed)).toBe('valid');
  expect(check(publicUrl, `${body} `, signed)).toBe('body-hash-invalid');
  expect(check(publicUrl.replace(hash, '0'.repeat(64)), body, signed)).toBe('signature-invalid');
});

test('a GET is signed by its URL alone', () => {
  const signed = twilioSdk.getExpectedTwilioSignature(
    token,
    'https://ledgerwire.example/hook?MessageSid=SM1',
    {},
  );
  expect(check('https://ledgerwire.example/hook?MessageSid=SM1', '', signed, [token], 'GET')).toBe('valid');
});

test('says when signature or key are missing', () => {
  expect(check('https://ledgerwire.example/hook', '', undefined)).toBe('signature-missing');
  expect(check('https://ledgerwire.example/hook', '', 'x', [])).toBe('no-key');
});
