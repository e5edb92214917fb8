import { answeringCall, plainConnection, type Reply, VendorError, type VendorCall } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { zohoBooksSource } from './zoho-books.client.js';
import { zohoBooksManifest } from './zoho-books.manifest.js';

function calling(reply: (url: URL) => Reply): { call: VendorCall; asked: URL[] } {
  const connection = plainConnection('zoho-books', '10234695');
  const asked: URL[] = [];
  const { call } = answeringCall({ connection, baseUrls: { api: 'https://www.zohoapis.eu' } }, (url) => {
    asked.push(url);
    return reply(url);
  });
  return { call, asked };
}

const page = (list: string, rows: readonly unknown[], more: boolean): Reply => ({
  json: {
    code: 0,
    message: 'success',
    [list]: rows,
    page_context: { page: 1, per_page: 200, has_more_page: more },
  },
  headers: { date: 'Fri, 20 Nov 2026 13:00:00 GMT' },
});
const start = (entityType: string, at: number): string => zohoBooksSource.startPosition(entityType, at);
const noon = Date.UTC(2026, 10, 20, 12);

test('names the organisation in every call, and keeps ids and amounts digit for digit', async () => {
  const body =
    '{"code":0,"message":"success","invoice":{"invoice_id":"9820000005671149999","total":12345678901234567.89}}';
  const { call, asked } = calling(() => ({ body }));
  const found = await zohoBooksSource.fetchEntities(call, 'invoice', ['9820000005671149999']);
  expect(asked[0]?.href).toBe(
    'https://www.zohoapis.eu/books/v3/invoices/9820000005671149999?organization_id=10234695',
  );
  expect(found.get('9820000005671149999')).toMatchObject({
    json: '{"invoice_id":"9820000005671149999","total":12345678901234567.89}',
  });
});

test('calls an entity gone when Zoho says so, and lets every other error be', async () => {
  const failing = (code: 'vendor-not-found' | 'vendor-rate-limited') =>
    new VendorError('no', { code, disposition: 'park', vendor: 'zoho-books', effect: 'none' });
  const { call } = calling(() => ({}));
  const gone = { ...call, request: () => Promise.reject(failing('vendor-not-found')) };
  expect((await zohoBooksSource.fetchEntities(gone, 'bill', ['1'])).get('1')).toBe('gone');
  const limited = { ...call, request: () => Promise.reject(failing('vendor-rate-limited')) };
  await expect(zohoBooksSource.fetchEntities(limited, 'bill', ['1'])).rejects.toMatchObject({
    code: 'vendor-rate-limited',
  });
});

test('does not take an empty or foreign answer for an entity or a list', async () => {
  for (const reply of [
    { body: '<html>' },
    { json: { code: 0 } },
    { json: { code: 0, invoice: { invoice_id: '2' } } },
  ]) {
    const { call } = calling(() => reply);
    await expect(zohoBooksSource.fetchEntities(call, 'invoice', ['1'])).rejects.toMatchObject({
      code: 'vendor-bad-answer',
    });
    await expect(zohoBooksSource.poll(call, 'invoice', start('invoice', noon))).rejects.toMatchObject({
      code: 'vendor-bad-answer',
    });
  }
});

test('asks by the time of change, encoded so that no plus becomes a space, and passes over what is older', async () => {
  const { call, asked } = calling((url) =>
    page(
      'invoices',
      [
        { invoice_id: `${url.searchParams.get('page')}1`, last_modified_time: '2026-11-20T12:30:00+0000' },
        { invoice_id: `${url.searchParams.get('page')}2`, last_modified_time: '2026-11-20T09:00:00+0000' },
      ],
      url.searchParams.get('page') === '1',
    ),
  );
  const first = await zohoBooksSource.poll(call, 'invoice', start('invoice', noon));
  expect(asked[0]?.search).toContain('last_modified_time=2026-11-20T11%3A58%3A00%2B0000');
  expect(first).toMatchObject({
    done: false,
    entities: [],
    listed: [{ entityType: 'invoice', entityId: '11', version: Date.UTC(2026, 10, 20, 12, 30) }],
  });
  expect(first.listed).toHaveLength(1);
  const second = await zohoBooksSource.poll(call, 'invoice', first.next);
  expect(second).toMatchObject({ done: true, listed: [{ entityId: '21' }] });
  await zohoBooksSource.poll(call, 'invoice', second.next);
  expect(asked[2]?.searchParams.get('last_modified_time')).toBe('2026-11-20T12:58:00+0000');
});

test('reads contacts newest change first until older ones come', async () => {
  const { call, asked } = calling(() =>
    page(
      'contacts',
      [
        { contact_id: '1', last_modified_time: '2026-11-20T13:00:00+0000' },
        { contact_id: '2', last_modified_time: '2026-11-19T13:00:00+0000' },
      ],
      true,
    ),
  );
  const found = await zohoBooksSource.poll(call, 'contact', start('contact', noon));
  expect(found).toMatchObject({ done: true, listed: [{ entityId: '1' }] });
  expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toMatchObject({
    sort_column: 'last_modified_time',
    sort_order: 'D',
  });
});

