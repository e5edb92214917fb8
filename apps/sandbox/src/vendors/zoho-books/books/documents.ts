import { fromMinor, numberOf, toMinor } from './amounts.js';
import type { Fields } from './modules.js';
import type { Organisation } from './organisation.js';
import { invalidValue } from './zoho-problem.js';

/** Makes the record of each module out of what a request says, as Zoho shows it afterwards. @throws ZohoProblem. */
export const makers: Readonly<Record<string, (org: Organisation, body: Fields, before: Fields) => Fields>> = {
  contacts: makeContact,
  invoices: (org, body, before) => makeDocument(org, body, before, 'customer', 'invoice'),
  bills: (org, body, before) => makeDocument(org, body, before, 'vendor', 'bill'),
  purchaseorders: (org, body, before) => makeDocument(org, body, before, 'vendor', 'purchaseorder'),
  customerpayments: (org, body) => makePayment(org, body, 'customer', 'invoice'),
  vendorpayments: (org, body) => makePayment(org, body, 'vendor', 'bill'),
  expenses: makeExpense,
};

function makeContact(org: Organisation, body: Fields, before: Fields): Fields {
  const name = textOf(body['contact_name'] ?? before['contact_name'], 'contact_name');
  const given = body['contact_persons'] ?? before['contact_persons'] ?? [];
  if (!Array.isArray(given)) throw invalidValue('contact_persons');
  const persons = given.map((person: Fields, index) => ({
    contact_person_id: org.newId(),
    first_name: '',
    last_name: '',
    email: '',
    phone: '',
    mobile: '',
    designation: '',
    is_primary_contact: index === 0,
    ...person,
  }));
  const primary = persons.find((person) => person.is_primary_contact) ?? persons[0];
  return {
    contact_type: 'customer',
    company_name: name,
    status: 'active',
    currency_id: org.currencyId,
    currency_code: org.currencyCode,
    payment_terms: 15,
    outstanding_receivable_amount: 0,
    payment_reminder_enabled: true,
    billing_address: {},
    shipping_address: {},
    custom_fields: [],
    ...before,
    ...body,
    contact_name: name,
    primary_contact_id: primary?.contact_person_id ?? '',
    contact_persons: persons,
    first_name: primary?.first_name ?? '',
    last_name: primary?.last_name ?? '',
    email: primary?.email ?? '',
    phone: primary?.phone ?? '',
    mobile: primary?.mobile ?? '',
  };
}

type Document = 'invoice' | 'bill' | 'purchaseorder';
const firstStatus: Readonly<Record<Document, string>> = {
  invoice: 'draft',
  bill: 'open',
  purchaseorder: 'draft',
};

function makeDocument(
  org: Organisation,
  body: Fields,
  before: Fields,
  party: string,
  kind: Document,
): Fields {
  const partyId = textOf(body[`${party}_id`] ?? before[`${party}_id`], `${party}_id`);
  const contact = org.find('contacts', partyId);
  if (!contact) throw invalidValue(`${party}_id`);
  const currency = String(body['currency_code'] ?? before['currency_code'] ?? contact['currency_code']);
  const precision = org.precisionOf(currency);
  const lines = linesOf(org, body['line_items'] ?? before['line_items'], precision);
  const total = lines.reduce((sum, line) => sum + toMinor(Number(line['item_total']), precision), 0);
  const paid = toMinor(Number(before['payment_made'] ?? 0), precision);
  const date = dateOf(body['date'] ?? before['date'] ?? org.today(), 'date');
  const record: Fields = {
    status: firstStatus[kind],
    reference_number: '',
    exchange_rate: 1,
    currency_id: org.currencyId,
    notes: '',
    custom_fields: [],
    ...before,
    ...body,
    [`${kind}_number`]: body[`${kind}_number`] ?? before[`${kind}_number`] ?? org.nextNumber(kind),
    [`${party}_id`]: partyId,
    [`${party}_name`]: contact['contact_name'],
    date,
    currency_code: currency,
    price_precision: precision,
    line_items: lines,
    sub_total: fromMinor(total, precision),
    tax_total: 0,
    total: fromMinor(total, precision),
  };
  if (kind === 'purchaseorder') return { delivery_date: '', ...record };
  const settled = {
    due_date: dateOf(record['due_date'] ?? date, 'due_date'),
    payment_made: fromMinor(paid, precision),
    balance: fromMinor(total - paid, precision),
  };
  if (kind === 'bill') return { vendor_credits_applied: 0, purchaseorder_ids: [], ...record, ...settled };
  return {
    credits_applied: 0,
    write_off_amount: 0,
    is_emailed: false,
    is_viewed_by_client: false,
    last_payment_date: '',
    invoice_url: org.paymentPage(),
    ...record,
    ...settled,
    contact_persons_associated: associated(contact),
  };
}

