import { totalsOf } from './amounts.js';
import type { Books } from './books.js';
import { type Plan, planDocumentContact } from './contact-rules.js';
import { booleanField, dateField, type Fields, has, listField, numberField, textField } from './fields.js';
import { planLines, retaxed } from './line-rules.js';
import type { Contact, DateText, Invoice, InvoiceStatus, Line, LineAmountTypes } from './xero-types.js';

const NOT_MODIFIABLE = 'Invoice not of valid status for modification';
const HAS_PAYMENTS = 'This document cannot be edited as it has a payment or credit note allocated to it.';

/** Where a client may move an invoice; PAID is reached by payments alone. */
const MOVES: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  DRAFT: ['SUBMITTED', 'AUTHORISED', 'DELETED'],
  SUBMITTED: ['DRAFT', 'AUTHORISED', 'DELETED'],
  AUTHORISED: ['VOIDED'],
  PAID: [],
  VOIDED: [],
  DELETED: [],
};

/** Fields that may change whatever was paid; of these, the first two do not move UpdatedDateUTC once part-paid. */
const SOFT_FIELDS = new Set(['DueDate', 'SentToContact', 'Reference', 'Url', 'ExpectedPaymentDate']);
const SILENT_FIELDS = new Set(['DueDate', 'SentToContact']);
const IDENTITY_FIELDS = new Set(['InvoiceID', 'InvoiceNumber', 'Type', 'Status']);

interface Draft {
  readonly contact: Plan<Contact> | undefined;
  readonly lines: readonly Line[];
  readonly types: LineAmountTypes;
  readonly date: DateText;
  readonly dueDate: DateText;
  readonly status: InvoiceStatus;
  readonly number: string | undefined;
  readonly currency: string;
}

/** Plans one element of PUT (create only) or POST (create or update) /Invoices. */
export function planInvoice(books: Books, fields: Fields, mode: 'create' | 'upsert'): Plan<Invoice> {
  const id = textField(fields, 'InvoiceID');
  const existing = mode === 'upsert' ? findInvoice(books, fields) : undefined;
  if (mode === 'upsert' && id !== undefined && !existing) return { errors: ['Invoice could not be found'] };
  return existing ? planUpdate(books, fields, existing) : planCreate(books, fields);
}

function findInvoice(books: Books, fields: Fields): Invoice | undefined {
  const id = textField(fields, 'InvoiceID');
  if (id !== undefined) return books.invoices.get(id);
  const number = textField(fields, 'InvoiceNumber');
  return number === undefined || textField(fields, 'Type') === 'ACCPAY'
    ? undefined
    : books.invoiceByNumber('ACCREC', number);
}

function planCreate(books: Books, fields: Fields): Plan<Invoice> {
  const type = textField(fields, 'Type');
  if (type !== 'ACCREC' && type !== 'ACCPAY') return { errors: ['Invoice type must be ACCREC or ACCPAY'] };
  const errors: string[] = [];
  const status = textField(fields, 'Status') ?? 'DRAFT';
  if (status !== 'DRAFT' && status !== 'SUBMITTED' && status !== 'AUTHORISED')
    return { errors: [`'${status}' is not a valid status for a new invoice`] };
  const draft = readDraft(books, fields, type, status, undefined, errors);
  const { contact } = draft;
  if (!contact || 'errors' in contact) return { errors: [...errors, ...(contact?.errors ?? [])] };
  if (errors.length > 0) return { errors };
  return {
    action: 'create',
    apply: () => {
      const invoice = newInvoice(books, fields, type, draft, contact.apply());
      books.addInvoice(invoice);
      books.note(invoice.id, 'Created', `Invoice ${invoice.number} created`);
      return invoice;
    },
  };
}

function planUpdate(books: Books, fields: Fields, invoice: Invoice): Plan<Invoice> {
  const target = (textField(fields, 'Status') ?? invoice.status) as InvoiceStatus;
  const refused = moveErrors(fields, invoice, target);
  if (refused.length > 0) return { errors: refused };
  const errors: string[] = [];
  const draft = readDraft(books, fields, invoice.type, target, invoice, errors);
  const contact = draft.contact;
  if (contact && 'errors' in contact) errors.push(...contact.errors);
  if (errors.length > 0) return { errors };
  const silent = invoice.amountPaid > 0 && editedFields(fields).every((name) => SILENT_FIELDS.has(name));
  return {
    action: 'update',
    apply: () => {
      const chosen = contact && 'apply' in contact ? contact.apply() : invoice.contact;
      books.changeInvoice(invoice, () => editInvoice(invoice, fields, draft, chosen), silent);
      books.note(invoice.id, 'Edited', `Invoice ${invoice.number}: ${invoice.status}`);
      return invoice;
    },
  };
}

function moveErrors(fields: Fields, invoice: Invoice, target: InvoiceStatus): string[] {
  const edited = editedFields(fields);
  const onlySoft = edited.every((name) => SOFT_FIELDS.has(name));
  if (target !== invoice.status) {
    if (!MOVES[invoice.status].includes(target)) return [NOT_MODIFIABLE];
    return target === 'VOIDED' && invoice.amountPaid > 0 ? [HAS_PAYMENTS] : [];
  }
  if (invoice.status === 'VOIDED' || invoice.status === 'DELETED') return [NOT_MODIFIABLE];
  if (onlySoft) return [];
  if (invoice.status === 'PAID') return [NOT_MODIFIABLE];
  return invoice.amountPaid > 0 ? [HAS_PAYMENTS] : [];
}

