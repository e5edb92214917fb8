import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectionTo } from './sandbox.fixture.js';
import {
  addContact,
  addInvoice,
  call,
  pollAll,
  source,
  useZohoSandbox,
  write,
  zoho,
} from './zoho-books.fixture.js';

useZohoSandbox();

test('reads every kind of record and maps it', async () => {
  const customer = await addContact();
  const supplier = await addContact({ contact_name: 'Molly', contact_type: 'vendor' });
  const invoice = await addInvoice(customer);
  const line_items = [{ name: 'Paper', rate: 12.5, quantity: 2 }];
  const { bill } = await write<{ bill: { bill_id: string } }>('POST', 'bills', {
    vendor_id: supplier,
    due_date: '2099-01-31',
    line_items,
  });
  const { purchaseorder } = await write<{ purchaseorder: { purchaseorder_id: string } }>(
    'POST',
    'purchaseorders',
    {
      vendor_id: supplier,
      line_items,
    },
  );
  const { payment } = await write<{ payment: { payment_id: string } }>('POST', 'customerpayments', {
    customer_id: customer,
    amount: 40,
    invoices: [{ invoice_id: invoice, amount_applied: 40 }],
  });
  const { vendorpayment } = await write<{ vendorpayment: { payment_id: string } }>('POST', 'vendorpayments', {
    vendor_id: supplier,
    amount: 25,
    bills: [{ bill_id: bill.bill_id, amount_applied: 25 }],
  });
  const { expense } = await write<{ expense: { expense_id: string } }>('POST', 'expenses', {
    amount: 9.99,
    vendor_id: supplier,
    description: 'Lunch',
  });
  const read = async (entityType: string, id: string) => {
    const found = (await source.fetchEntities(call(), entityType, [id])).get(id);
    if (!found || found === 'gone') throw new Error(`no ${entityType}`);
    return source.toRecordBody(found);
  };
  expect(await read('contact', customer)).toMatchObject({
    contact: { name: 'Ada', phones: [{ kind: 'mobile', number: '+491701234567' }], isCustomer: true },
  });
  expect(await read('invoice', invoice)).toMatchObject({
    entityNumber: 'INV-000001',
    invoice: {
      kind: 'sales',
      status: 'issued',
      currency: 'EUR',
      total: '100',
      amountDue: '60',
      amountPaid: '40',
      onlineUrl: expect.stringContaining('SecurePayment') as string,
    },
  });
  expect(await read('bill', bill.bill_id)).toMatchObject({
    invoice: { kind: 'purchase', status: 'paid', total: '25', amountDue: '0' },
  });
  expect(await read('purchaseOrder', purchaseorder.purchaseorder_id)).toMatchObject({
    purchaseOrder: { number: 'PO-000001', status: 'draft', contactName: 'Molly', total: '25' },
  });
  expect(await read('payment', payment.payment_id)).toMatchObject({
    version: 0,
    payment: { kind: 'received', amount: '40', invoiceId: invoice, invoiceNumber: 'INV-000001' },
  });
  expect(await read('vendorPayment', vendorpayment.payment_id)).toMatchObject({
    vendorPayment: { amount: '25', billIds: [bill.bill_id], contactName: 'Molly' },
  });
  expect(await read('expense', expense.expense_id)).toMatchObject({
    expense: { amount: '9.99', description: 'Lunch', contactName: 'Molly' },
  });
});

/**
 * Fields by which flows and mapping go stand in the double's records and in the fixtures alike. Both are held against Zoho's OpenAPI documents,
 * property by property, in zoho-books-openapi.spec.ts.
 */
test.each([
  [
    'invoices',
    'invoice',
    [
      'invoice_number',
      'status',
      'due_date',
      'currency_code',
      'total',
      'balance',
      'line_items',
      'invoice_url',
    ],
  ],
  ['bills', 'bill', ['bill_number', 'vendor_id', 'status', 'due_date', 'total', 'balance', 'line_items']],
  [
    'purchaseorders',
    'purchase-order',
    ['purchaseorder_number', 'vendor_id', 'status', 'delivery_date', 'total'],
  ],
  [
    'customerpayments',
    'payment',
    ['payment_number', 'payment_mode', 'amount', 'date', 'status', 'customer_id', 'invoices'],
  ],
  ['vendorpayments', 'vendor-payment', ['payment_number', 'vendor_id', 'date', 'currency_code', 'bills']],
  ['expenses', 'expense', ['date', 'account_name', 'total', 'currency_code', 'status', 'vendor_name']],
  ['contacts', 'contact', ['contact_name', 'contact_type', 'status', 'contact_persons', 'billing_address']],
] as const)(
  'the double’s %s have the fields of the fixtures, with the same kinds of values',
  async (module, name, needed) => {
    const customer = await addContact();
    const invoice = await addInvoice(customer);
    const vendor = await addContact({ contact_name: 'Molly', contact_type: 'vendor' });
    const line_items = [{ name: 'Paper', rate: 1, quantity: 1 }];
    const { bill } = await write<{ bill: Record<string, unknown> }>('POST', 'bills', {
      vendor_id: vendor,
      line_items,
    });
    const bodies: Record<string, object> = {
      contacts: { contact_name: 'Eve', contact_persons: [{ first_name: 'Eve', email: 'eve@example.com' }] },
      invoices: { customer_id: customer, line_items },
      bills: { vendor_id: vendor, line_items },
      purchaseorders: { vendor_id: vendor, line_items },
      customerpayments: {
        customer_id: customer,
        amount: 1,
        invoices: [{ invoice_id: invoice, amount_applied: 1 }],
      },
      vendorpayments: {
        vendor_id: vendor,
        amount: 1,
        bills: [{ bill_id: bill['bill_id'], amount_applied: 1 }],
      },
      expenses: { amount: 5, vendor_id: vendor },
    };
    const answer = await write<Record<string, unknown>>('POST', module, bodies[module]);
    const made = Object.values(answer).find((value) => typeof value === 'object') as Record<string, unknown>;
    const file = new URL(`../../libs/vendors/zoho-books/fixtures/${name}.json`, import.meta.url);
    const { entity } = JSON.parse(readFileSync(file, 'utf8')) as { entity: Record<string, unknown> };
    expect(needed.filter((field) => !(field in made) || !(field in entity))).toEqual([]);
    // Part of the documents types amounts as texts.
    const kindOf = (value: unknown): string =>
      (Array.isArray(value) ? 'array' : typeof value).replace('number', 'string');
    const differing = Object.keys(entity).filter(
      (field) => field in made && kindOf(made[field]) !== kindOf(entity[field]),
    );
    expect(differing).toEqual([]);
  },
);

