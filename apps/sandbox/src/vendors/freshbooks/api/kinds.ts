import type { EntityKind } from '../books/entity.js';
import { among, days, type SearchKeys } from './list-query.js';

/** One collection of the accounting API. */
export interface KindRoutes {
  readonly kind: EntityKind;
  /** Below `/accounting/account/{account_id}/`. */
  readonly path: string;
  readonly plural: string;
  readonly singular: string;
  /** The object of the scope, e.g. `invoices`. */
  readonly scope: string;
  /** Filters that were seen to work; every other key is ignored and gives the whole list. */
  readonly search: SearchKeys;
}

const updated = days('updated', 'updated');

/** The collections with the filters that work. */
export const KINDS: readonly KindRoutes[] = [
  {
    kind: 'invoice',
    path: 'invoices/invoices',
    plural: 'invoices',
    singular: 'invoice',
    scope: 'invoices',
    search: {
      ...updated,
      ...days('date', 'create_date'),
      ...among('customerid', 'customerid'),
      ...among('invoiceid', 'id'),
      ...among('invoiceids', 'id'),
      ...among('invoice_number', 'invoice_number'),
    },
  },
  {
    kind: 'payment',
    path: 'payments/payments',
    plural: 'payments',
    singular: 'payment',
    scope: 'payments',
    search: {
      ...updated,
      ...days('date', 'date'),
      ...among('invoiceid', 'invoiceid'),
      ...among('clientid', 'clientid'),
      ...among('type', 'type'),
    },
  },
  {
    kind: 'client',
    path: 'users/clients',
    plural: 'clients',
    singular: 'client',
    scope: 'clients',
    search: { ...updated, ...among('email', 'email'), ...among('userid', 'id'), ...among('userids', 'id') },
  },
  {
    kind: 'bill',
    path: 'bills/bills',
    plural: 'bills',
    singular: 'bill',
    scope: 'bills',
    search: {
      ...among('vendorid', 'vendorid'),
      ...among('currency_code', 'currency_code'),
      ...among('ids', 'id'),
    },
  },
  {
    kind: 'bill_vendor',
    path: 'bill_vendors/bill_vendors',
    plural: 'bill_vendors',
    singular: 'bill_vendor',
    scope: 'bill_vendors',
    search: {},
  },
  {
    kind: 'bill_payment',
    path: 'bill_payments/bill_payments',
    plural: 'bill_payments',
    singular: 'bill_payment',
    scope: 'bill_payments',
    search: {},
  },
  {
    kind: 'expense',
    path: 'expenses/expenses',
    plural: 'expenses',
    singular: 'expense',
    scope: 'expenses',
    search: {
      ...updated,
      ...days('date', 'date'),
      ...among('clientid', 'clientid'),
      ...among('vendor', 'vendor'),
    },
  },
];