function editedFields(fields: Fields): string[] {
  return Object.keys(fields).filter((name) => has(fields, name) && !IDENTITY_FIELDS.has(name));
}

function readDraft(
  books: Books,
  fields: Fields,
  type: Invoice['type'],
  status: InvoiceStatus,
  former: Invoice | undefined,
  errors: string[],
): Draft {
  const types = readTypes(fields, errors) ?? former?.lineAmountTypes ?? 'Exclusive';
  const lines = readLines(books, fields, types, type, former, errors);
  if (status === 'AUTHORISED' && lines.length === 0) errors.push('One or more line items must be specified');
  const date = readDocumentDate(fields, 'Date', errors) ?? former?.date ?? books.today();
  const dueDate = readDocumentDate(fields, 'DueDate', errors) ?? former?.dueDate ?? date;
  if (!former || has(fields, 'Date')) errors.push(...lockErrors(books, date));
  const currency = textField(fields, 'CurrencyCode') ?? former?.currency ?? books.organisation.baseCurrency;
  if (!/^[A-Z]{3}$/.test(currency)) errors.push(`The currency code '${currency}' is not valid.`);
  const number = textField(fields, 'InvoiceNumber');
  const namesake = number === undefined ? undefined : books.invoiceByNumber('ACCREC', number);
  if (type === 'ACCREC' && namesake && namesake !== former) errors.push('Invoice # must be unique.');
  if (booleanField(fields, 'SentToContact') === true && status !== 'AUTHORISED' && status !== 'PAID')
    errors.push('SentToContact can only be set on approved invoices');
  const contact =
    former && !has(fields, 'Contact') ? undefined : planDocumentContact(books, fields['Contact']);
  return { contact, lines, types, date, dueDate, status, number, currency };
}

function readLines(
  books: Books,
  fields: Fields,
  types: LineAmountTypes,
  type: Invoice['type'],
  former: Invoice | undefined,
  errors: string[],
): readonly Line[] {
  const sent = listField(fields, 'LineItems');
  if (!sent)
    return former && types !== former.lineAmountTypes
      ? retaxed(books, former.lines, types)
      : (former?.lines ?? []);
  const plan = planLines(books, sent, types, type, former?.lines ?? []);
  if ('lines' in plan) return plan.lines;
  errors.push(...plan.errors);
  return [];
}

function readTypes(fields: Fields, errors: string[]): LineAmountTypes | undefined {
  const sent = textField(fields, 'LineAmountTypes');
  if (sent === undefined) return undefined;
  const found = (['Exclusive', 'Inclusive', 'NoTax'] as const).find(
    (type) => type.toLowerCase() === sent.toLowerCase(),
  );
  if (!found) errors.push(`LineAmountTypes '${sent}' is not one of Exclusive, Inclusive, NoTax`);
  return found;
}

function readDocumentDate(fields: Fields, name: string, errors: string[]): DateText | undefined {
  const date = dateField(fields, name);
  if (date === null) errors.push(`${name} is not a valid date`);
  return date ?? undefined;
}

function lockErrors(books: Books, date: DateText): string[] {
  const { periodLockDate, endOfYearLockDate } = books.organisation;
  const locks = [periodLockDate, endOfYearLockDate].filter((lock) => lock !== undefined && date <= lock);
  return locks.length > 0 ? ['The document date cannot be before the period lock date.'] : [];
}

function newInvoice(
  books: Books,
  fields: Fields,
  type: Invoice['type'],
  draft: Draft,
  contact: Contact,
): Invoice {
  const invoice: Invoice = {
    kind: 'invoice',
    id: books.environment.ids.uuid(),
    updatedAt: books.environment.clock.now(),
    type,
    number: draft.number ?? (type === 'ACCREC' ? books.nextInvoiceNumber() : ''),
    reference: undefined,
    contact,
    date: draft.date,
    dueDate: draft.dueDate,
    expectedPaymentDate: undefined,
    status: draft.status,
    lineAmountTypes: draft.types,
    lines: draft.lines,
    currency: draft.currency,
    currencyRate: 1,
    sentToContact: false,
    url: undefined,
    ...totalsOf(draft.lines, draft.types),
    amountPaid: 0,
    fullyPaidOn: undefined,
    payments: [],
  };
  editInvoice(invoice, fields, draft, contact);
  return invoice;
}

function editInvoice(invoice: Invoice, fields: Fields, draft: Draft, contact: Contact): void {
  const { subTotal, totalTax, total } = totalsOf(draft.lines, draft.types);
  Object.assign(invoice, { contact, subTotal, totalTax, total });
  invoice.lines = draft.lines;
  invoice.lineAmountTypes = draft.types;
  invoice.date = draft.date;
  invoice.dueDate = draft.dueDate;
  invoice.status = draft.status;
  invoice.currency = draft.currency;
  if (draft.number !== undefined) invoice.number = draft.number;
  invoice.reference = textField(fields, 'Reference') ?? invoice.reference;
  invoice.url = textField(fields, 'Url') ?? invoice.url;
  invoice.currencyRate = numberField(fields, 'CurrencyRate') ?? invoice.currencyRate;
  invoice.sentToContact = booleanField(fields, 'SentToContact') ?? invoice.sentToContact;
  invoice.expectedPaymentDate = dateField(fields, 'ExpectedPaymentDate') ?? invoice.expectedPaymentDate;
}
