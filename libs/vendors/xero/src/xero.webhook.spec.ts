import type { WebhookRequest, WebhookVerdict } from '#libs/vendor-kit';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { xeroWebhooks } from './xero.webhook.js';

const key = 'the webhook key';
const [route] = xeroWebhooks.routes;

function receive(
  rawBody: Buffer,
  signature: string | undefined,
  keys: readonly string[] = [key],
): WebhookVerdict {
  if (!route) throw new Error('no route');
  const publicUrl = 'https://ledgerwire.example/webhooks/xero';
  const headers = { 'x-xero-signature': signature };
  const request: WebhookRequest = { route, method: 'POST', publicUrl, params: {}, headers, rawBody };
  return xeroWebhooks.receive(
    request,
    keys.map((secret) => ({ keyId: 'k', secret })),
    null,
  );
}

function sign(rawBody: Buffer, secret = key): string {
  return createHmac('sha256', secret).update(rawBody).digest('base64');
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

test('takes any bytes that are rightly signed and refuses them with any other signature', () => {
  fc.assert(
    fc.property(bytes, fc.string(), fc.string({ minLength: 1 }), (rawBody, signature, otherKey) => {
      expect(receive(rawBody, sign(rawBody)).kind).not.toBe('rejected');
      fc.pre(signature !== sign(rawBody) && otherKey !== key);
      expect(receive(rawBody, signature)).toMatchObject({
        kind: 'rejected',
        response: { status: 401, body: '', headers: {} },
      });
      expect(receive(rawBody, sign(rawBody, otherKey)).kind).toBe('rejected');
      expect(receive(Buffer.concat([rawBody, Buffer.from(' ')]), sign(rawBody)).kind).toBe('rejected');
    }),
  );
});

test('refuses the same hash in another notation', () => {
  const rawBody = Buffer.from('{"events":[]}');
  const hash = createHmac('sha256', key).update(rawBody);
  const signature = hash.digest('base64');
  const sameBytes =
    signature.slice(0, -2) + String.fromCharCode(signature.charCodeAt(signature.length - 2) + 1) + '=';
  for (const other of [
    sameBytes,
    signature.replace('=', ''),
    `${signature} `,
    Buffer.from(signature, 'base64').toString('hex'),
  ])
    expect(receive(rawBody, other).kind).toBe('rejected');
});

test('says why a webhook is refused', () => {
  const rawBody = Buffer.from('{"events":[]}');
  expect(receive(rawBody, undefined)).toMatchObject({ reason: 'signature-missing' });
  expect(receive(rawBody, sign(rawBody), [])).toMatchObject({ reason: 'no-key' });
  expect(receive(rawBody, 'wrong')).toMatchObject({ reason: 'signature-invalid' });
});

test('sets a signed body aside that lacks what is documented', () => {
  const event = {
    resourceId: 'i',
    tenantId: 't',
    eventCategory: 'INVOICE',
    eventType: 'UPDATE',
    eventDateUtc: 'yesterday',
  };
  for (const body of ['nonsense', '{"events":[{}]}', JSON.stringify({ events: [event] })]) {
    const rawBody = Buffer.from(body);
    expect(receive(rawBody, sign(rawBody))).toMatchObject({
      kind: 'malformed',
      response: { status: 200, body: '' },
    });
  }
});

test('gives two webhooks different ids and a redelivery the same', () => {
  const bodyOf = (id: string): Buffer =>
    Buffer.from(
      JSON.stringify({
        events: [
          {
            resourceId: id,
            tenantId: 't',
            eventCategory: 'CONTACT',
            eventType: 'CREATE',
            eventDateUtc: '2026-11-20T01:15:39',
          },
        ],
      }),
    );
  const idOf = (rawBody: Buffer): string | undefined => {
    const verdict = receive(rawBody, sign(rawBody));
    return verdict.kind === 'accepted' ? verdict.webhookId : undefined;
  };
  expect(idOf(bodyOf('a'))).toBe(idOf(bodyOf('a')));
  expect(idOf(bodyOf('a'))).not.toBe(idOf(bodyOf('b')));
});

test('passes over a category that only an object would know', () => {
  const event = {
    resourceId: 'i',
    tenantId: 't',
    eventCategory: 'constructor',
    eventType: 'UPDATE',
    eventDateUtc: '2026-11-20T01:15:39',
  };
  const rawBody = Buffer.from(JSON.stringify({ events: [event] }));
  expect(receive(rawBody, sign(rawBody))).toMatchObject({
    kind: 'accepted',
    events: [],
    ignored: [{ what: 'constructor' }],
  });
});
