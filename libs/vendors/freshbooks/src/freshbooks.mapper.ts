import type { Expense, Invoice, InvoiceLine, Payment } from '#libs/contracts';
import { compareDecimals, type DecimalString, subtractDecimals } from '#libs/core';
import { type EntityRef, type RawEntity, RawFields, type RecordBody } from '#libs/vendor-kit';
import { clientContact, nameOf, vendorContact } from './freshbooks.contact-mapper.js';
import { contactIdOfVendor, vendorIdOf } from './freshbooks.ids.js';
import { calendarDateOf, instantOf, type StampZone } from './freshbooks.times.js';

/** `vis_state` of every accounting object. */
const DELETED = '1';

/**
 * `v3_status` words (freshbooks.com/api/invoices). What was made and not yet sent counts as a draft: its link does not open for the
 * client, so nobody is told of it.
 */
const invoiceStatuses: Readonly<Record<string, string>> = {
  draft: 'draft',
  created: 'draft',
  sent: 'issued',
  viewed: 'issued',
  overdue: 'issued',
  partial: 'issued',
  disputed: 'issued',
  resolved: 'issued',
  retry: 'issued',
  failed: 'issued',
  declined: 'issued',
  pending: 'issued',
  success: 'issued',
  'deposit-partial': 'issued',
  'deposit-paid': 'issued',
  paid: 'paid',
  autopaid: 'paid',
};
/** `status` numbers, for answers without `v3_status`. */
const invoiceNumbers: Readonly<Record<string, string>> = {
  '0': 'issued',
  '1': 'draft',
  '2': 'issued',
  '3': 'issued',
  '4': 'paid',
  '5': 'paid',
  '6': 'issued',
  '7': 'issued',
  '8': 'issued',
};
const unsentStatuses = new Set(['draft', 'created']);
const billStatuses: Readonly<Record<string, string>> = {
  unpaid: 'issued',
  overdue: 'issued',
  partial: 'issued',
  paid: 'paid',
};
/** 3 is recouped in FreshBooks' SDK, 4 on its page. */
const expenseStatuses: Readonly<Record<string, string>> = {
  '0': 'recorded',
  '1': 'unbilled',
  '2': 'invoiced',
  '3': 'reimbursed',
  '4': 'reimbursed',
};

type Mapped = Partial<RecordBody>;

/** A FreshBooks object as a canonical record. Pure. @throws LedgerwireError `unmappable` naming the field. */
export function toRecordBody(raw: RawEntity): RecordBody {
  const isVendor = raw.entityType === 'vendor' || vendorIdOf(raw.entityId) !== undefined;
  const mapper = mappers[isVendor ? 'vendor' : raw.entityType];
  if (!mapper) throw new RawFields({}, raw.entityType).wrong('type');
  const fields = new RawFields(raw.value, raw.entityType);
  const { map, stampField, stampZone, entityType } = mapper;
  const version = instantOf(fields.requiredText(stampField), stampZone);
  if (version === undefined) throw fields.wrong(stampField);
  const deleted = fields.text('vis_state') === DELETED;
  const { entityId } = raw;
  return { entityNumber: null, entityId, entityType, version, deleted, ...map(fields, deleted) };
}

const mappers: Readonly<
  Record<
    string,
    {
      readonly map: (fields: RawFields, deleted: boolean) => Mapped;
      readonly entityType: string;
      readonly stampField: string;
      readonly stampZone: StampZone;
    }
  >
> = {
  invoice: {
    map: (fields, deleted) => {
      const invoice = toInvoice(fields, deleted);
      return { invoice, entityNumber: invoice.number };
    },
    entityType: 'invoice',
    stampField: 'updated',
    stampZone: 'eastern',
  },
  bill: {
    map: (fields, deleted) => {
      const invoice = toBill(fields, deleted);
      return { invoice, entityNumber: invoice.number };
    },
    entityType: 'bill',
    stampField: 'updated_at',
    stampZone: 'utc',
  },
  payment: {
    map: (fields, deleted) => ({ payment: toPayment(fields, deleted) }),
    entityType: 'payment',
    stampField: 'updated',
    stampZone: 'eastern',
  },
  expense: {
    map: (fields, deleted) => ({ expense: toExpense(fields, deleted) }),
    entityType: 'expense',
    stampField: 'updated',
    stampZone: 'eastern',
  },
  contact: {
    map: (fields) => ({ contact: clientContact(fields) }),
    entityType: 'contact',
    stampField: 'updated',
    stampZone: 'eastern',
  },
  vendor: {
    map: (fields) => {
      const contact = vendorContact(fields);
      return { contact, entityNumber: contact.externalNumber };
    },
    entityType: 'contact',
    stampField: 'updated_at',
    stampZone: 'eastern',
  },
};

function toInvoice(fields: RawFields, deleted: boolean): Invoice {
  const word = fields.text('v3_status');
  const total = requiredMoney(fields, 'amount');
  const amounts = amountsOf(fields, total.amount);
  return {
    kind: 'sales',
    number: fields.text('invoice_number'),
    reference: fields.text('po_number'),
    status: deleted ? 'deleted' : invoiceStatusOf(fields, word),
    contactId: idOf(fields, 'customerid'),
    contactName: nameOf(fields),
    issueDate: date(fields, 'create_date'),
    dueDate: date(fields, 'due_date'),
    fullyPaidOn: date(fields, 'date_paid'),
    currency: total.currency,
    total: total.amount,
    ...amounts,
    sentToContact: word !== null && !unsentStatuses.has(word),
    // A call of its own per invoice (`/share_link`), which no flow asks for yet.
    onlineUrl: null,
    lines: fields.list('lines').map(toLine),
  };
}

