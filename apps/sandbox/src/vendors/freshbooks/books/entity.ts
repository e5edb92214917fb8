/** An object of the accounting API as it goes over the wire: snake_case, money as `{amount, code}`. */
export interface Entity {
  readonly id: number;
  vis_state: number;
  [field: string]: unknown;
}

/** The collections of an account that the double keeps. */
export type EntityKind =
  'invoice' | 'payment' | 'client' | 'bill' | 'bill_vendor' | 'bill_payment' | 'expense';

/** A change as callbacks tell of it. */
export interface BookChange {
  readonly accountId: string;
  /** Noun and verb, e.g. `invoice.create`. */
  readonly event: string;
  readonly objectId: number;
}

/** FreshBooks' error of one field. */
export interface FieldError {
  readonly errno: number;
  readonly field: string;
  readonly message: string;
  readonly object: string;
  readonly value: string;
}

/** A write that FreshBooks refuses. */
export class WriteError extends Error {
  override readonly name = 'WriteError';

  constructor(readonly error: FieldError) {
    super(error.message);
  }
}

/** Money on the wire. */
export interface Money {
  readonly amount: string;
  readonly code: string;
}

/** `vis_state` of a deleted object. */
export const DELETED = 1;
