import type {
  Expense,
  Invoice,
  InvoiceLine,
  Payment,
  PurchaseOrder,
  TrackingOption,
  VendorPayment,
} from '#libs/contracts';
import { subtractDecimals } from '#libs/core';
import { type EntityRef, type RawEntity, RawFields, type RecordBody } from '#libs/vendor-kit';
import { toContact } from './zoho-books.contact-mapper.js';
import { calendarDateOf, instantOf } from './zoho-books.times.js';

/** Status words of invoices and bills. `sent` and everything after it is out; drafts and what awaits approval is not. */
const invoiceStatuses: Readonly<Record<string, string>> = {
  draft: 'draft',
  rejected: 'draft',
  pending_approval: 'submitted',
  approval_overdue: 'submitted',
  approved: 'submitted',
  sent: 'issued',
  viewed: 'issued',
  open: 'issued',
  unpaid: 'issued',
  overdue: 'issued',
  partially_paid: 'issued',
  paid: 'paid',
  void: 'voided',
};
/** What is received or on its way says nothing of the bill: until that is there, the order is out. */
const purchaseOrderStatuses: Readonly<Record<string, string>> = {
  draft: 'draft',
  rejected: 'draft',
  pending_approval: 'draft',
  approval_overdue: 'draft',
  approved: 'draft',
  open: 'issued',
  issued: 'issued',
  pending_signature: 'issued',
  signed: 'issued',
  accepted: 'issued',
  in_transit: 'issued',
  to_be_received: 'issued',
  partially_received: 'issued',
  received: 'issued',
  manually_received: 'issued',
  drop_shipped: 'issued',
  received_not_billed: 'issued',
  to_be_billed: 'issued',
  partially_billed: 'issued',
  billed: 'billed',
  billed_not_received: 'billed',
  closed: 'billed',
  cancelled: 'voided',
  void: 'voided',
};
/** `success` and `failure` are the documented words; money that did not come is no payment. */
const paymentStatuses: Readonly<Record<string, string>> = {
  success: 'settled',
  paid: 'settled',
  failure: 'deleted',
  void: 'deleted',
};
/**
 * Words of bills with which no money has gone, should a payment that was made have them. No document names a status of these
 * payments, and organisations were seen to answer `paid`: what is called otherwise, or has none, is settled.
 */
const unpaidStatuses: ReadonlySet<string> = new Set([
  'draft',
  'pending_approval',
  'approval_overdue',
  'rejected',
  'void',
]);
const expenseStatuses: Readonly<Record<string, string>> = {
  unbilled: 'unbilled',
  billable: 'unbilled',
  invoiced: 'invoiced',
  reimbursed: 'reimbursed',
  'non-billable': 'non-billable',
  nonbillable: 'non-billable',
};

type Mapped = Pick<RecordBody, 'entityNumber'> & Partial<RecordBody>;

const mappers: Readonly<Record<string, (fields: RawFields) => Mapped>> = {
  invoice: (fields) => {
    const invoice = toInvoice(fields, 'sales');
    return { invoice, entityNumber: invoice.number };
  },
  bill: (fields) => {
    const invoice = toInvoice(fields, 'purchase');
    return { invoice, entityNumber: invoice.number };
  },
  purchaseOrder: (fields) => {
    const purchaseOrder = toPurchaseOrder(fields);
    return { purchaseOrder, entityNumber: purchaseOrder.number };
  },
  payment: (fields) => {
    const payment = toPayment(fields);
    return { payment, entityNumber: fields.text('payment_number'), deleted: payment.status === 'deleted' };
  },
  vendorPayment: (fields) => {
    const vendorPayment = toVendorPayment(fields);
    return { vendorPayment, entityNumber: vendorPayment.number, deleted: vendorPayment.status === 'deleted' };
  },
  expense: (fields) => {
    const expense = toExpense(fields);
    return { expense, entityNumber: expense.number };
  },
  contact: (fields) => {
    const contact = toContact(fields);
    return { contact, entityNumber: contact.externalNumber };
  },
};

/** An object of Zoho Books as a canonical record. Pure. @throws LedgerwireError `unmappable` naming the field. */
export function toRecordBody(raw: RawEntity): RecordBody {
  const mapper = mappers[raw.entityType];
  if (!mapper) throw new RawFields({}, raw.entityType).wrong('type');
  const fields = new RawFields(raw.value, raw.entityType);
  const { entityType, entityId } = raw;
  return { entityType, entityId, version: versionOf(fields), deleted: false, ...mapper(fields) };
}

/**
 * The time of the last change. Customer payments are not documented to have one: then all states of a payment have the same
 * version, and its content alone says whether it changed.
 */
function versionOf(fields: RawFields): number {
  for (const name of ['last_modified_time', 'updated_time', 'created_time']) {
    const text = fields.text(name);
    if (text === null) continue;
    const version = instantOf(text);
    if (version === undefined) throw fields.wrong(name);
    return version;
  }
  return 0;
}

function toInvoice(fields: RawFields, kind: 'sales' | 'purchase'): Invoice {
  const [number, party] = kind === 'sales' ? ['invoice_number', 'customer'] : ['bill_number', 'vendor'];
  const status = word(fields, 'status', invoiceStatuses);
  const total = fields.requiredAmount('total');
  const amountDue = fields.requiredAmount('balance');
  const amountCredited = sumOf(fields, kind === 'sales' ? 'credits_applied' : 'vendor_credits_applied');
  return {
    kind,
    number: fields.text(number),
    reference: fields.text('reference_number'),
    status,
    contactId: fields.text(`${party}_id`),
    contactName: fields.text(`${party}_name`),
    issueDate: date(fields, 'date'),
    dueDate: date(fields, 'due_date'),
    fullyPaidOn: status === 'paid' ? date(fields, 'last_payment_date') : null,
    currency: fields.requiredText('currency_code'),
    total,
    amountDue,
    amountPaid:
      fields.amount('payment_made') ?? subtractDecimals(subtractDecimals(total, amountDue), amountCredited),
    amountCredited,
    // Zoho has no sending without leaving the drafts, be it by e-mail or by "mark as sent".
    sentToContact: fields.flag('is_emailed') || status === 'issued' || status === 'paid',
    onlineUrl: fields.text('invoice_url'),
    lines: fields.list('line_items').map(toLine),
  };
}