test.each([
  ['invoice', 'invoices', 'invoice_id'],
  ['contact', 'contacts', 'contact_id'],
])(
  'reads all pages of a poll although the last one had seen a changed %s of the first',
  async (type, list, id) => {
    let ids = [1];
    const { call, asked } = calling((url) =>
      page(
        list,
        ids.map((n) => ({
          [id]: `${url.searchParams.get('page')}-${n}`,
          last_modified_time: '2026-11-20T13:00:00+0000',
        })),
        ids.length > 1 && url.searchParams.get('page') === '1',
      ),
    );
    const earlier = await zohoBooksSource.poll(call, type, start(type, noon));
    expect(earlier.done).toBe(true);
    ids = Array.from({ length: 200 }, (_, index) => index + 1);
    const first = await zohoBooksSource.poll(call, type, earlier.next);
    expect(first.done).toBe(false);
    expect(first.listed).toHaveLength(200);
    const second = await zohoBooksSource.poll(call, type, first.next);
    expect(asked.at(-1)?.searchParams.get('page')).toBe('2');
    expect(second.done).toBe(true);
    expect(second.listed).toHaveLength(200);
  },
);

test('finds new customer payments although no list tells when they changed', async () => {
  let rows = [
    { payment_id: '3', date: '2026-11-20' },
    { payment_id: '2', date: '2026-11-19' },
    { payment_id: '1', date: '2026-10-01' },
  ];
  const { call } = calling(() => page('customer_payments', rows, true));
  const first = await zohoBooksSource.poll(call, 'payment', start('payment', noon));
  expect(first.done).toBe(true);
  expect(first.listed).toEqual([
    { entityType: 'payment', entityId: '3', version: null },
    { entityType: 'payment', entityId: '2', version: null },
  ]);
  rows = [{ payment_id: '4', date: '2026-09-01' }, ...rows];
  const second = await zohoBooksSource.poll(call, 'payment', first.next);
  expect(second).toMatchObject({ done: true, listed: [{ entityId: '4' }] });
  expect(second.listed).toHaveLength(1);
});

test('takes nothing below a known payment for new, however many rows a page has', async () => {
  let newest = 9000;
  const { call } = calling(() =>
    page(
      'customerpayments',
      Array.from({ length: 200 }, (_, index) => ({ payment_id: String(newest - index), date: '2020-01-01' })),
      true,
    ),
  );
  const first = await zohoBooksSource.poll(call, 'payment', start('payment', noon));
  expect(first).toMatchObject({ done: true, listed: [] });
  const second = await zohoBooksSource.poll(call, 'payment', first.next);
  expect(second).toMatchObject({ done: true, listed: [] });
  newest = 9001;
  const third = await zohoBooksSource.poll(call, 'payment', second.next);
  expect(third.listed).toEqual([{ entityType: 'payment', entityId: '9001', version: null }]);
});

test('finds a changed expense below known ones, since its row tells when it changed', async () => {
  const rowsOf = (changedAt: string) => [
    { expense_id: '2', date: '2026-11-20', last_modified_time: '2026-11-20T12:10:00+0000' },
    { expense_id: '1', date: '2026-10-01', last_modified_time: changedAt },
  ];
  let rows = rowsOf('2026-10-01T09:00:00+0000');
  const { call } = calling(() => page('expenses', rows, true));
  const first = await zohoBooksSource.poll(call, 'expense', start('expense', noon));
  expect(first.listed).toMatchObject([{ entityId: '2' }]);
  rows = rowsOf('2026-11-20T13:30:00+0000');
  const second = await zohoBooksSource.poll(call, 'expense', first.next);
  expect(second.listed).toMatchObject([{ entityId: '1' }]);
});

test('goes on to the next page while everything on this one is new', async () => {
  const { call } = calling((url) =>
    page('customerpayments', [{ payment_id: `p${url.searchParams.get('page')}`, date: '2026-11-20' }], true),
  );
  const first = await zohoBooksSource.poll(call, 'payment', start('payment', noon));
  expect(first.done).toBe(false);
  const second = await zohoBooksSource.poll(call, 'payment', first.next);
  expect(second.listed).toMatchObject([{ entityId: 'p2' }]);
});

test('reads the three limits out of the body, whatever the status', () => {
  const { readSignals } = zohoBooksManifest.limits;
  const signalsOf = (status: number, code: number) =>
    readSignals({ status, headers: {}, body: JSON.stringify({ code, message: 'limit' }) });
  expect(signalsOf(429, 44)).toEqual({ exceeded: 'minute', retryAfterMs: 60_000 });
  expect(signalsOf(500, 45)).toEqual({ exceeded: 'day' });
  expect(signalsOf(200, 1070)).toEqual({ exceeded: 'concurrent' });
  expect(signalsOf(200, 0)).toEqual({});
});

test('takes what is left of the day from headers whose limit is that of a day', () => {
  const { readSignals } = zohoBooksManifest.limits;
  const left = (limit: string) => {
    const headers = { 'x-rate-limit-limit': limit, 'x-rate-limit-remaining': '79' };
    return readSignals({ status: 200, headers, body: '{"code":0}' });
  };
  expect(left('1000')).toEqual({ dayRemaining: 79 });
  expect(left('100')).toEqual({});
});

test('knows the limits of every plan, and takes an unknown plan for the smallest', () => {
  const { limitsOf } = zohoBooksManifest;
  expect(limitsOf({ plan: 'STANDARD' })).toEqual({ perDay: 2000, concurrent: 8 });
  expect(limitsOf({ plan: 'Elite' })).toEqual({ perDay: 10_000, concurrent: 8 });
  expect(limitsOf({ plan: 'FREE' })).toEqual({ perDay: 1000 });
  expect(limitsOf({ plan: 'GALAXY' })).toEqual({});
  expect(limitsOf({ plan: 'FREE', dailyLimit: '3000', minuteLimit: '50' })).toMatchObject({
    perDay: 3000,
    perMinute: 50,
  });
});
