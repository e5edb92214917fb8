import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type ChangeNotice, type DeadLetter, topics } from '#libs/contracts';
import type { VendorWebhooks } from '#libs/vendor-kit';
import { zohoBooks } from '#libs/vendors/zoho-books';
import {
  connection,
  SECRET,
  startTestIngress,
  type TestIngress,
} from '../../apps/ingress/src/testing/test-ingress.js';

/** Every shape of webhook that Zoho documents, kept with its source, goes through the real routes of ingress. */
interface Fixture {
  readonly name: string;
  readonly rule: string;
  readonly contentType: string;
  readonly query: string;
  readonly rawBody: string;
  readonly expected: { readonly kind: string; readonly events?: readonly { entityId: string }[] };
}

const folder = new URL('../../libs/vendors/zoho-books/fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  .filter((name) => name.startsWith('webhook-'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Fixture);
const notices = { name: 'change-notices.zoho-books' };
let ingress: TestIngress | undefined;

afterEach(async () => {
  await ingress?.server.close();
  ingress = undefined;
});

async function start(): Promise<TestIngress> {
  const connections = ['c1', 'c2'].map((connectionId) =>
    connection({ vendor: 'zoho-books', connectionId, accountId: `org of ${connectionId}` }),
  );
  const webhooks = zohoBooks.webhooks as VendorWebhooks;
  ingress = await startTestIngress({ vendor: 'zoho-books', webhooks, connections });
  return ingress;
}

/** As docs/vendors/zoho-books.md says that Zoho signs, written down once more so that no mistake is shared with the code. */
function sign({ query, contentType, rawBody }: Fixture, secret: string): string {
  const isForm = contentType.startsWith('application/x-www-form-urlencoded');
  const parameters = [...new URLSearchParams(query), ...(isForm ? new URLSearchParams(rawBody) : [])];
  const text = parameters
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}${value}`)
    .join('');
  return createHmac('sha256', secret)
    .update(text + (isForm ? '' : rawBody))
    .digest('hex');
}

async function post(
  to: TestIngress,
  fixture: Fixture,
  how: { secret?: string; connectionId?: string; body?: string } = {},
) {
  const { secret = SECRET, connectionId = 'c1', body = fixture.rawBody } = how;
  const answer = await to.server.inject({
    method: 'POST',
    url: `/webhooks/zoho-books/${connectionId}/${fixture.rule}${fixture.query}`,
    payload: body,
    headers: { 'content-type': fixture.contentType, 'x-zoho-webhook-signature': sign(fixture, secret) },
  });
  return answer.statusCode;
}

test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))(
  'a webhook of the shape "%s" becomes a notice, once for all of its repeats',
  async (_name, fixture) => {
    const to = await start();
    expect(await post(to, fixture)).toBe(200);
    expect(await post(to, fixture)).toBe(200);
    const told = to.log.values<ChangeNotice>(notices);
    expect(told[0]).toMatchObject({ vendor: 'zoho-books', connectionId: 'c1', origin: 'webhook' });
    if (fixture.expected.events)
      expect(told[0]).toMatchObject({ entityId: fixture.expected.events[0]?.entityId });
    expect(new Set(told.map(({ noticeId }) => noticeId)).size).toBe(1);
  },
);

const first = fixtures.find(
  ({ rule, contentType }) => rule === 'invoice-created' && contentType === 'application/json',
);
if (!first) throw new Error('no fixtures');

test('a forged webhook, one signed for another connection and one changed on the way are refused and leave nothing', async () => {
  const to = await start();
  expect(await post(to, first, { secret: 'guessed' })).toBe(401);
  expect(await post(to, first, { body: `${first.rawBody} ` })).toBe(401);
  expect(await post(to, first, { connectionId: 'nobody' })).toBe(401);
  to.keys.keys = [{ keyId: 'of c2', secret: 'the secret of c2' }];
  expect(await post(to, first, { connectionId: 'c2' })).toBe(401);
  expect(to.log.kept).toEqual([]);
});

test('a signed webhook that names no record is answered 200 and kept as a dead letter', async () => {
  const to = await start();
  const broken = { ...first, rawBody: '{"invoice":{}}' };
  expect(await post(to, broken)).toBe(200);
  expect(to.log.values<DeadLetter>(topics.deadLetters)).toHaveLength(1);
  expect(to.log.values<ChangeNotice>(notices)).toEqual([]);
});

test('a stale webhook is a notice with its own time, so that the state that is read decides', async () => {
  const to = await start();
  const stale = {
    ...first,
    rule: 'invoice-changed',
    rawBody: JSON.stringify({ invoice: { invoice_id: '7', last_modified_time: '2020-01-01T00:00:00+0000' } }),
  };
  expect(await post(to, stale)).toBe(200);
  expect(to.log.values<ChangeNotice>(notices)).toMatchObject([
    { entityId: '7', sourceTime: Date.UTC(2020, 0, 1) },
  ]);
});

test('a webhook of a 10,000-line invoice is taken', async () => {
  const to = await start();
  const lines = Array.from({ length: 10_000 }, (_, line) => ({
    name: `Item ${line}`,
    rate: 1,
    item_total: 1,
  }));
  const rawBody = JSON.stringify({ invoice: { invoice_id: '8', line_items: lines } });
  expect(await post(to, { ...first, rawBody })).toBe(200);
  expect(to.log.values<ChangeNotice>(notices)).toMatchObject([{ entityId: '8' }]);
});
