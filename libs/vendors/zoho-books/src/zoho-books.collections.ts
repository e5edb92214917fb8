/** How one entity type stands in Zoho's API. */
export interface Collection {
  /** Canonical entity type. */
  readonly entityType: string;
  /** Path below `/books/v3`. */
  readonly path: string;
  readonly idField: string;
  /** Names under which one entity stands: in the answer to a GET and in a webhook's body. */
  readonly singular: readonly string[];
  /** Names of the list in a list's answer. */
  readonly plural: readonly string[];
  /**
   * How a list is asked for changes: `filter` = by `last_modified_time`; `sorted` = newest change first, until older ones come;
   * `newest` = newest entity first, until known ones come, because neither filter nor time of change is documented.
   */
  readonly polledBy: 'filter' | 'sorted' | 'newest';
}

/**
 * Paths and names of the OpenAPI documents (zoho.com/books/api/v3, openapi-all.zip); where these and what is seen on the wire
 * differ (`customer_payments`), both names are read.
 */
export const collections: readonly Collection[] = [
  {
    entityType: 'contact',
    path: 'contacts',
    idField: 'contact_id',
    singular: ['contact', 'customer', 'vendor'],
    plural: ['contacts'],
    polledBy: 'sorted',
  },
  {
    entityType: 'invoice',
    path: 'invoices',
    idField: 'invoice_id',
    singular: ['invoice'],
    plural: ['invoices'],
    polledBy: 'filter',
  },
  {
    entityType: 'bill',
    path: 'bills',
    idField: 'bill_id',
    singular: ['bill'],
    plural: ['bills'],
    polledBy: 'filter',
  },
  {
    entityType: 'purchaseOrder',
    path: 'purchaseorders',
    idField: 'purchaseorder_id',
    singular: ['purchaseorder', 'purchase_order'],
    plural: ['purchaseorders', 'purchase_orders'],
    polledBy: 'filter',
  },
  {
    entityType: 'payment',
    path: 'customerpayments',
    idField: 'payment_id',
    singular: ['payment', 'customer_payment', 'customerpayment'],
    plural: ['customerpayments', 'customer_payments'],
    polledBy: 'newest',
  },
  {
    entityType: 'vendorPayment',
    path: 'vendorpayments',
    idField: 'payment_id',
    singular: ['vendorpayment', 'vendor_payment', 'payment'],
    plural: ['vendorpayments', 'vendor_payments'],
    polledBy: 'filter',
  },
  {
    entityType: 'expense',
    path: 'expenses',
    idField: 'expense_id',
    singular: ['expense'],
    plural: ['expenses'],
    polledBy: 'newest',
  },
];

/** @throws RangeError for a type that Zoho Books does not have. */
export function collectionOf(entityType: string): Collection {
  const collection = collections.find((candidate) => candidate.entityType === entityType);
  if (!collection) throw new RangeError(`Zoho Books has no ${entityType}`);
  return collection;
}
