import type { AccountingRecord, Invoice } from '#libs/contracts';
import { type BusinessEvent, eventOf } from './business-event.js';
import { isGone } from './stages.js';

/** What happened to a supplier's bill: it came, and it awaits somebody's approval. */
export function billEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
  bill: Invoice,
): BusinessEvent[] {
  if (isGone(record)) return [];
  const events: BusinessEvent[] = [];
  const before = previous && !isGone(previous) ? previous : null;
  if (!before) events.push(eventOf('bill.created', record, previous, bill.issueDate));
  if (bill.status === 'submitted' && before?.invoice?.status !== 'submitted') {
    events.push(eventOf('bill.awaiting-approval', record, previous, bill.issueDate));
  }
  return events;
}

/** An expense is recorded once. */
export function expenseEvents(previous: AccountingRecord | null, record: AccountingRecord): BusinessEvent[] {
  if (isGone(record) || previous?.expense) return [];
  return [eventOf('expense.recorded', record, previous, record.expense?.incurredOn ?? null)];
}

/** A purchase order is created once, be it a draft at first or not. */
export function purchaseOrderEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
): BusinessEvent[] {
  if (isGone(record) || previous?.purchaseOrder) return [];
  return [eventOf('purchase-order.created', record, previous, record.purchaseOrder?.issueDate ?? null)];
}

/**
 * Money went to a supplier: as a payment for several bills, or as the payment of one bill. A refund to a customer is a
 * payment that was sent, too, but pays no bill.
 */
export function vendorPaymentEvents(
  previous: AccountingRecord | null,
  record: AccountingRecord,
): BusinessEvent[] {
  if (isGone(record) || (previous && !isGone(previous))) return [];
  const { vendorPayment, payment } = record;
  if (!vendorPayment && (payment?.kind !== 'sent' || payment.invoiceId === null)) return [];
  const paidOn = (vendorPayment ?? payment)?.paidOn ?? null;
  return [eventOf('vendor-payment.sent', record, previous, paidOn)];
}
