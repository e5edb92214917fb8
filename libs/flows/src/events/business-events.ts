import type { AccountingRecord, Invoice, IsoDate } from '#libs/contracts';
import { type BusinessEvent, eventOf } from './business-event.js';
import { contactEvents } from './contact-events.js';
import { billEvents, expenseEvents, purchaseOrderEvents, vendorPaymentEvents } from './purchase-events.js';
import type { SkipReason } from './skip-reasons.js';
import { bodyNameOf, isGone, stageOf } from './stages.js';
import { readsBody, type RecordTrigger, type Trigger, triggers } from './triggers.js';

/**
 * What happened between the previous state of the entity (null: none known) and this one. Without a previous state an
 * event may have been announced before; the same key gives the same command then, and that is dropped.
 */
export function eventsOf(previous: AccountingRecord | null, record: AccountingRecord): BusinessEvent[] {
  if (previous && previous.version > record.version) return [];
  const { invoice, contact } = record;
  if (invoice?.kind === 'purchase') return billEvents(previous, record, invoice);
  if (invoice) return invoiceEvents(previous, record, invoice);
  if (contact) return contactEvents(previous, record, contact);
  if (record.expense) return expenseEvents(previous, record);
  if (record.purchaseOrder) return purchaseOrderEvents(previous, record);
  return [...paymentEvents(previous, record), ...vendorPaymentEvents(previous, record)];
}

/** Why a record that a trigger looks at gave no event; null when the trigger is about other entities. */
export function whyNoEvent(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  trigger: Trigger,
): SkipReason | null {
  const body = bodyNameOf(record);
  if (body === null || !readsBody(trigger, body)) return null;
  const purchase = record.invoice?.kind === 'purchase' || record.payment?.kind === 'sent';
  const { party } = triggers[trigger];
  if (purchase && party === 'customer') return 'is-a-bill';
  if (!purchase && party === 'vendor' && (record.invoice || record.payment)) return 'is-not-a-bill';
  if (party === 'vendor' && record.contact?.isSupplier === false) return 'is-not-a-vendor';
  if (previous && previous.version > record.version) return 'stale-record';
  if (record.invoice && !purchase && trigger !== 'invoice.created' && stageOf(record) === 'draft')
    return 'not-issued';
  return 'nothing-new';
}

function invoiceEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  invoice: Invoice,
): BusinessEvent[] {
  const before = previous ? stageOf(previous) : null;
  const now = stageOf(record);
  const isIssued = now === 'open' || now === 'paid';
  const wasIssued = before === 'open' || before === 'paid';
  const wasSent = wasIssued && previous?.invoice?.sentToContact === true;
  const events: BusinessEvent[] = [];
  const happened = (trigger: RecordTrigger, occurredOn: IsoDate | null): void => {
    events.push(eventOf(trigger, record, previous, occurredOn));
  };
  if (now !== 'void' && !previous?.invoice) happened('invoice.created', invoice.issueDate);
  if (isIssued && !wasIssued) happened('invoice.issued', invoice.issueDate);
  if (isIssued && invoice.sentToContact && !wasSent) happened('invoice.sent', invoice.issueDate);
  if (now === 'paid' && before !== 'paid') happened('invoice.paid', invoice.fullyPaidOn);
  // Who was never told of an invoice need not be told that it is void.
  if (now === 'void' && wasIssued) happened('invoice.voided', null);
  return events;
}

function paymentEvents(previous: AccountingRecord | null, record: AccountingRecord): BusinessEvent[] {
  const { payment } = record;
  if (payment?.kind !== 'received' || payment.status !== 'settled' || isGone(record)) return [];
  if (previous?.payment?.status === 'settled') return [];
  return [eventOf('payment.received', record, previous, payment.paidOn)];
}
