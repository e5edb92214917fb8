import type { AccountingRecord, RecordBodies } from '#libs/contracts';
import { compareDecimals } from '#libs/core';
import type { BodyName } from './triggers.js';

/** Where an invoice stands as far as messages go: a deleted draft was never more than a draft. */
export type InvoiceStage = 'draft' | 'open' | 'paid' | 'void';

/** The stage of an invoice record. */
export function stageOf(record: AccountingRecord): InvoiceStage {
  const status = record.invoice?.status;
  if (record.deleted || status === 'deleted' || status === 'voided') return 'void';
  if (status === 'paid') return 'paid';
  return status === 'issued' ? 'open' : 'draft';
}

/** Whether nothing is open on an invoice any more, be it paid or credited. */
export function isSettled(record: AccountingRecord): boolean {
  return (
    record.invoice !== null &&
    (stageOf(record) === 'paid' || compareDecimals(record.invoice.amountDue, '0') <= 0)
  );
}

const BODY_NAMES: readonly BodyName[] = [
  'invoice',
  'payment',
  'contact',
  'expense',
  'purchaseOrder',
  'vendorPayment',
];

/** Which body a record has; null for one that the vendor no longer has. */
export function bodyNameOf(record: RecordBodies): BodyName | null {
  return BODY_NAMES.find((name) => record[name] !== null) ?? null;
}

/** Whether the document was voided, cancelled or deleted; what is gone is announced to nobody. */
export function isGone(record: AccountingRecord): boolean {
  const status =
    record.invoice?.status ??
    record.payment?.status ??
    record.expense?.status ??
    record.purchaseOrder?.status ??
    record.vendorPayment?.status;
  return record.deleted || status === 'deleted' || status === 'voided' || status === 'cancelled';
}

/** Whom a record's document names. */
export function contactIdOf(record: AccountingRecord): string | null {
  const body =
    record.invoice ?? record.payment ?? record.expense ?? record.purchaseOrder ?? record.vendorPayment;
  return body?.contactId ?? null;
}
