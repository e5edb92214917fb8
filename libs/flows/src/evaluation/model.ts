import type { AccountingRecord, Connection, Contact, EpochMs, InvoiceLine, IsoDate } from '#libs/contracts';
import { addDecimals } from '#libs/core';
import type { ConditionFacts } from '../conditions/evaluate-condition.js';
import type { ModelRoot, Trigger } from '../events/triggers.js';
import type { ModelValue, TemplateModel } from '../templates/template-model.js';
import { companyDate } from '../timing/company-time.js';
import {
  contactData,
  daysOverdue,
  expenseData,
  invoiceData,
  paymentData,
  purchaseOrderData,
  type RootData,
  vendorPaymentData,
} from './model-data.js';
import { clean, webAddress } from './model-texts.js';

/** The records that one message is about; null where there is none. */
export interface Subject {
  /** The record that brought the message. */
  readonly record: AccountingRecord;
  /** The invoice itself, or the one that a payment settles. */
  readonly invoice: AccountingRecord | null;
  /** The contact of the document; `contactId` may be another than the document names, after a merge. */
  readonly contact: Contact | null;
  readonly contactId: string | null;
  /** For messages that list what a debtor owes: all of it. */
  readonly debts: readonly AccountingRecord[];
}

/** All that the data of one message is made from. */
export interface ModelInputs {
  readonly trigger: Trigger;
  readonly subject: Subject;
  readonly source: Connection;
  readonly locale: string;
  readonly now: EpochMs;
  /** Days of the reminder; null for other messages. */
  readonly reminderDays: number | null;
  readonly changedFields: readonly string[];
}

/** What conditions are decided on and templates rendered with. */
export interface Model {
  readonly facts: ConditionFacts;
  readonly template: TemplateModel;
}

/** So many invoices does one message list; `debtor.invoiceCount` counts all. */
const MAX_DEBTS = 50;

/** Builds the data of one message: plain, bounded, with every field of the model present, null where unknown. */
export function buildModel(inputs: ModelInputs): Model {
  const { subject, source } = inputs;
  const today = companyDate(inputs.now, source.timeZone);
  const tracking = trackingOf(linesOf(subject), subject.contact);
  const currency = currencyOf(subject) ?? source.currency;
  const data = {
    ...documentData(subject, currency, today),
    contact: subject.contact ? contactData(subject.contactId, subject.contact) : null,
    company: {
      name: clean(source.displayName),
      country: source.country,
      currency: source.currency,
      timeZone: source.timeZone,
    },
    tracking: Object.fromEntries(
      Object.entries(tracking).map(([category, options]) => [category, options[0] ?? null]),
    ),
    debtor: subject.debts.length === 0 ? null : debtorData(subject.debts, today),
    reminder: inputs.reminderDays === null ? null : { days: inputs.reminderDays },
    change: { fields: inputs.changedFields, words: inputs.changedFields.map(fieldWords).join(', ') },
    event: inputs.trigger,
    today,
  } satisfies Record<ModelRoot, ModelValue>;
  const format = { locale: inputs.locale, timeZone: source.timeZone, currency, today };
  return { facts: { data, tracking }, template: { data, format } };
}

type DocumentRoot = 'invoice' | 'bill' | 'payment' | 'expense' | 'purchaseOrder' | 'vendorPayment';

function documentData(
  { record, invoice }: Subject,
  currency: string | null,
  today: IsoDate,
): Record<DocumentRoot, RootData | null> {
  const { payment, expense, purchaseOrder, vendorPayment } = record;
  const isSent = payment?.kind === 'sent';
  const ofInvoice = invoice?.invoice ? invoiceData(invoice.entityId, invoice.invoice, today) : null;
  const isBill = invoice?.invoice?.kind === 'purchase';
  return {
    invoice: isBill ? null : ofInvoice,
    bill: isBill ? ofInvoice : null,
    payment: payment && !isSent ? paymentData(record.entityId, payment, currency) : null,
    expense: expense ? { ...expenseData(record.entityId, expense), currency } : null,
    purchaseOrder: purchaseOrder ? purchaseOrderData(record.entityId, purchaseOrder) : null,
    vendorPayment: vendorPayment || isSent ? vendorPaymentData(record, currency) : null,
  };
}

function currencyOf({ record, invoice }: Subject): string | null {
  const document = record.payment ?? record.expense ?? record.purchaseOrder ?? record.vendorPayment;
  return document?.currency ?? invoice?.invoice?.currency ?? null;
}

function linesOf({ record, invoice }: Subject): readonly InvoiceLine[] {
  return record.purchaseOrder?.lines ?? invoice?.invoice?.lines ?? [];
}

/** Options by category: of the lines in their order, and of the contact for categories that no line has. */
function trackingOf(
  lines: readonly InvoiceLine[],
  contact: Pick<Contact, 'tracking'> | null,
): Record<string, readonly string[]> {
  const ofLines = lines.flatMap((line) => line.tracking);
  const categories = new Set(ofLines.map(({ category }) => category));
  const ofContact = (contact?.tracking ?? []).filter(({ category }) => !categories.has(category));
  const options = new Map<string, Set<string>>();
  for (const { category, option } of [...ofLines, ...ofContact]) {
    const known = options.get(category) ?? new Set<string>();
    options.set(category, known.add(clean(option) ?? ''));
  }
  return Object.fromEntries([...options].map(([category, names]) => [category, [...names]]));
}

/** What a debtor owes in all, the oldest first; sums are by currency, since nothing is converted here. */
function debtorData(debts: readonly AccountingRecord[], today: IsoDate): RootData {
  const invoices = debts.flatMap(({ invoice }) => (invoice ? [invoice] : []));
  const sorted = invoices.sort((a, b) => ((a.dueDate ?? '') < (b.dueDate ?? '') ? -1 : 1));
  const totals = new Map<string, string>();
  for (const { currency, amountDue } of sorted)
    totals.set(currency, addDecimals(totals.get(currency) ?? '0', amountDue));
  const oldest = sorted.find(({ dueDate }) => dueDate !== null)?.dueDate ?? null;
  return {
    invoiceCount: sorted.length,
    invoices: sorted.slice(0, MAX_DEBTS).map((invoice) => ({
      number: clean(invoice.number),
      reference: clean(invoice.reference),
      dueDate: invoice.dueDate,
      daysOverdue: daysOverdue(invoice.dueDate, today),
      currency: invoice.currency,
      total: invoice.total,
      amountDue: invoice.amountDue,
      onlineUrl: webAddress(invoice.onlineUrl),
    })),
    totals: [...totals].map(([currency, amountDue]) => ({ currency, amountDue })),
    oldestDueDate: oldest,
    daysOverdue: daysOverdue(oldest, today),
  };
}

const WORDS_FOR_FIELDS: Readonly<Record<string, string>> = {
  firstName: 'first name',
  lastName: 'last name',
  email: 'e-mail address',
  phones: 'phone numbers',
  groups: 'contact groups',
  tracking: 'tracking categories',
};

function fieldWords(field: string): string {
  return WORDS_FOR_FIELDS[field] ?? field;
}