function linesOf(org: Organisation, given: unknown, precision: number): Fields[] {
  if (!Array.isArray(given) || given.length === 0) throw invalidValue('line_items');
  return given.map((line: Fields) => {
    const rate = numberOf(line['rate'], 'rate', 0);
    const quantity = numberOf(line['quantity'], 'quantity', 1);
    return {
      line_item_id: org.newId(),
      item_id: '',
      name: '',
      description: '',
      account_name: 'Sales',
      tags: [],
      ...line,
      rate,
      quantity,
      item_total: fromMinor(toMinor(rate * quantity, precision), precision),
    };
  });
}

function associated(contact: Fields): Fields[] {
  const persons = contact['contact_persons'] as Fields[];
  return persons.slice(0, 1).map((person) => ({
    contact_person_id: person['contact_person_id'],
    contact_person_name: `${String(person['first_name'])} ${String(person['last_name'])}`.trim(),
    contact_person_email: person['email'],
    phone: person['phone'],
    mobile: person['mobile'],
  }));
}

function makePayment(org: Organisation, body: Fields, party: string, document: 'invoice' | 'bill'): Fields {
  const contact = org.find('contacts', textOf(body[`${party}_id`], `${party}_id`));
  if (!contact) throw invalidValue(`${party}_id`);
  const amount = numberOf(body['amount'], 'amount');
  if (amount <= 0) throw invalidValue('amount');
  const given = (body[`${document}s`] ?? []) as Fields[];
  if (!Array.isArray(given)) throw invalidValue(`${document}s`);
  const applied = given.map((entry) => org.applyPayment(document, entry, body['date'] ?? org.today()));
  const numbers = applied.map((entry) => entry[`${document}_number`]).join(', ');
  return {
    payment_mode: 'banktransfer',
    description: '',
    reference_number: '',
    currency_code: applied[0]?.['currency_code'] ?? contact['currency_code'],
    exchange_rate: 1,
    ...(document === 'invoice'
      ? { status: 'success', amount_refunded: 0, bank_charges: 0 }
      : { status: 'paid', currency_id: org.currencyId, paid_through_account_name: 'Petty Cash', balance: 0 }),
    ...body,
    date: dateOf(body['date'] ?? org.today(), 'date'),
    payment_number: org.nextNumber(`${document}payment`),
    [`${party}_name`]: contact['contact_name'],
    amount,
    bcy_amount: amount,
    [document === 'invoice' ? 'invoice_number' : 'bill_numbers']: numbers,
    [`${document}s`]: applied.map(({ currency_code: _currency, ...entry }) => entry),
  };
}

function makeExpense(org: Organisation, body: Fields, before: Fields): Fields {
  const total = numberOf(body['amount'] ?? body['total'] ?? before['total'], 'amount');
  const nameOf = (id: unknown): unknown =>
    typeof id === 'string' && id !== '' ? (org.find('contacts', id)?.['contact_name'] ?? '') : '';
  const merged: Fields = {
    account_name: 'Office Supplies',
    paid_through_account_name: 'Petty Cash',
    description: '',
    reference_number: '',
    is_billable: false,
    currency_id: org.currencyId,
    currency_code: org.currencyCode,
    customer_id: '',
    vendor_id: '',
    ...before,
    ...body,
  };
  return {
    ...merged,
    date: dateOf(merged['date'] ?? org.today(), 'date'),
    customer_name: nameOf(merged['customer_id']),
    vendor_name: nameOf(merged['vendor_id']),
    // The documents call it non-billable; organisations have been seen to answer this.
    status: merged['is_billable'] === true ? 'unbilled' : 'nonbillable',
    total,
    bcy_total: total,
  };
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw invalidValue(field);
  return value;
}

function dateOf(value: unknown, field: string): string {
  const text = textOf(value, field);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw invalidValue(field);
  return text;
}
