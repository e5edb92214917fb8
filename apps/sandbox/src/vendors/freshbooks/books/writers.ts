import type { AccountBooks } from './account-books.js';
import { isPositive, minus, moneyOf, plus, readMoney } from './amounts.js';
import { type Entity, type EntityKind, type Money, WriteError } from './entity.js';
import { addDays } from './stamps.js';

type Fields = Readonly<Record<string, unknown>>;

interface Writer {
  create(books: AccountBooks, id: number, fields: Fields): Record<string, unknown>;
  update(books: AccountBooks, entity: Entity, fields: Fields): Record<string, unknown>;
  /** What a write changes elsewhere. */
  after?(books: AccountBooks, entity: Entity, verb: string): void;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const NEVER_WRITTEN = new Set([
  'id',
  'invoiceid',
  'userid',
  'vendorid',
  'updated',
  'updated_at',
  'created_at',
]);

/** How FreshBooks takes the writes of each kind (freshbooks.com/api; what is not documented is as lenient as the field allows). */
export const writers: Readonly<Record<EntityKind, Writer>> = {
  client: {
    create: (_books, id, fields) => {
      if (!fields['organization'] && !fields['email'] && !fields['fname'] && !fields['lname'])
        throw refused(
          7012,
          'client',
          'organization',
          'At least one of organization, email, fname, lname is needed.',
        );
      return {
        fname: '',
        lname: '',
        organization: '',
        email: '',
        mob_phone: '',
        bus_phone: null,
        home_phone: null,
        fax: '',
        currency_code: 'USD',
        language: 'en',
        allow_late_notifications: true,
        pref_email: true,
        ...written(fields),
        userid: id,
      };
    },
    update: (_books, _client, fields) => written(fields),
  },
  bill_vendor: {
    create: (_books, id, fields) => {
      required('bill_vendor', fields, 'vendor_name');
      return {
        currency_code: 'USD',
        language: 'en',
        outstanding_balance: [],
        overdue_balance: [],
        ...written(fields),
        vendorid: id,
      };
    },
    update: (_books, _vendor, fields) => written(fields),
  },
  invoice: { create: createInvoice, update: updateInvoice },
  payment: {
    create: createPayment,
    update: (_books, _payment, fields) => written(fields),
    after: (books, payment, verb) => settle(books, payment, verb),
  },
  bill: { create: createBill, update: (_books, _bill, fields) => written(fields) },
  bill_payment: {
    create: (books, _id, fields) => {
      const bill = books.find('bill', Number(fields['billid']));
      if (!bill) throw refused(1012, 'bill_payment', 'billid', 'Bill not found.', fields['billid']);
      const amount = money('bill_payment', fields, String(bill['currency_code']));
      return { payment_type: 'Check', note: '', ...written(fields), amount };
    },
    update: (_books, _payment, fields) => written(fields),
    after: payBill,
  },
  expense: {
    create: (books, id, fields) => {
      for (const name of ['categoryid', 'staffid', 'date']) required('expense', fields, name);
      const amount = money('expense', fields, books.business.currency);
      return {
        vendor: '',
        notes: '',
        clientid: 0,
        projectid: 0,
        status: 0,
        has_receipt: false,
        ...written(fields),
        amount,
        expenseid: id,
      };
    },
    update: (_books, _expense, fields) => written(fields),
  },
};

function createInvoice(books: AccountBooks, id: number, fields: Fields): Record<string, unknown> {
  const client = books.find('client', Number(fields['customerid']));
  if (!client) throw refused(1012, 'invoice', 'customerid', 'Client not found.', fields['customerid']);
  if ('due_date' in fields) throw refused(1038, 'invoice', 'due_date', 'Write access denied.');
  const createDate = dateOf('invoice', fields, 'create_date', books.today());
  const currency = text(fields, 'currency_code') ?? text(client, 'currency_code') ?? books.business.currency;
  const lines = linesOf(fields, currency, 'qty');
  const amount = totalOf(lines, currency);
  const offset = Number(fields['due_offset_days'] ?? 0);
  return {
    invoice_number: String(id).padStart(7, '0'),
    po_number: null,
    notes: '',
    terms: null,
    ...written(fields),
    invoiceid: id,
    ownerid: 1,
    create_date: createDate,
    due_offset_days: offset,
    due_date: addDays(createDate, offset),
    currency_code: currency,
    // Invoices begin as drafts; some clients write the status as a word.
    status: fields['status'] === 2 || fields['status'] === 'sent' ? 2 : 1,
    amount,
    outstanding: amount,
    paid: moneyOf(0, currency),
    date_paid: null,
    fname: client['fname'],
    lname: client['lname'],
    organization: client['organization'],
    email: client['email'],
    lines,
  };
}

function updateInvoice(_books: AccountBooks, invoice: Entity, fields: Fields): Record<string, unknown> {
  if ('due_date' in fields) throw refused(1038, 'invoice', 'due_date', 'Write access denied.');
  const { action_mark_as_sent: isSent, action_email: isMailed, lines, ...rest } = fields;
  const sent = isSent === true || isMailed === true || rest['status'] === 2 || rest['status'] === 'sent';
  const { status: _status, ...plain } = written(rest);
  const createDate = dateOf('invoice', plain, 'create_date', String(invoice['create_date']));
  const offset = Number(plain['due_offset_days'] ?? invoice['due_offset_days'] ?? 0);
  const currency = String(invoice['currency_code']);
  const changed = Array.isArray(lines) ? linesOf({ lines }, currency, 'qty') : undefined;
  const amount = changed ? totalOf(changed, currency) : (invoice['amount'] as Money);
  return {
    ...plain,
    ...(sent && invoice['status'] === 1 && { status: 2 }),
    due_offset_days: offset,
    due_date: addDays(createDate, offset),
    ...(changed && { lines: changed, amount, outstanding: minus(amount, invoice['paid'] as Money) }),
  };
}

function createPayment(books: AccountBooks, id: number, fields: Fields): Record<string, unknown> {
  const invoice = books.find('invoice', Number(fields['invoiceid']));
  if (!invoice) throw refused(1012, 'payment', 'invoiceid', 'Invoice not found.', fields['invoiceid']);
  const amount = money('payment', fields, String(invoice['currency_code']));
  return {
    note: '',
    gateway: null,
    transactionid: null,
    creditid: null,
    overpaymentid: null,
    from_credit: false,
    type: 'Other',
    ...written(fields),
    logid: id,
    invoiceid: invoice.id,
    clientid: invoice['customerid'],
    date: dateOf('payment', fields, 'date', books.today()),
    amount,
  };
}

/** What a payment does to its invoice; FreshBooks then tells of the invoice as well. */
function settle(books: AccountBooks, payment: Entity, verb: string): void {
  const invoice = books.find('invoice', Number(payment['invoiceid']));
  if (!invoice || (verb !== 'create' && verb !== 'delete')) return;
  const amount = payment['amount'] as Money;
  const paid =
    verb === 'create' ? plus(invoice['paid'] as Money, amount) : minus(invoice['paid'] as Money, amount);
  invoice['paid'] = paid;
  invoice['outstanding'] = minus(invoice['amount'] as Money, paid);
  const isPaid = !isPositive(invoice['outstanding'] as Money);
  invoice['status'] = isPaid ? 4 : isPositive(paid) ? 8 : 2;
  invoice['date_paid'] = isPaid ? payment['date'] : null;
  books.touch('invoice', invoice, 'update');
}

function createBill(books: AccountBooks, _id: number, fields: Fields): Record<string, unknown> {
  const vendor = books.find('bill_vendor', Number(fields['vendorid']));
  if (!vendor) throw refused(1012, 'bill', 'vendorid', 'Vendor not found.', fields['vendorid']);
  const issued = dateOf('bill', fields, 'issue_date', books.today());
  const currency = text(fields, 'currency_code') ?? text(vendor, 'currency_code') ?? books.business.currency;
  const lines = linesOf(fields, currency, 'quantity');
  const amount = totalOf(lines, currency);
  const offset = Number(fields['due_offset_days'] ?? 0);
  const due = text(fields, 'due_date') ?? addDays(issued, offset);
  return {
    bill_number: null,
    language: 'en',
    ...written(fields),
    vendorid: vendor.id,
    issue_date: issued,
    due_offset_days: offset,
    due_date: due,
    currency_code: currency,
    amount,
    tax_amount: moneyOf(0, currency),
    total_amount: amount,
    outstanding: amount,
    paid: moneyOf(0, currency),
    lines,
  };
}

function payBill(books: AccountBooks, payment: Entity, verb: string): void {
  const bill = books.find('bill', Number(payment['billid']));
  if (!bill || verb === 'update') return;
  const amount = payment['amount'] as Money;
  const paid = verb === 'create' ? plus(bill['paid'] as Money, amount) : minus(bill['paid'] as Money, amount);
  bill['paid'] = paid;
  bill['outstanding'] = minus(bill['total_amount'] as Money, paid);
  books.touch('bill', bill, 'update');
}

/** Fields that a caller may set, as they are. */
function written(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== undefined && !NEVER_WRITTEN.has(name)),
  );
}

