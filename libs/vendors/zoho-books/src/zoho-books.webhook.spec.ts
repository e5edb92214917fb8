import type { WebhookRequest, WebhookVerdict } from '#libs/vendor-kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signatureOf, signedTextOf } from './zoho-books.signature.js';
import { zohoBooksWebhooks } from './zoho-books.webhook.js';

const key = 'zohobooks12345';
const base = 'https://ledgerwire.example/webhooks/zoho-books/c1/';
const [route] = zohoBooksWebhooks.routes;

interface Sent {
  readonly body: string;
  readonly rule?: string;
  readonly query?: string;
  readonly contentType?: string;
  readonly signature?: string | undefined;
  readonly secret?: string;
}

function receive(sent: Sent, accountId: string | null = 'org1'): WebhookVerdict {
  if (!route) throw new Error('no route');
  const { rule = 'invoice-created', query = '', contentType = 'application/json', secret = key } = sent;
  const publicUrl = base + rule + query;
  const rawBody = Buffer.from(sent.body);
  const signature =
    'signature' in sent ? sent.signature : signatureOf({ publicUrl, contentType, rawBody }, secret);
  const headers = { 'x-zoho-webhook-signature': signature, 'content-type': contentType };
  const request: WebhookRequest = { route, method: 'POST', publicUrl, params: { rule }, headers, rawBody };
  return zohoBooksWebhooks.receive(
    request,
    [{ keyId: 'k', secret: key }],
    accountId === null ? null : { accountId },
  );
}

const invoice = JSON.stringify({
  invoice: { invoice_id: '1', last_modified_time: '2026-11-20T01:02:03+0530' },
});

test('signs what Zoho’s own example signs', () => {
  const parts = {
    publicUrl: 'https://example.com/hook?subscription_id=90343&name=basic',
    contentType: 'application/json',
    rawBody: Buffer.from('{"created_date":"2019-03-06","event_id":"5675"}'),
  };
  expect(signedTextOf(parts).toString()).toBe(
    'namebasicsubscription_id90343{"created_date":"2019-03-06","event_id":"5675"}',
  );
});

test('decodes form parameters before it hashes them, and takes none of them for a JSON body', () => {
  const parts = { publicUrl: 'https://example.com/hook?b=2', rawBody: Buffer.from('c=x%20y+z&a=%2B1') };
  expect(signedTextOf({ ...parts, contentType: 'application/x-www-form-urlencoded' }).toString()).toBe(
    'a+1b2cx y z',
  );
  expect(signedTextOf({ ...parts, contentType: undefined }).toString()).toBe('b2c=x%20y+z&a=%2B1');
});

test('refuses whatever is not signed with the secret of this connection', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (body, signature) => {
      expect(receive({ body }).kind).not.toBe('rejected');
      expect(receive({ body, secret: 'another12345' })).toMatchObject({ reason: 'signature-invalid' });
      fc.pre(receive({ body, signature }).kind === 'rejected');
      expect(receive({ body, signature })).toMatchObject({ response: { status: 401, body: '' } });
    }),
  );
  expect(receive({ body: invoice, signature: undefined })).toMatchObject({ reason: 'signature-missing' });
  expect(receive({ body: invoice }, null)).toMatchObject({ kind: 'rejected', reason: 'no-key' });
});

test('refuses a query that was changed on the way', () => {
  const contentType = 'application/json';
  const rawBody = Buffer.from(invoice);
  const signature = signatureOf({ publicUrl: `${base}invoice-created?a=1`, contentType, rawBody }, key);
  expect(receive({ body: invoice, query: '?a=1', signature }).kind).toBe('accepted');
  expect(receive({ body: invoice, query: '?a=2', signature }).kind).toBe('rejected');
});

test('understands every rule by its URL, whatever it calls what happened', () => {
  const ids: Record<string, string> = {
    'invoice-overdue': 'invoice_id',
    'bill-created': 'bill_id',
    'purchase-order-created': 'purchaseorder_id',
    'payment-received': 'payment_id',
    'vendor-payment-created': 'payment_id',
    'expense-recorded': 'expense_id',
    'contact-changed': 'contact_id',
  };
  for (const [rule, idField] of Object.entries(ids))
    expect(receive({ rule, body: JSON.stringify({ [idField]: '7' }) })).toMatchObject({
      kind: 'accepted',
      events: [{ entityId: '7', accountId: 'org1' }],
    });
});

test('sets a signed body aside that does not say which entity changed', () => {
  const bodies: Sent[] = [
    { body: invoice, rule: 'order-created' },
    { body: invoice, rule: 'bill-created' },
    { body: '{"invoice":{"invoice_id":""}}' },
    { body: '{"invoice":{"invoice_id":"../contacts/1"}}' },
    { body: '{"invoice":{"invoice_id":982000000567114}}' },
    { body: 'JSONString=%7B', contentType: 'application/x-www-form-urlencoded' },
  ];
  for (const sent of bodies)
    expect(receive(sent)).toMatchObject({ kind: 'malformed', response: { status: 200 } });
});

test('tells two changes apart by their time, or by the body where it states none', () => {
  const timed = receive({ body: invoice });
  expect(timed).toMatchObject({
    events: [{ sourceTime: Date.UTC(2026, 10, 19, 19, 32, 3), sequence: null }],
  });
  const sequenceOf = (body: string): unknown => {
    const verdict = receive({ body });
    const event = verdict.kind === 'accepted' ? verdict.events[0] : undefined;
    return event?.kind === 'change' ? event.sequence : undefined;
  };
  const [one, two] = ['draft', 'sent'].map((status) => JSON.stringify({ invoice_id: '1', status }));
  expect(sequenceOf(one ?? '')).toBe(sequenceOf(one ?? ''));
  expect(sequenceOf(one ?? '')).not.toBe(sequenceOf(two ?? ''));
});

test('derives secrets that Zoho takes, one for each connection', () => {
  const derive = (connectionId: string): string =>
    zohoBooksWebhooks.deriveKey?.('app key', connectionId) ?? '';
  expect(derive('c1')).toMatch(/^[A-Za-z0-9]{12,50}$/);
  expect(derive('c1')).not.toBe(derive('c2'));
});
