import type {
  AccountingRecord,
  Connection,
  Contact,
  EpochMs,
  Invoice,
  IsoDate,
  Payment,
} from '#libs/contracts';
import { compareDecimals } from '#libs/core';
import type { ConditionFacts } from '../conditions/evaluate-condition.js';
import type { Trigger } from '../events/triggers.js';
import type { ModelValue, TemplateModel } from '../templates/template-model.js';
import { companyDate, daysBetween } from './company-time.js';

/** The records that one message is about; null where there is none. */
export interface Subject {
  readonly invoice: AccountingRecord | null;
  readonly payment: AccountingRecord | null;
  readonly contact: Contact | null;
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

/** A message lists few lines; a 10,000-line invoice must not travel to the renderer whole. */
const MAX_LINES = 50;
const MAX_TEXT_CHARS = 500;

/** Builds the data of one message: plain, bounded, with every field of the model present, null where unknown. */
export function buildModel(inputs: ModelInputs): Model {
  const { subject, source } = inputs;
  const today = companyDate(inputs.now, source.timeZone);
  const tracking = trackingOf(subject.invoice?.invoice ?? null, subject.contact);
  const currency =
    subject.payment?.payment?.currency ?? subject.invoice?.invoice?.currency ?? source.currency;
  const data = {
    invoice: subject.invoice?.invoice
      ? invoiceData(subject.invoice.entityId, subject.invoice.invoice, today)
      : null,
    payment: subject.payment?.payment
      ? paymentData(subject.payment.entityId, subject.payment.payment, currency)
      : null,
    contact: subject.contact ? contactData(subject.contact) : null,
    company: {
      name: clean(source.displayName),
      country: source.country,
      currency: source.currency,
      timeZone: source.timeZone,
    },
    tracking: Object.fromEntries(
      Object.entries(tracking).map(([category, options]) => [category, options[0] ?? null]),
    ),
    reminder: inputs.reminderDays === null ? null : { days: inputs.reminderDays },
    change: { fields: inputs.changedFields },
    event: inputs.trigger,
    today,
  } satisfies Record<string, ModelValue>;
  const format = { locale: inputs.locale, timeZone: source.timeZone, currency };
  return { facts: { data, tracking }, template: { data, format } };
}

/** Options by category: of the invoice's lines in their order, and of the contact for categories that no line has. */
export function trackingOf(
  invoice: Pick<Invoice, 'lines'> | null,
  contact: Pick<Contact, 'tracking'> | null,
): Record<string, readonly string[]> {
  const ofLines = invoice?.lines.flatMap((line) => line.tracking) ?? [];
  const categories = new Set(ofLines.map(({ category }) => category));
  const ofContact = (contact?.tracking ?? []).filter(({ category }) => !categories.has(category));
  const options = new Map<string, Set<string>>();
  for (const { category, option } of [...ofLines, ...ofContact]) {
    const known = options.get(category) ?? new Set<string>();
    options.set(category, known.add(clean(option) ?? ''));
  }
  return Object.fromEntries([...options].map(([category, names]) => [category, [...names]]));
}

function invoiceData(id: string, invoice: Invoice, today: IsoDate): Record<string, ModelValue> {
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
    daysOverdue: invoice.dueDate === null || isPaid ? 0 : Math.max(0, daysBetween(invoice.dueDate, today)),
    contactName: clean(invoice.contactName),
    onlineUrl: webAddress(invoice.onlineUrl),
    lineCount: invoice.lines.length,
    lines: invoice.lines.slice(0, MAX_LINES).map((line) => ({
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
    })),
  };
}

function paymentData(id: string, payment: Payment, currency: string | null): Record<string, ModelValue> {
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

function contactData(contact: Contact): Record<string, ModelValue> {
  return {
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

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
const BREAKS_AND_CONTROLS = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Characters that turn the direction of what follows and could make a text read as another. */
const DIRECTION_OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

/** Text of the books as one bounded line, so that a customer's name cannot add lines or reorder a message. */
function clean(text: string | null): string | null {
  if (text === null) return null;
  return text
    .slice(0, MAX_TEXT_CHARS)
    .replace(DIRECTION_OVERRIDES, '')
    .replace(BREAKS_AND_CONTROLS, ' ')
    .trim()
    .toWellFormed();
}

/** Only what a browser opens as a page; `javascript:` and the like never become a link. */
function webAddress(text: string | null): string | null {
  return text !== null && /^https?:\/\/[^\s"'<>]+$/i.test(text) ? text : null;
}
