import { expect, test } from 'vitest';
import { answeringXero } from './testing/answering-xero.js';
import type { Reply } from '#libs/vendor-kit';
import { xeroSource } from './xero.client.js';

const idsOf = (url: URL): string[] => url.searchParams.get('IDs')?.split(',') ?? [];

test('fetches many invoices with one paged call, so that their lines come along', async () => {
  const { call, asked } = answeringXero((url) => ({
    json: { Invoices: idsOf(url).map((InvoiceID) => ({ InvoiceID })) },
  }));
  const found = await xeroSource.fetchEntities(call, 'invoice', ['a', 'b', 'c']);
  expect([...found.keys()]).toEqual(['a', 'b', 'c']);
  expect(asked).toHaveLength(1);
  expect(new URL(asked[0]?.url ?? '').searchParams.get('page')).toBe('1');
  expect(asked[0]).toMatchObject({ operation: 'invoices.list', operationClass: 'read', repeatable: true });
});

test('asks for one by itself, and for archived contacts too', async () => {
  const single = answeringXero(() => ({ json: { Contacts: [{ ContactID: 'a' }] } }));
  await xeroSource.fetchEntities(single.call, 'contact', ['a']);
  expect(single.asked[0]?.url).toBe('https://api.xero.com/api.xro/2.0/Contacts/a');
  const many = answeringXero((url) => ({
    json: { Contacts: idsOf(url).map((ContactID) => ({ ContactID })) },
  }));
  await xeroSource.fetchEntities(many.call, 'contact', ['a', 'b']);
  expect(new URL(many.asked[0]?.url ?? '').searchParams.get('includeArchived')).toBe('true');
});

test('calls an entity gone only when Xero says so of it by itself', async () => {
  const { call } = answeringXero((url) => {
    if (url.pathname.endsWith('/late')) return { json: { Invoices: [{ InvoiceID: 'late' }] } };
    if (url.pathname.endsWith('/none')) return { status: 404 };
    return { json: { Invoices: [{ InvoiceID: 'here' }] } };
  });
  const found = await xeroSource.fetchEntities(call, 'invoice', ['here', 'late', 'none']);
  expect(found.get('late')).toMatchObject({ entityId: 'late' });
  expect(found.get('none')).toBe('gone');
});

test('keeps the vendor’s JSON with all its digits', async () => {
  const { call } = answeringXero(() => ({
    body: '{"Payments":[{"PaymentID":"p","Amount":12345678901234567.89}]}',
  }));
  const found = await xeroSource.fetchEntities(call, 'payment', ['p']);
  expect(found.get('p')).toMatchObject({ json: '{"PaymentID":"p","Amount":12345678901234567.89}' });
});

test('does not read what is no envelope', async () => {
  for (const reply of [
    { body: '<html>' },
    { json: { Invoices: {} } },
    { json: { Invoices: [{}] } },
    { json: [] },
  ]) {
    const { call } = answeringXero(() => reply);
    await expect(xeroSource.fetchEntities(call, 'invoice', ['a'])).rejects.toMatchObject({
      code: 'vendor-bad-answer',
      disposition: 'retry',
    });
  }
});

test('polls page by page from a time before the last poll and goes on from Xero’s own time', async () => {
  const start = Date.UTC(2026, 10, 20, 12);
  const answered = Date.UTC(2026, 10, 20, 13);
  const { call, asked } = answeringXero((url) => ({
    json: {
      DateTimeUTC: `/Date(${answered + Number(url.searchParams.get('page')) * 1000}+0000)/`,
      pagination: { page: Number(url.searchParams.get('page')), pageCount: 2 },
      Payments: [{ PaymentID: `p-${url.searchParams.get('page')}` }],
    },
  }));
  const first = await xeroSource.poll(call, 'payment', xeroSource.startPosition('payment', start));
  expect(first).toMatchObject({ done: false, entities: [{ entityId: 'p-1' }] });
  const second = await xeroSource.poll(call, 'payment', first.next);
  expect(second).toMatchObject({ done: true, entities: [{ entityId: 'p-2' }] });
  await xeroSource.poll(call, 'payment', second.next);
  expect(asked.map((request) => request.headers?.['if-modified-since'])).toEqual([
    '2026-11-20T11:58:00',
    '2026-11-20T11:58:00',
    '2026-11-20T12:58:01',
  ]);
  expect(asked.map(({ url }) => new URL(url).searchParams.get('order'))).toEqual(
    Array(3).fill('UpdatedDateUTC DESC'),
  );
});

test('an answer without anything new ends the poll', async () => {
  const { call } = answeringXero(() => ({ status: 304, headers: { date: 'Fri, 20 Nov 2026 13:00:00 GMT' } }));
  const page = await xeroSource.poll(call, 'invoice', xeroSource.startPosition('invoice', 0));
  expect(page).toMatchObject({ done: true, entities: [] });
  expect(JSON.parse(page.next)).toMatchObject({ since: Date.UTC(2026, 10, 20, 12, 58), page: 1 });
});

test('without a page count a short page is the last', async () => {
  const page = (count: number): Reply => ({
    json: { Contacts: Array.from({ length: count }, (_, index) => ({ ContactID: `c-${index}` })) },
  });
  const full = answeringXero(() => page(200));
  expect((await xeroSource.poll(full.call, 'contact', xeroSource.startPosition('contact', 0))).done).toBe(
    false,
  );
  const short = answeringXero(() => page(199));
  expect((await xeroSource.poll(short.call, 'contact', xeroSource.startPosition('contact', 0))).done).toBe(
    true,
  );
});
