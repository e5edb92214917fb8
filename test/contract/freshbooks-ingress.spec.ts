import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type ChangeNotice, type DeadLetter, type Outcome, topics } from '#libs/contracts';
import type { VendorWebhooks } from '#libs/vendor-kit';
import { freshbooks } from '#libs/vendors/freshbooks';
import {
  connection,
  SECRET,
  startTestIngress,
  type TestIngress,
} from '../../apps/ingress/src/testing/test-ingress.js';

/** Every shape of webhook that FreshBooks documents, kept with its source, goes through the real routes of ingress. */
interface Fixture {
  readonly name: string;
  readonly rawBody: string;
  readonly expected: { readonly kind: string; readonly events: readonly { entityId: string }[] };
}

const folder = new URL('../../libs/vendors/freshbooks/fixtures/', import.meta.url);
const read = (name: string): Fixture => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Fixture;
const fixtures = readdirSync(folder)
  .filter((name) => name.startsWith('webhook-'))
  .map(read);
const created = fixtures.find(({ name }) => name === 'invoice created');
const notices = { name: 'change-notices.freshbooks' };
let ingress: TestIngress | undefined;

afterEach(async () => {
  await ingress?.server.close();
  ingress = undefined;
});

async function start(): Promise<TestIngress> {
  const connections = [
    connection({ vendor: 'freshbooks', connectionId: 'c1', accountId: '6BApk' }),
    connection({ vendor: 'freshbooks', connectionId: 'c2', accountId: 'zZ9yx' }),
    connection({ vendor: 'freshbooks', connectionId: 'c3', accountId: 'ended', status: 'disconnected' }),
  ];
  const webhooks = freshbooks.webhooks as VendorWebhooks;
  ingress = await startTestIngress({ vendor: 'freshbooks', webhooks, connections });
  return ingress;
}

/** As FreshBooks' page describes it, written down once more: the fields as Python's json.dumps, in the order of the body. */
function sign(body: string, secret: string, isSorted = false): string {
  const fields = [...new URLSearchParams(body)];
  if (isSorted) fields.sort(([one], [other]) => (one < other ? -1 : 1));
  const text = fields.map((pair) => pair.map(quoted).join(': ')).join(', ');
  return createHmac('sha256', secret).update(`{${text}}`).digest('base64');
}

/** Python escapes UTF-16 units beyond ASCII one by one. */
function quoted(text: string): string {
  const plain = JSON.stringify(text);
  let escaped = '';
  for (let index = 0; index < plain.length; index += 1) {
    const unit = plain.charCodeAt(index);
    escaped += unit < 0x7f ? plain.charAt(index) : `\\u${unit.toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

interface How {
  readonly secret?: string;
  readonly connectionId?: string;
  readonly isSorted?: boolean;
  readonly signature?: string;
}

async function post(to: TestIngress, body: string, how: How = {}): Promise<number> {
  const { secret = SECRET, connectionId = 'c1', isSorted, signature = sign(body, secret, isSorted) } = how;
  const answer = await to.server.inject({
    method: 'POST',
    url: `/webhooks/freshbooks/${connectionId}/5d3c2a2e-5f0c-4c5e-9a3e-0a1b2c3d4e5f`,
    payload: body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-freshbooks-hmac-sha256': signature },
  });
  expect(answer.body, 'FreshBooks gets no body').toBe('');
  return answer.statusCode;
}

test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))(
  'a webhook of the shape "%s" is taken and leads to what it says',
  async (_name, { rawBody, expected }) => {
    const to = await start();
    expect(await post(to, rawBody)).toBe(200);
    const told = to.log.values<ChangeNotice>(notices);
    expect(told.map(({ entityId }) => entityId)).toEqual(expected.events.map(({ entityId }) => entityId));
    for (const notice of told) expect(notice).toMatchObject({ connectionId: 'c1', origin: 'webhook' });
  },
);

test('the fields may be signed in the alphabet’s order as well', async () => {
  const to = await start();
  expect(await post(to, created?.rawBody ?? '', { isSorted: true })).toBe(200);
});

test('a repeat within the minute has the same notice, of which the trail tells once', async () => {
  const to = await start();
  for (let copy = 0; copy < 3; copy += 1) expect(await post(to, created?.rawBody ?? '')).toBe(200);
  const ids = new Set(to.log.values<ChangeNotice>(notices).map(({ noticeId }) => noticeId));
  // Three, when the minute turned meanwhile, would be as right: each leads to a read that finds nothing new.
  expect(ids.size).toBeLessThanOrEqual(2);
});

test('forged, unsigned and altered webhooks are refused and leave nothing', async () => {
  const to = await start();
  const body = created?.rawBody ?? '';
  expect(await post(to, body, { secret: 'another key' })).toBe(401);
  expect(await post(to, body, { signature: '' })).toBe(401);
  expect(await post(to, `${body}0`, { signature: sign(body, SECRET) })).toBe(401);
  expect(
    await post(to, body, { signature: createHmac('sha256', SECRET).update(body).digest('base64') }),
  ).toBe(401);
  expect(to.log.kept).toEqual([]);
});

test('a webhook at the URL of another tenant is refused, although its key fits', async () => {
  const to = await start();
  expect(await post(to, created?.rawBody ?? '', { connectionId: 'c2' })).toBe(401);
  expect(await post(to, created?.rawBody ?? '', { connectionId: 'nobody' })).toBe(401);
  expect(to.log.kept).toEqual([]);
});

test('a webhook of a business that its owner disconnected is shown as skipped', async () => {
  const to = await start();
  expect(await post(to, 'name=invoice.create&object_id=1&account_id=ended', { connectionId: 'c3' })).toBe(
    200,
  );
  expect(to.log.values<ChangeNotice>(notices)).toEqual([]);
  expect(to.log.values<Outcome>(topics.outcomes)[0]).toMatchObject({
    status: 'skipped',
    reason: 'connection-disconnected',
  });
});

test('a signed webhook that lacks a field is set aside byte for byte and not asked for again', async () => {
  const to = await start();
  const body = 'name=invoice.create&account_id=6BApk';
  expect(await post(to, body)).toBe(200);
  const [letter] = to.log.values<DeadLetter>(topics.deadLetters);
  expect(letter).toMatchObject({ errorCode: 'malformed-webhook' });
  expect(Buffer.from(letter?.value ?? '').toString()).toBe(body);
});