/** What was credited, where the vendor says it as a number; absent = nothing. */
function sumOf(fields: RawFields, name: string): string {
  return fields.amount(name) ?? '0';
}

function toLine(line: RawFields): InvoiceLine {
  return {
    description: line.text('description') ?? line.text('name'),
    quantity: line.amount('quantity'),
    unitAmount: line.amount('rate'),
    lineAmount: line.amount('item_total'),
    accountCode: line.text('account_name'),
    itemCode: line.text('sku') ?? line.text('name'),
    tracking: line.list('tags').flatMap(toTracking),
  };
}

function toTracking(tag: RawFields): TrackingOption[] {
  const category = tag.text('tag_name');
  const option = tag.text('tag_option_name');
  return category === null || option === null ? [] : [{ category, option }];
}

function toPurchaseOrder(fields: RawFields): PurchaseOrder {
  return {
    number: fields.text('purchaseorder_number'),
    reference: fields.text('reference_number'),
    status: word(fields, 'status', purchaseOrderStatuses),
    contactId: fields.text('vendor_id'),
    contactName: fields.text('vendor_name'),
    issueDate: date(fields, 'date'),
    deliveryDate: date(fields, 'delivery_date'),
    currency: fields.requiredText('currency_code'),
    total: fields.requiredAmount('total'),
    lines: fields.list('line_items').map(toLine),
  };
}

/** A payment may settle several invoices; the first is the one it is told with, all their numbers are in its text. */
function toPayment(fields: RawFields): Payment {
  const invoices = fields.list('invoices');
  const numbers = invoices.flatMap((invoice) => invoice.text('invoice_number') ?? []);
  return {
    kind: 'received',
    status: fields.text('status') === null ? 'settled' : word(fields, 'status', paymentStatuses),
    amount: fields.requiredAmount('amount'),
    currency: fields.text('currency_code'),
    paidOn: date(fields, 'date'),
    reference: fields.text('reference_number'),
    invoiceId: invoices[0]?.text('invoice_id') ?? null,
    invoiceNumber: numbers.length > 0 ? numbers.join(', ') : null,
    contactId: fields.text('customer_id'),
    contactName: fields.text('customer_name'),
  };
}

function toVendorPayment(fields: RawFields): VendorPayment {
  const bills = fields.list('bills');
  const isUnpaid = unpaidStatuses.has((fields.text('status') ?? '').toLowerCase());
  return {
    number: fields.text('payment_number'),
    status: isUnpaid ? 'deleted' : 'settled',
    contactId: fields.text('vendor_id'),
    contactName: fields.text('vendor_name'),
    paidOn: date(fields, 'date'),
    mode: fields.text('payment_mode'),
    reference: fields.text('reference_number'),
    currency: fields.requiredText('currency_code'),
    amount: fields.requiredAmount('amount'),
    paidFrom: fields.text('paid_through_account_name'),
    billIds: bills.flatMap((bill) => bill.text('bill_id') ?? []),
    billNumbers: bills.flatMap((bill) => bill.text('bill_number') ?? []),
  };
}

function toExpense(fields: RawFields): Expense {
  return {
    number: fields.text('transaction_number'),
    reference: fields.text('reference_number'),
    description: fields.text('description'),
    category: fields.text('account_name'),
    status: fields.text('status') === null ? 'recorded' : word(fields, 'status', expenseStatuses),
    amount: fields.requiredAmount('total'),
    currency: fields.text('currency_code'),
    incurredOn: date(fields, 'date'),
    contactId: fields.text('vendor_id'),
    contactName: fields.text('vendor_name'),
    customerId: fields.text('customer_id'),
    customerName: fields.text('customer_name'),
    recordedBy: fields.text('employee_name') ?? fields.text('created_by_name'),
  };
}

/** A contact comes before its documents, an invoice or bill before its payments. */
export function relatedTo({
  invoice,
  purchaseOrder,
  expense,
  payment,
  vendorPayment,
}: RecordBody): EntityRef[] {
  const contactId = (invoice ?? purchaseOrder ?? expense ?? payment ?? vendorPayment)?.contactId;
  const ref = (entityType: string, entityId: string | null | undefined): EntityRef[] =>
    entityId ? [{ entityType, entityId }] : [];
  return [
    ...ref('contact', contactId),
    ...ref('invoice', payment?.invoiceId),
    ...(vendorPayment?.billIds ?? []).flatMap((billId) => ref('bill', billId)),
  ];
}

/** Zoho has rules for everything that we read, so nothing has to be found inside of something else. */
export function discoveredIn(_raw: RawEntity): EntityRef[] {
  return [];
}

function word(fields: RawFields, name: string, words: Readonly<Record<string, string>>): string {
  const found = words[fields.requiredText(name).toLowerCase()];
  if (found === undefined) throw fields.wrong(name);
  return found;
}

function date(fields: RawFields, name: string): string | null {
  const text = fields.text(name);
  if (text === null) return null;
  const found = calendarDateOf(text);
  if (found === undefined) throw fields.wrong(name);
  return found;
}