test('a deleted record and one that never was are gone', async () => {
  const id = await addInvoice(await addContact());
  await write('DELETE', `invoices/${id}`);
  const found = await source.fetchEntities(call(), 'invoice', [id, '999']);
  expect([...found.values()]).toEqual(['gone', 'gone']);
});

test('polls find what changed since the last poll, over several pages, and nothing else', async () => {
  const customer = await addContact();
  const start = (await pollAll('invoice', source.startPosition('invoice', Date.now()))).next;
  await zoho.sandbox.control('/limits', { vendor: 'zoho-books', perMinute: null, concurrent: null });
  const ids: string[] = [];
  for (let made = 0; made < 205; made += 1) ids.push(await addInvoice(customer));
  const found = await pollAll('invoice', start);
  expect(new Set(found.listed.map(({ entityId }) => entityId))).toEqual(new Set(ids));
  await zoho.sandbox.control('/clock', { advanceMs: 1_800_000 });
  const later = await pollAll('invoice', source.startPosition('invoice', Date.now() + 1_800_000 - 60_000));
  expect(later.listed).toEqual([]);
  await write('POST', `invoices/${ids[3] ?? ''}/status/sent`);
  const changed = await pollAll('invoice', later.next);
  expect(changed.listed).toMatchObject([{ entityId: ids[3] }]);
}, 30_000);

test('polls find changed contacts, and customer payments although no list tells when they changed', async () => {
  const customer = await addContact();
  const invoice = await addInvoice(customer);
  const contacts = await pollAll('contact', source.startPosition('contact', Date.now()));
  expect(contacts.listed).toMatchObject([{ entityType: 'contact', entityId: customer }]);
  const pay = async () =>
    write<{ payment: { payment_id: string } }>('POST', 'customerpayments', {
      customer_id: customer,
      amount: 1,
      invoices: [{ invoice_id: invoice, amount_applied: 1 }],
    });
  const { payment: first } = await pay();
  const before = await pollAll('payment', source.startPosition('payment', Date.now()));
  expect(before.listed).toEqual([{ entityType: 'payment', entityId: first.payment_id, version: null }]);
  const { payment: second } = await pay();
  const after = await pollAll('payment', before.next);
  expect(after.listed.map(({ entityId }) => entityId)).toEqual([second.payment_id]);
});

test.each([
  [{ perMinute: 1 }, 'vendor-rate-limited', 59_000],
  [{ perDay: 1 }, 'vendor-day-limit', 14 * 60_000],
])(
  'waits when the organisation’s limit %o is used up, and goes on after it',
  async (limits, code, atLeastMs) => {
    await zoho.sandbox.control('/limits', { vendor: 'zoho-books', ...limits });
    await source.poll(call(), 'bill', source.startPosition('bill', 0));
    const error = await source
      .poll(call(), 'bill', source.startPosition('bill', 0))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, disposition: 'park' });
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(atLeastMs);
    await expect(source.poll(call(), 'bill', source.startPosition('bill', 0))).rejects.toMatchObject({
      code: 'vendor-limit-wait',
    });
  },
);

test('a token of one region is none in another, and an organisation of somebody else is refused', async () => {
  const elsewhere = zoho.runtime.callFor(
    connectionTo('zoho-books', zoho.account.accountId, { region: 'us' }),
  );
  await expect(source.fetchEntities(elsewhere, 'invoice', ['1'])).rejects.toMatchObject({
    code: 'vendor-unauthorised',
  });
  const foreign = zoho.runtime.callFor(connectionTo('zoho-books', '10234695', { region: 'eu' }));
  await expect(source.fetchEntities(foreign, 'invoice', ['1'])).rejects.toMatchObject({
    code: 'vendor-misconfigured',
  });
});
