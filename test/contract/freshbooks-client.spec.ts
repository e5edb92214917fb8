import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RawEntity, TokenSource, VendorCall, VendorSource } from '#libs/vendor-kit';
import { freshbooks } from '#libs/vendors/freshbooks';
import { connectionTo, type RunningSandbox, runtimeOf, startSandbox } from './sandbox.fixture.js';

/** Our client against the double, which the official SDK has proven: what is not asked the right way is not answered. */
interface Clients {
  readonly vendors: {
    readonly freshbooks: { accounts: readonly { accountId: string; accessToken: string }[] };
  };
}
type Fields = Readonly<Record<string, unknown>>;

const source = freshbooks.source as VendorSource;
let sandbox: RunningSandbox;
let runtime: ReturnType<typeof runtimeOf>;
let account: { accountId: string; accessToken: string };
let started: number;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.control('/reset', {});
  const [first] = (await sandbox.control<Clients>('/clients')).vendors.freshbooks.accounts;
  if (!first) throw new Error('the default world has no business');
  account = first;
  started = Date.now();
  const baseUrls = { api: `${sandbox.url}/freshbooks`, auth: `${sandbox.url}/freshbooks/login` };
  runtime = runtimeOf(freshbooks, baseUrls, tokens());
});
afterEach(() => runtime.close());

function tokens(): TokenSource {
  return {
    accessToken: () => Promise.resolve({ ...account, expiresAt: Number.MAX_SAFE_INTEGER }),
    rejectAccessToken: () => undefined,
    credentials: () => Promise.reject(new Error('not used')),
    rejectCredentials: () => undefined,
  };
}

function call(): VendorCall {
  return runtime.callFor(
    connectionTo('freshbooks', account.accountId, { minuteLimit: '6000', concurrentLimit: '9' }),
  );
}

