import { plainConnection, type VendorCall, VendorError, type VendorRequest } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { freshbooksSource } from './freshbooks.client.js';

type Reply = (url: URL) => Readonly<Record<string, unknown>> | 'missing';

function calling(reply: Reply): { call: VendorCall; asked: URL[] } {
  const asked: URL[] = [];
  const call: VendorCall = {
    connection: plainConnection('freshbooks', '6BApk'),
    baseUrls: { api: 'https://api.freshbooks.com' },
    request: (request: VendorRequest) => {
      const url = new URL(request.url);
      asked.push(url);
      const result = reply(url);
      const details = { vendor: 'freshbooks', effect: 'none', disposition: 'dead-letter' } as const;
      if (result === 'missing')
        return Promise.reject(new VendorError('none', { ...details, code: 'vendor-not-found' }));
      const headers = { date: 'Sat, 21 Nov 2026 12:00:00 GMT' };
      return Promise.resolve({ status: 200, headers, body: JSON.stringify({ response: { result } }) });
    },
  };
  return { call, asked };
}

const isList = (url: URL): boolean => url.pathname.endsWith('/invoices/invoices');

test('fetches one by itself with its lines, and several with one list', async () => {
  const one = calling(() => ({ invoice: { id: 7 } }));
  expect([...(await freshbooksSource.fetchEntities(one.call, 'invoice', ['7'])).keys()]).toEqual(['7']);
  expect(decodeURIComponent(one.asked[0]?.href ?? '')).toBe(
    'https://api.freshbooks.com/accounting/account/6BApk/invoices/invoices/7?include[]=lines',
  );
  const many = calling(() => ({ invoices: [{ id: 7 }, { id: 8 }], page: 1, pages: 1 }));
  const found = await freshbooksSource.fetchEntities(many.call, 'invoice', ['7', '8']);
  expect([...found.keys()]).toEqual(['7', '8']);
  expect(many.asked).toHaveLength(1);
  expect(many.asked[0]?.searchParams.getAll('search[invoiceids][]')).toEqual(['7', '8']);
});

test('believes neither a filter that was ignored nor a list that leaves something out', async () => {
  const { call } = calling((url) => {
    if (isList(url)) return { invoices: [{ id: 1 }, { id: 2 }], page: 1, pages: 9 };
    return url.pathname.endsWith('/7') ? { invoice: { id: 7 } } : 'missing';
  });
  const found = await freshbooksSource.fetchEntities(call, 'invoice', ['7', '8']);
  expect([...found.keys()]).toEqual(['7', '8']);
  expect(found.get('7')).toMatchObject({ entityId: '7' });
  expect(found.get('8')).toBe('gone');
});

test('tells a client from a vendor of the same number', async () => {
  const { call, asked } = calling((url) =>
    url.pathname.includes('bill_vendors') ? { bill_vendor: { vendorid: 42 } } : { client: { id: 42 } },
  );
  const found = await freshbooksSource.fetchEntities(call, 'contact', ['42', 'vendor-42']);
  expect(found.get('42')).toMatchObject({ entityType: 'contact', entityId: '42' });
  expect(found.get('vendor-42')).toMatchObject({ entityType: 'contact', entityId: 'vendor-42' });
  expect(new Set(asked.map(({ pathname }) => pathname.split('/6BApk/')[1]))).toEqual(
    new Set(['bill_vendors/bill_vendors/42', 'users/clients/42']),
  );
});

test('a poll reads the day before as well, goes page by page and goes on from FreshBooks’ own time', async () => {
  const start = Date.UTC(2026, 10, 21, 3);
  const { call, asked } = calling((url) => ({
    payments: [{ id: Number(url.searchParams.get('page')), updated: '2026-11-20 23:30:00' }],
    page: Number(url.searchParams.get('page')),
    pages: 2,
  }));
  const first = await freshbooksSource.poll(
    call,
    'payment',
    freshbooksSource.startPosition('payment', start),
  );
  expect(first.done).toBe(false);
  const second = await freshbooksSource.poll(call, 'payment', first.next);
  expect(second).toMatchObject({ done: true, entities: [{ entityId: '2' }] });
  await freshbooksSource.poll(call, 'payment', second.next);
  expect(asked.map((url) => url.searchParams.get('search[updated_min]'))).toEqual([
    '2026-11-19',
    '2026-11-19',
    '2026-11-20',
  ]);
  expect(JSON.parse(second.next)).toMatchObject({ since: Date.UTC(2026, 10, 21, 12), page: 1 });
});

test('does not tell as news what changed before the connection came to be', async () => {
  const { call, asked } = calling(() => ({
    bills: [
      { id: 1, updated_at: '2026-11-20 11:57:59' },
      { id: 2, updated_at: '2026-11-20 11:59:00' },
    ],
    page: 1,
    pages: 1,
  }));
  const start = freshbooksSource.startPosition('bill', Date.UTC(2026, 10, 20, 12));
  const page = await freshbooksSource.poll(call, 'bill', start);
  expect(page.entities.map(({ entityId }) => entityId)).toEqual(['2']);
  expect(asked[0]?.searchParams.has('search[updated_min]'), 'bills have no such filter').toBe(false);
});

test('an answer of another shape is an error and no empty list', async () => {
  const { call } = calling(() => ({ items: [] }));
  const start = freshbooksSource.startPosition('expense', 0);
  await expect(freshbooksSource.poll(call, 'expense', start)).rejects.toMatchObject({
    code: 'vendor-bad-answer',
  });
});
