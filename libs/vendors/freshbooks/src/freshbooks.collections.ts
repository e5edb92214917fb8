import { type EntityTypePlan } from '#libs/vendor-kit';
import type { StampZone } from './freshbooks.times.js';

const MINUTE_MS = 60_000;
/** As many ids as keep the URL short; a list holds at most 100 anyway. */
const MAX_IDS = 40;
/** Fetched one by one: these few at once. */
const FEW = 4;

/** One list of the accounting API: where it is and what it can do (names and filters that were seen to work, [gs] and [sdk]). */
export interface Collection {
  /** Below `/accounting/account/{account_id}/`. */
  readonly path: string;
  /** Key of the list; a single object stands under `singular`. */
  readonly plural: string;
  readonly singular: string;
  readonly idField: string;
  /** What an answer includes only when it is asked to. */
  readonly include?: string;
  /** Key of `search[…][]` that finds several by id; FreshBooks ignores keys that it does not know. */
  readonly idsFilter?: string;
  /** Whether `search[updated_min]` filters; where it does not, a poll reads the whole list. */
  readonly updatedFilter: boolean;
  readonly updatedField: 'updated' | 'updated_at';
  readonly stampZone: StampZone;
  /** Canonical type of what is in it. */
  readonly entityType: string;
}

const stamped = { updatedFilter: true, updatedField: 'updated', stampZone: 'eastern' } as const;

/** By the entity type of the plan; `vendor` is a poll of its own, and its entities are contacts. */
export const collections: Readonly<Record<string, Collection>> = {
  invoice: {
    ...stamped,
    entityType: 'invoice',
    path: 'invoices/invoices',
    plural: 'invoices',
    singular: 'invoice',
    idField: 'id',
    include: 'lines',
    idsFilter: 'invoiceids',
  },
  payment: {
    ...stamped,
    entityType: 'payment',
    path: 'payments/payments',
    plural: 'payments',
    singular: 'payment',
    idField: 'id',
  },
  contact: {
    ...stamped,
    entityType: 'contact',
    path: 'users/clients',
    plural: 'clients',
    singular: 'client',
    idField: 'id',
    idsFilter: 'userids',
  },
  expense: {
    ...stamped,
    entityType: 'expense',
    path: 'expenses/expenses',
    plural: 'expenses',
    singular: 'expense',
    idField: 'id',
    include: 'category',
  },
  bill: {
    entityType: 'bill',
    path: 'bills/bills',
    plural: 'bills',
    singular: 'bill',
    idField: 'id',
    idsFilter: 'ids',
    updatedFilter: false,
    updatedField: 'updated_at',
    stampZone: 'utc',
  },
  vendor: {
    entityType: 'contact',
    path: 'bill_vendors/bill_vendors',
    plural: 'bill_vendors',
    singular: 'bill_vendor',
    idField: 'vendorid',
    updatedFilter: false,
    updatedField: 'updated_at',
    stampZone: 'eastern',
  },
};

/** Webhooks tell of everything; polls find what they lost. Lists that can only be read whole are polled less often. */
export const entityTypes: readonly EntityTypePlan[] = [
  { entityType: 'contact', emitOrder: 1, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 30 * MINUTE_MS },
  { entityType: 'vendor', emitOrder: 1, maxBatch: FEW, notified: true, pollIntervalMs: 60 * MINUTE_MS },
  { entityType: 'invoice', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 15 * MINUTE_MS },
  { entityType: 'bill', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 30 * MINUTE_MS },
  { entityType: 'payment', emitOrder: 3, maxBatch: FEW, notified: true, pollIntervalMs: 15 * MINUTE_MS },
  { entityType: 'expense', emitOrder: 3, maxBatch: FEW, notified: true, pollIntervalMs: 30 * MINUTE_MS },
];

/** @throws RangeError for a type that FreshBooks does not have. */
export function collectionOf(entityType: string): Collection {
  const collection = collections[entityType];
  if (!collection) throw new RangeError(`FreshBooks has no ${entityType}`);
  return collection;
}