function linesOf(fields: Fields, currency: string, quantityField: string): Record<string, unknown>[] {
  const lines: unknown[] = Array.isArray(fields['lines']) ? fields['lines'] : [];
  return lines.map((value, index) => {
    const line = { ...(value as Record<string, unknown>) };
    const quantity = Number(line[quantityField] ?? 1);
    const unit = readMoney(line['unit_cost'], currency) ?? moneyOf(0, currency);
    const amount = moneyOf(quantity * Number(unit.amount), currency);
    const id = { lineid: index + 1, list_index: index + 1 };
    return {
      name: '',
      description: '',
      type: 0,
      ...line,
      ...id,
      [quantityField]: String(quantity),
      unit_cost: unit,
      amount,
      total_amount: amount,
    };
  });
}

function totalOf(lines: readonly Record<string, unknown>[], currency: string): Money {
  return lines.map((line) => line['amount'] as Money).reduce(plus, moneyOf(0, currency));
}

function money(object: string, fields: Fields, currency: string): Money {
  const amount = readMoney(fields['amount'], currency);
  if (!amount) throw refused(1001, object, 'amount', 'Required field: amount');
  return amount;
}

function dateOf(object: string, fields: Fields, name: string, fallback: string): string {
  const value = text(fields, name) ?? fallback;
  if (!DATE.test(value)) throw refused(1004, object, name, 'Invalid date.', value);
  return value;
}

function required(object: string, fields: Fields, name: string): void {
  if (fields[name] === undefined || fields[name] === '')
    throw refused(1001, object, name, `Required field: ${name}`);
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refused(errno: number, object: string, field: string, message: string, value?: unknown): WriteError {
  return new WriteError({
    errno,
    object,
    field,
    message,
    value: value === undefined ? '' : JSON.stringify(value),
  });
}
