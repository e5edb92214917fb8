import type {
  AccountingRecord,
  Contact,
  Expense,
  Invoice,
  InvoiceLine,
  IsoDate,
  Payment,
  PurchaseOrder,
} from '#libs/contracts';
import { compareDecimals } from '#libs/core';
import type { ModelValue } from '../templates/template-model.js';
import { daysBetween } from '../timing/company-time.js';
import { clean, webAddress } from './model-texts.js';

/** The fields of one root; which there are stands in `model-fields.ts`. */
export type RootData = Record<string, ModelValue>;

/** A message lists few lines; a 10,000-line invoice must not travel to the renderer whole. */
const MAX_LINES = 50;

/** Fields of `invoice` and `bill`. */
export function invoiceData(id: string, invoice: Invoice, today: IsoDate): RootData {
  const isPaid = compareDecimals(invoice.amountDue, '0') <= 0;
  return {
    id,
    number: clean(invoice.number),
    reference: clean(invoice.reference),
    status: invoice.status,
    issueDate: invoice.issueDate,
    dueDate: invoice.dueDate,
    fullyPaidOn: invoice.fullyPaidOn,
    currency: invoice.currency,
    total: invoice.total,
    amountDue: invoice.amountDue,
    amountPaid: invoice.amountPaid,
    amountCredited: invoice.amountCredited,
    isPaid,
    isPartPaid: !isPaid && compareDecimals(invoice.amountPaid, '0') > 0,
    sentToContact: invoice.sentToContact,
    daysOverdue: isPaid ? 0 : daysOverdue(invoice.dueDate, today),
    contactName: clean(invoice.contactName),
    onlineUrl: webAddress(invoice.onlineUrl),
    lineCount: invoice.lines.length,
    lines: linesData(invoice.lines),
  };
}

/** Whole days since the due date; 0 before it and where there is none. */
export function daysOverdue(dueDate: IsoDate | null, today: IsoDate): number {
  return dueDate === null ? 0 : Math.max(0, daysBetween(dueDate, today));
}

/** Fields of `payment`. */
export function paymentData(id: string, payment: Payment, currency: string | null): RootData {
  return {
    id,
    amount: payment.amount,
    currency,
    paidOn: payment.paidOn,
    reference: clean(payment.reference),
    invoiceNumber: clean(payment.invoiceNumber),
    contactName: clean(payment.contactName),
  };
}

/** Fields of `expense`. */
export function expenseData(id: string, expense: Expense): RootData {
  return {
    id,
    number: clean(expense.number),
    reference: clean(expense.reference),
    description: clean(expense.description),
    category: clean(expense.category),
    status: expense.status,
    amount: expense.amount,
    currency: expense.currency,
    incurredOn: expense.incurredOn,
    contactName: clean(expense.contactName),
    customerName: clean(expense.customerName),
    recordedBy: clean(expense.recordedBy),
  };
}

/** Fields of `purchaseOrder`. */
export function purchaseOrderData(id: string, order: PurchaseOrder): RootData {
  return {
    id,
    number: clean(order.number),
    reference: clean(order.reference),
    status: order.status,
    issueDate: order.issueDate,
    deliveryDate: order.deliveryDate,
    currency: order.currency,
    total: order.total,
    contactName: clean(order.contactName),
    lineCount: order.lines.length,
    lines: linesData(order.lines),
  };
}

/** Fields of `vendorPayment`: money for several bills, or the payment of one bill. */
export function vendorPaymentData(record: AccountingRecord, currency: string | null): RootData | null {
  const { entityId: id, vendorPayment, payment } = record;
  const paid = vendorPayment ?? payment;
  if (!paid) return null;
  return {
    id,
    number: clean(vendorPayment?.number ?? null),
    reference: clean(paid.reference),
    amount: paid.amount,
    currency,
    paidOn: paid.paidOn,
    mode: clean(vendorPayment?.mode ?? null),
    paidFrom: clean(vendorPayment?.paidFrom ?? null),
    billNumbers: vendorPayment
      ? vendorPayment.billNumbers.slice(0, MAX_LINES).map((number) => clean(number))
      : [clean(payment?.invoiceNumber ?? null)].filter((number) => number !== null),
    contactName: clean(paid.contactName),
  };
}

/** Fields of `contact`. */
export function contactData(id: string | null, contact: Contact): RootData {
  return {
    id,
    name: clean(contact.name),
    firstName: clean(contact.firstName),
    lastName: clean(contact.lastName),
    email: clean(contact.email),
    groups: contact.groups.map((group) => clean(group)),
    region: clean(contact.region),
    country: clean(contact.country),
    externalNumber: clean(contact.externalNumber),
    isCustomer: contact.isCustomer,
    isSupplier: contact.isSupplier,
  };
}

function linesData(lines: readonly InvoiceLine[]): ModelValue {
  return lines.slice(0, MAX_LINES).map((line) => ({
    description: clean(line.description),
    quantity: line.quantity,
    unitAmount: line.unitAmount,
    lineAmount: line.lineAmount,
    accountCode: clean(line.accountCode),
    itemCode: clean(line.itemCode),
    tracking: line.tracking.map(({ category, option }) => ({
      category: clean(category),
      option: clean(option),
    })),
  }));
}
