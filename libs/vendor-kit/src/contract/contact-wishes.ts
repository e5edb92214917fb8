import type { Connection } from '#libs/contracts';
import type { VendorCall } from './call.js';

/** What a contact wants, as it is to stand in the books. */
export interface WishOfContact {
  /** The vendor's id of the contact. */
  readonly contactId: string;
  /** False: it wants no text messages. */
  readonly smsAllowed: boolean;
}

/** `written` = the books said something else before; `as-wished` = they said so already; `gone` = there is no such contact. */
export type WishResult = 'written' | 'as-wished' | 'gone';

/** A vendor whose books have a place for the wish to get no text messages. Nothing is written unless a connection names it. */
export interface VendorContactWishes {
  /** Whether this connection's settings name the place. */
  isSetUp(connection: Connection): boolean;
  /**
   * Brings the books to the wish: reads, compares, and writes only a difference, in a way that touches nothing else of the
   * contact. So it may be done again after a crash or a lost answer. Wishes of one contact come one after the other.
   * @throws VendorError; one that parks when the place is missing at the vendor or may not be written.
   */
  bring(call: VendorCall, wish: WishOfContact): Promise<WishResult>;
}