async function write(path: string, name: string, fields: Fields, method = 'POST'): Promise<string> {
  const response = await fetch(`${sandbox.url}/freshbooks/accounting/account/${account.accountId}/${path}`, {
    method,
    headers: { authorization: `Bearer ${account.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ [name]: fields }),
  });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  const { response: answer } = (await response.json()) as {
    response: { result: Record<string, Record<string, unknown>> };
  };
  return String(answer.result[name]?.[name === 'bill_vendor' ? 'vendorid' : 'id']);
}

const client = (fields: Fields): Promise<string> => write('users/clients', 'client', fields);
const invoice = (customer: string, fields: Fields = {}): Promise<string> =>
  write('invoices/invoices', 'invoice', {
    customerid: Number(customer),
    status: 2,
    lines: [{ name: 'Work', qty: 2, unit_cost: { amount: '50.25' } }],
    ...fields,
  });

async function fetchOne(entityType: string, id: string): Promise<RawEntity | 'gone' | undefined> {
  return (await source.fetchEntities(call(), entityType, [id])).get(id);
}

async function bodyOf(entityType: string, id: string) {
  const found = await fetchOne(entityType, id);
  if (!found || found === 'gone') throw new Error(`${entityType} ${id} is ${found}`);
  return source.toRecordBody(found);
}

test('reads an invoice with its lines, its client, its payment and what is open', async () => {
  const customer = await client({
    organization: 'Reader',
    mob_phone: '+1 212 555 0188',
    p_country: 'Canada',
  });
  const id = await invoice(customer, { due_offset_days: 14 });
  const paymentId = await write('payments/payments', 'payment', {
    invoiceid: Number(id),
    amount: { amount: '20.00' },
    date: '2026-11-20',
    type: 'Check',
  });
  const body = await bodyOf('invoice', id);
  expect(body).toMatchObject({
    entityType: 'invoice',
    invoice: { status: 'issued', contactId: customer, total: '100.5', amountPaid: '20', amountDue: '80.5' },
  });
  expect(body.invoice?.lines.map(({ quantity, lineAmount }) => [quantity, lineAmount])).toEqual([
    ['2', '100.5'],
  ]);
  expect(source.relatedTo(body)).toEqual([{ entityType: 'contact', entityId: customer }]);
  expect(await bodyOf('contact', customer)).toMatchObject({ contact: { name: 'Reader', country: 'CA' } });
  expect(await bodyOf('payment', paymentId)).toMatchObject({ payment: { amount: '20', invoiceId: id } });
});

test('reads vendors, bills and expenses', async () => {
  const vendor = await write('bill_vendors/bill_vendors', 'bill_vendor', { vendor_name: 'Paper' });
  const bill = await write('bills/bills', 'bill', {
    vendorid: Number(vendor),
    lines: [{ description: 'Paper', quantity: 3, unit_cost: { amount: '1.10' } }],
  });
  const expense = await write('expenses/expenses', 'expense', {
    categoryid: 1,
    staffid: 1,
    date: '2026-11-20',
    amount: { amount: '9.90' },
  });
  expect(await bodyOf('bill', bill)).toMatchObject({
    entityType: 'bill',
    invoice: { kind: 'purchase', contactId: `vendor-${vendor}`, contactName: 'Paper', total: '3.3' },
  });
  expect(await bodyOf('contact', `vendor-${vendor}`)).toMatchObject({ contact: { isSupplier: true } });
  expect(await bodyOf('expense', expense)).toMatchObject({ expense: { amount: '9.9', category: 'Travel' } });
});

test('several are read with one call, deleted ones as deleted and unknown ones as gone', async () => {
  const customer = await client({ organization: 'Many' });
  const ids = [await invoice(customer), await invoice(customer), await invoice(customer)];
  await write(`invoices/invoices/${ids[1]}`, 'invoice', { vis_state: 1 }, 'PUT');
  const found = await source.fetchEntities(call(), 'invoice', [...ids, '1']);
  const shown = [...found].map(([id, entity]) => [
    id,
    entity === 'gone' || source.toRecordBody(entity).deleted,
  ]);
  expect(Object.fromEntries(shown)).toEqual({
    [ids[0] ?? '']: false,
    [ids[1] ?? '']: true,
    [ids[2] ?? '']: false,
    '1': true,
  });
});

test('a currency without decimals and an invoice of 10,000 lines come through exactly', async () => {
  const customer = await client({ organization: 'Large', currency_code: 'JPY' });
  const lines = Array.from({ length: 10_000 }, () => ({
    name: 'x',
    qty: 1,
    unit_cost: { amount: '3', code: 'JPY' },
  }));
  const id = await invoice(customer, { lines });
  const { invoice: read } = await bodyOf('invoice', id);
  expect(read).toMatchObject({ currency: 'JPY', total: '30000', amountDue: '30000' });
  expect(read?.lines).toHaveLength(10_000);
});

test.each(['invoice', 'contact', 'payment', 'expense', 'bill', 'vendor'])(
  'polls of %s read every page, tell nothing from before the connection, and go on where they ended',
  async (entityType) => {
    const customer = await client({ organization: 'Polled' });
    const vendor = await write('bill_vendors/bill_vendors', 'bill_vendor', { vendor_name: 'Polled' });
    const invoiceId = await invoice(customer);
    const makers: Readonly<Record<string, () => Promise<string>>> = {
      invoice: () => invoice(customer),
      contact: () => client({ organization: 'New' }),
      payment: () =>
        write('payments/payments', 'payment', {
          invoiceid: Number(invoiceId),
          amount: { amount: '1' },
          type: 'Cash',
        }),
      expense: () =>
        write('expenses/expenses', 'expense', {
          categoryid: 1,
          staffid: 1,
          date: '2026-11-20',
          amount: { amount: '1' },
        }),
      bill: () => write('bills/bills', 'bill', { vendorid: Number(vendor), lines: [] }),
      vendor: async () =>
        `vendor-${await write('bill_vendors/bill_vendors', 'bill_vendor', { vendor_name: 'New' })}`,
    };
    const made: string[] = [];
    for (let count = 0; count < 105; count += 1) made.push((await makers[entityType]?.()) ?? '');
    const seen = new Set<string>();
    let position = source.startPosition(entityType, started);
    let pages = 0;
    for (let done = false; !done; pages += 1) {
      const page = await source.poll(call(), entityType, position);
      for (const { entityId } of page.entities) seen.add(entityId);
      ({ next: position, done } = page);
    }
    expect(pages).toBe(2);
    expect(made.filter((id) => !seen.has(id))).toEqual([]);
    const later = source.startPosition(entityType, Date.now() + 3_600_000);
    const none = await source.poll(call(), entityType, later);
    expect(none.entities).toEqual([]);
  },
);

test('waits as long as FreshBooks asks', async () => {
  await sandbox.control('/limits', { vendor: 'freshbooks', perAccountMinute: 0 });
  await expect(fetchOne('contact', '1')).rejects.toMatchObject({
    code: 'vendor-rate-limited',
    disposition: 'park',
    retryAfterMs: expect.any(Number) as unknown,
  });
});

test('says that a scope, role or plan is missing, and parks', async () => {
  account = { ...account, accountId: 'nobody' };
  await expect(fetchOne('bill', '1')).rejects.toMatchObject({
    code: 'vendor-forbidden',
    disposition: 'park',
  });
});
