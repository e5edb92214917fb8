import type { WebhookRequest, WebhookVerdict } from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readForm, signedTextOf } from './freshbooks.signature.js';
import { freshbooksWebhooks } from './freshbooks.webhook.js';

const [route] = freshbooksWebhooks.routes;
const keys = [
  { keyId: 'other', secret: 'of another callback' },
  { keyId: 's1', secret: 'verifier' },
];

function receive(body: string, signature?: string, receivedAt?: number): WebhookVerdict {
  if (!route) throw new Error('no route');
  const request: WebhookRequest = {
    route,
    method: 'POST',
    publicUrl: 'https://ledgerwire.example/webhooks/freshbooks/c1/s1',
    params: { connectionId: 'c1', subscriptionId: 's1' },
    headers: { 'x-freshbooks-hmac-sha256': signature },
    rawBody: Buffer.from(body),
    ...(receivedAt !== undefined && { receivedAt }),
  };
  return freshbooksWebhooks.receive(request, keys, { accountId: '6BApk' });
}

function sign(body: string, secret = 'verifier'): string {
  return createHmac('sha256', secret)
    .update(signedTextOf(readForm(Buffer.from(body))))
    .digest('base64');
}

const { rawBody: handshake } = JSON.parse(
  readFileSync(new URL('../fixtures/handshake.json', import.meta.url), 'utf8'),
) as { rawBody: string };

test('hands the secret of a handshake on, signed or not', () => {
  const proof = { subscriptionId: 's1', remoteId: '2001', secret: 'scADVVi5QuKuj5qTjVkbJNYQe7V7USpGd' };
  expect(receive(handshake)).toMatchObject({ kind: 'handshake', proof, response: { status: 200 } });
  expect(receive(handshake, 'whatever')).toMatchObject({ kind: 'handshake', proof });
  expect(receive('verifier=abc&callbackid=7')).toMatchObject({ proof: { remoteId: '7', secret: 'abc' } });
});

test('takes a verifier inside another event for what it is: an unsigned event', () => {
  expect(receive('name=invoice.create&object_id=1&account_id=6BApk&verifier=x')).toMatchObject({
    kind: 'rejected',
    reason: 'signature-missing',
  });
});

test('refuses an account that is not the connection’s, however well it is signed', () => {
  const body = 'name=invoice.create&object_id=1&account_id=other';
  expect(receive(body, sign(body))).toMatchObject({ kind: 'rejected', reason: 'wrong-account' });
});

test('sets aside what lacks a field, and ignores events that nobody reads', () => {
  const short = 'name=invoice.create&account_id=6BApk';
  expect(receive(short, sign(short))).toMatchObject({ kind: 'malformed', response: { status: 200 } });
  const foreign = 'name=retainer.create&object_id=1&account_id=6BApk';
  expect(receive(foreign, sign(foreign))).toMatchObject({
    kind: 'accepted',
    events: [],
    ignored: [{ reason: 'unknown-category', what: 'retainer.create' }],
  });
});

test('gives arrivals of the same words one notice within a minute, and another one later', () => {
  const body = 'name=invoice.update&object_id=1&account_id=6BApk';
  const sequenceAt = (receivedAt: number): unknown => {
    const verdict = receive(body, sign(body), receivedAt);
    return verdict.kind === 'accepted' && verdict.events[0]?.kind === 'change'
      ? [verdict.events[0].sequence, verdict.webhookId]
      : undefined;
  };
  expect(sequenceAt(60_000)).toBeDefined();
  expect(sequenceAt(60_000)).toEqual(sequenceAt(119_999));
  expect(sequenceAt(60_000)).not.toEqual(sequenceAt(120_000));
});
