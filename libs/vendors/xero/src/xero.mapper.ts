import type { Invoice, InvoiceLine, Payment, TrackingOption } from '#libs/contracts';
import { subtractDecimals } from '#libs/core';
import { type EntityRef, type RawEntity, RawFields, type RecordBody } from '#libs/vendor-kit';
import { toContact } from './xero.contact-mapper.js';
import { calendarDateOf, instantOf } from './xero.dates.js';

/** Xero's status words (Invoices, "Status"); PAID is set by Xero alone. */
const invoiceStatuses: Readonly<Record<string, string>> = {
  DRAFT: 'draft',
  SUBMITTED: 'submitted',
  AUTHORISED: 'issued',
  PAID: 'paid',
  VOIDED: 'voided',
  DELETED: 'deleted',
};
const invoiceKinds: Readonly<Record<string, 'sales' | 'purchase'>> = { ACCREC: 'sales', ACCPAY: 'purchase' };
const paymentStatuses: Readonly<Record<string, string>> = { AUTHORISED: 'settled', DELETED: 'deleted' };
/** Refunds of what a customer overpaid or was credited go out; those of a supplier come in. */
const paymentKinds: Readonly<Record<string, 'received' | 'sent'>> = {
  ACCRECPAYMENT: 'received',
  ACCPAYPAYMENT: 'sent',
  ARCREDITPAYMENT: 'sent',
  ARPREPAYMENTPAYMENT: 'sent',
  AROVERPAYMENTPAYMENT: 'sent',
  APCREDITPAYMENT: 'received',
  APPREPAYMENTPAYMENT: 'received',
  APOVERPAYMENTPAYMENT: 'received',
};

/** A Xero object as a canonical record. Pure. @throws LedgerwireError `unmappable` naming the field. */
export function toRecordBody(raw: RawEntity): RecordBody {
  const mapper = mappers[raw.entityType];
  if (!mapper) throw new RawFields({}, raw.entityType).wrong('type');
  const fields = new RawFields(raw.value, raw.entityType);
  const version = instantOf(fields.text('UpdatedDateUTC') ?? fields.requiredText('UpdatedDateUTCString'));
  if (version === undefined) throw fields.wrong('UpdatedDateUTC');
  return {
    invoice: null,
    payment: null,
    contact: null,
    entityNumber: null,
    entityId: raw.entityId,
    version,
    ...mapper(fields),
  };
}

type Mapped = Pick<RecordBody, 'entityType' | 'deleted'> & Partial<RecordBody>;

const mappers: Readonly<Record<string, (fields: RawFields) => Mapped>> = {
  invoice: mapInvoice,
  bill: mapInvoice,
  payment: (fields) => {
    const payment = toPayment(fields);
    return {
      entityType: 'payment',
      deleted: payment.status === 'deleted',
      payment,
      entityNumber: payment.invoiceNumber,
    };
  },
  contact: (fields) => {
    const contact = toContact(fields);
    return { entityType: 'contact', deleted: false, contact, entityNumber: contact.externalNumber };
  },
};

function mapInvoice(fields: RawFields): Mapped {
  const invoice = toInvoice(fields);
  return {
    entityType: invoice.kind === 'sales' ? 'invoice' : 'bill',
    deleted: invoice.status === 'deleted',
    invoice,
    entityNumber: invoice.number,
  };
}

function toInvoice(fields: RawFields): Invoice {
  const contact = fields.object('Contact');
  const total = fields.requiredAmount('Total');
  const amountPaid = fields.amount('AmountPaid') ?? '0';
  const amountCredited = fields.amount('AmountCredited') ?? '0';
  return {
    kind: word(fields, 'Type', invoiceKinds),
    number: fields.text('InvoiceNumber'),
    reference: fields.text('Reference'),
    status: word(fields, 'Status', invoiceStatuses),
    contactId: contact?.text('ContactID') ?? null,
    contactName: contact?.text('Name') ?? null,
    issueDate: date(fields, 'DateString') ?? date(fields, 'Date'),
    dueDate: date(fields, 'DueDateString') ?? date(fields, 'DueDate'),
    fullyPaidOn: date(fields, 'FullyPaidOnDate'),
    currency: fields.requiredText('CurrencyCode'),
    total,
    amountDue:
      fields.amount('AmountDue') ?? subtractDecimals(subtractDecimals(total, amountPaid), amountCredited),
    amountPaid,
    amountCredited,
    sentToContact: fields.flag('SentToContact'),
    // Its own call (`/Invoices/{id}/OnlineInvoice`), which no flow asks for yet.
    onlineUrl: null,
    lines: fields.list('LineItems').map(toLine),
  };
}

function toLine(line: RawFields): InvoiceLine {
  return {
    description: line.text('Description'),
    quantity: line.amount('Quantity'),
    unitAmount: line.amount('UnitAmount'),
    lineAmount: line.amount('LineAmount'),
    accountCode: line.text('AccountCode'),
    itemCode: line.text('ItemCode'),
    tracking: line.list('Tracking').flatMap(toTracking),
  };
}

function toTracking(choice: RawFields): TrackingOption[] {
  const category = choice.text('Name');
  const option = choice.text('Option');
  return category === null || option === null ? [] : [{ category, option }];
}

function toPayment(fields: RawFields): Payment {
  const invoice = fields.object('Invoice');
  const party = (
    invoice ??
    fields.object('CreditNote') ??
    fields.object('Prepayment') ??
    fields.object('Overpayment')
  )?.object('Contact');
  return {
    kind: word(fields, 'PaymentType', paymentKinds),
    status: word(fields, 'Status', paymentStatuses),
    amount: fields.requiredAmount('Amount'),
    currency: invoice?.text('CurrencyCode') ?? null,
    paidOn: date(fields, 'Date'),
    reference: fields.text('Reference'),
    invoiceId: invoice?.text('InvoiceID') ?? null,
    invoiceNumber: invoice?.text('InvoiceNumber') ?? null,
    contactId: party?.text('ContactID') ?? null,
    contactName: party?.text('Name') ?? null,
  };
}

/** A contact comes before its documents, an invoice before its payments. */
export function relatedTo(body: RecordBody): EntityRef[] {
  const contactId = body.invoice?.contactId ?? body.payment?.contactId;
  const invoiceId = body.payment?.invoiceId;
  const contact = contactId ? [{ entityType: 'contact', entityId: contactId }] : [];
  const invoiceType = body.payment?.kind === 'sent' ? 'bill' : 'invoice';
  return invoiceId ? [...contact, { entityType: invoiceType, entityId: invoiceId }] : contact;
}

/** Payments that an invoice lists: Xero has no webhook for them, but one for the invoice that they change. */
export function discoveredIn(raw: RawEntity): EntityRef[] {
  if (raw.entityType !== 'invoice' && raw.entityType !== 'bill') return [];
  return new RawFields(raw.value, raw.entityType)
    .list('Payments')
    .flatMap((payment) => payment.text('PaymentID') ?? [])
    .map((entityId) => ({ entityType: 'payment', entityId }));
}

function word<T extends string>(fields: RawFields, name: string, words: Readonly<Record<string, T>>): T {
  const found = words[fields.requiredText(name)];
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