/** Payment states decide, because a dispute or a failed charge can stand on a paid invoice. */
function invoiceStatusOf(fields: RawFields, word: string | null): string {
  const paid = fields.text('payment_status');
  if (paid === 'paid' || paid === 'auto-paid') return 'paid';
  const status =
    word === null ? invoiceNumbers[fields.requiredText('status')] : invoiceStatuses[word.toLowerCase()];
  if (status === undefined) throw fields.wrong(word === null ? 'status' : 'v3_status');
  return status;
}

function toBill(fields: RawFields, deleted: boolean): Invoice {
  const total = money(fields, 'total_amount') ?? requiredMoney(fields, 'amount');
  const status = billStatuses[fields.requiredText('status').toLowerCase()];
  if (status === undefined) throw fields.wrong('status');
  const vendorId = idOf(fields, 'vendorid');
  return {
    kind: 'purchase',
    number: fields.text('bill_number'),
    reference: null,
    status: deleted ? 'deleted' : status,
    contactId: vendorId === null ? null : contactIdOfVendor(vendorId),
    contactName: fields.object('vendor')?.text('vendor_name') ?? null,
    issueDate: date(fields, 'issue_date'),
    dueDate: date(fields, 'due_date'),
    fullyPaidOn: null,
    currency: total.currency,
    total: total.amount,
    ...amountsOf(fields, total.amount),
    sentToContact: false,
    onlineUrl: null,
    lines: fields.list('lines').map(toBillLine),
  };
}

/** What is neither open nor paid was credited. */
function amountsOf(
  fields: RawFields,
  total: DecimalString,
): Pick<Invoice, 'amountDue' | 'amountPaid' | 'amountCredited'> {
  const amountPaid = money(fields, 'paid')?.amount ?? '0';
  const amountDue = money(fields, 'outstanding')?.amount ?? subtractDecimals(total, amountPaid);
  const rest = subtractDecimals(subtractDecimals(total, amountPaid), amountDue);
  return { amountDue, amountPaid, amountCredited: compareDecimals(rest, '0') > 0 ? rest : '0' };
}

function toLine(line: RawFields): InvoiceLine {
  const texts = [line.text('name'), line.text('description')].filter((text) => text !== null);
  return {
    description: texts.length === 0 ? null : texts.join(': '),
    quantity: line.amount('qty'),
    unitAmount: line.object('unit_cost')?.amount('amount') ?? null,
    lineAmount: line.object('amount')?.amount('amount') ?? null,
    accountCode: null,
    itemCode: line.text('name'),
    tracking: [],
  };
}

function toBillLine(line: RawFields): InvoiceLine {
  const total = line.object('total_amount') ?? line.object('amount');
  return {
    description: line.text('description'),
    quantity: line.amount('quantity'),
    unitAmount: line.object('unit_cost')?.amount('amount') ?? null,
    lineAmount: total?.amount('amount') ?? null,
    accountCode: line.object('category')?.text('category') ?? null,
    itemCode: null,
    tracking: [],
  };
}

function toPayment(fields: RawFields, deleted: boolean): Payment {
  const { amount, currency } = requiredMoney(fields, 'amount');
  return {
    kind: 'received',
    status: deleted ? 'deleted' : 'settled',
    amount,
    currency,
    paidOn: date(fields, 'date'),
    reference: fields.text('note'),
    invoiceId: idOf(fields, 'invoiceid'),
    invoiceNumber: null,
    contactId: idOf(fields, 'clientid'),
    contactName: null,
  };
}

function toExpense(fields: RawFields, deleted: boolean): Expense {
  const { amount, currency } = requiredMoney(fields, 'amount');
  const status = expenseStatuses[fields.text('status') ?? '0'];
  if (status === undefined) throw fields.wrong('status');
  return {
    number: null,
    reference: fields.text('transactionid'),
    description: fields.text('notes'),
    category: fields.object('category')?.text('category') ?? null,
    status: deleted ? 'deleted' : status,
    amount,
    currency,
    incurredOn: date(fields, 'date'),
    // A plain text and no vendor of FreshBooks' list.
    contactId: null,
    contactName: fields.text('vendor'),
    customerId: idOf(fields, 'clientid'),
    customerName: null,
    // Only an id; names of colleagues take another scope.
    recordedBy: null,
  };
}

/** A contact comes before its documents, an invoice before its payments. */
export function relatedTo(body: RecordBody): EntityRef[] {
  const contactId = body.invoice?.contactId ?? body.payment?.contactId ?? body.expense?.customerId;
  const invoiceId = body.payment?.invoiceId;
  return [
    ...(contactId ? [{ entityType: 'contact', entityId: contactId }] : []),
    ...(invoiceId ? [{ entityType: 'invoice', entityId: invoiceId }] : []),
  ];
}

interface Amount {
  readonly amount: DecimalString;
  readonly currency: string;
}

/** FreshBooks' money: `{amount: "100.00", code: "USD"}`. */
function money(fields: RawFields, name: string): Amount | null {
  const value = fields.object(name);
  const amount = value?.amount('amount') ?? null;
  if (value === null || amount === null) return null;
  return { amount, currency: value.text('code') ?? fields.requiredText('currency_code') };
}

function requiredMoney(fields: RawFields, name: string): Amount {
  const found = money(fields, name);
  if (found === null) throw fields.wrong(name);
  return found;
}

/** FreshBooks writes 0 where there is nobody. */
function idOf(fields: RawFields, name: string): string | null {
  const id = fields.text(name);
  return id === '0' ? null : id;
}

function date(fields: RawFields, name: string): string | null {
  const text = fields.text(name);
  if (text === null) return null;
  const found = calendarDateOf(text);
  if (found === undefined) throw fields.wrong(name);
  return found;
}
