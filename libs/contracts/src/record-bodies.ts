import type { AccountingRecord } from './generated/types.js';

/** The canonical bodies of a record, of which one is set. */
export type RecordBodies = Pick<
  AccountingRecord,
  'invoice' | 'payment' | 'contact' | 'expense' | 'purchaseOrder' | 'vendorPayment'
>;

/** A record without any body; spread it below the one that is set, so that a new kind of body is added in one place. */
export const noBodies: RecordBodies = {
  invoice: null,
  payment: null,
  contact: null,
  expense: null,
  purchaseOrder: null,
  vendorPayment: null,
};
