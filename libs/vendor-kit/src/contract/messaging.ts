import type { MessageCommand } from '#libs/contracts';
import type { VendorCall } from './call.js';

/** Ways to reach a person. */
export type Channel = 'sms' | 'email';

/** What the vendor said when it took a message. It is accepted, not delivered. */
export interface SendReceipt {
  readonly messageSid: string;
  /** The vendor's word. */
  readonly status: string;
}

/** The state of one message at the vendor. */
export interface MessageState {
  readonly messageSid: string;
  readonly channel: Channel;
  /** The vendor's word. */
  readonly status: string;
  readonly errorCode: number | null;
  readonly to: string;
  readonly from: string | null;
  readonly body: string | null;
  /** Our command, where the vendor gives back what we tagged the message with; else null. */
  readonly commandId: string | null;
  readonly messagingServiceSid: string | null;
  readonly direction: 'inbound' | 'outbound';
  /** Epoch milliseconds. */
  readonly createdAt: number | null;
  readonly segments: number | null;
  /** Amount as the vendor writes it (negative = cost) with its ISO 4217 currency; comes late. */
  readonly price: { readonly amount: string; readonly currency: string } | null;
}

/**
 * What an error of a message means for what to do next:
 * - `recipient`: this number or address will never work; mark the contact.
 * - `opted-out`: the recipient said no; remember it.
 * - `configuration`: the sender, service, account or country setting is wrong; park the connection's sends and alert.
 * - `content`: this text will never pass; alert.
 * - `transient`: try again with backoff, a few times.
 * - `later`: refused by a time window; try again in the window.
 * - `ambiguous`: may have been sent; reconcile, never repeat blindly.
 */
export type MessageErrorClass =
  'recipient' | 'opted-out' | 'configuration' | 'content' | 'transient' | 'later' | 'ambiguous';

/** One row of the messaging error table. */
export interface MessageErrorRule {
  readonly codes: readonly number[];
  readonly class: MessageErrorClass;
  /** Stable word for outcomes, e.g. `not-a-mobile-number`. */
  readonly reason: string;
  /** One sentence for people. */
  readonly meaning: string;
  /** At most this many repeats (`transient`, `later`); 0 otherwise. */
  readonly maxRetries: number;
  /** First wait of the backoff in milliseconds, where the vendor's documentation names one. */
  readonly firstRetryMs: number | null;
}

/** How delivery stands; reports come late, twice and out of order, so a lower rank never replaces a higher one. */
export interface StatusRank {
  readonly rank: number;
  /** No later status is to be expected. */
  readonly final: boolean;
  /** Final and reached the recipient (`true`), final and did not (`false`), or open (`null`). */
  readonly delivered: boolean | null;
}

/** How a text is cut and billed. */
export interface SegmentCount {
  readonly encoding: 'GSM-7' | 'UCS-2';
  /** Units of the encoding: septets or UTF-16 code units. */
  readonly units: number;
  readonly segments: number;
}

/** What is kept of a contact of the books at the vendor. Personal data. */
export interface VendorContact {
  /** Stable; at most 256 characters. */
  readonly key: string;
  readonly name: string | null;
  readonly kind: string;
  /** E.164. */
  readonly phone: string | null;
  readonly email: string | null;
  /** False = wants none; null = nothing was said. */
  readonly smsAllowed: boolean | null;
  readonly emailAllowed: boolean | null;
  /** Who said no: the recipient (`stop-message`, an error code) or the books; null when nobody did. */
  readonly optOutSource: string | null;
  readonly country: string | null;
  readonly timeZone: string | null;
  readonly language: string | null;
  readonly sourceVersion: number;
}

/** A vendor's place for contacts and what they want. All calls may be repeated: the same twice is the same once. */
export interface VendorContacts {
  /** Whether this connection has such a place; without it contacts are kept by Ledgerwire alone. */
  isSetUp(connection: VendorCall['connection']): boolean;
  /** Whether this connection may tell the vendor's own block list of opt-outs. */
  tellsOptOuts(connection: VendorCall['connection']): boolean;
  /** Keeps the contact in this state. @throws VendorError */
  put(call: VendorCall, contact: VendorContact): Promise<void>;
  /** One that is gone already counts as removed. @throws VendorError */
  remove(call: VendorCall, key: string): Promise<void>;
  /** Puts a number on the vendor's block list. @throws VendorError */
  tellOptOut(
    call: VendorCall,
    optOut: { readonly phone: string; readonly correlationId: string; readonly at: number },
  ): Promise<void>;
}

/** A vendor that carries messages to people. */
export interface VendorMessaging {
  readonly channels: readonly Channel[];
  /** What the vendor does with a repeat, for operators: `none` = a repeat is a second message. */
  readonly idempotency: 'none' | 'key';
  /** How long after a lost answer the vendor may still be at it; earlier absence from {@link list} shows nothing. */
  readonly settleMs: number;
  /** Sends one message. @throws VendorError; `effect` `unknown` means that it may have left. */
  send(
    call: VendorCall,
    command: MessageCommand,
    options: { readonly statusCallbackUrl: string },
  ): Promise<SendReceipt>;
  /** @throws VendorError (`vendor-not-found` when the vendor no longer has it). */
  fetch(
    call: VendorCall,
    message: { readonly channel: Channel; readonly messageSid: string },
  ): Promise<MessageState>;
  /**
   * Messages to one recipient created at or after `createdAfter` (epoch milliseconds), newest first, all pages: to
   * find out whether a send with a lost answer took place. @throws VendorError
   */
  list(
    call: VendorCall,
    filter: {
      readonly channel: Channel;
      readonly to: string;
      readonly createdAfter: number;
      /** Narrows the search where the vendor can find by what we tagged the message with. */
      readonly commandId?: string;
    },
  ): Promise<readonly MessageState[]>;
  /** Whether a listed message is the one that the command asked for: an exact comparison of what the vendor gives back. */
  isSameMessage(command: MessageCommand, state: MessageState, connection: VendorCall['connection']): boolean;
  /** By error code of a refused send or a failed delivery. Data; unknown codes fall back to {@link fallbackClass}. */
  readonly errorTable: readonly MessageErrorRule[];
  /** For a code that the table lacks, by HTTP status of the refused send (undefined = a delivery report). */
  fallbackClass(status: number | undefined): MessageErrorClass;
  /** Unknown words rank lowest and are open. */
  rankOf(channel: Channel, status: string): StatusRank;
  segmentsOf(text: string): SegmentCount;
  /** Absent = the vendor has no place for contacts. */
  readonly contacts?: VendorContacts;
  /** Longest text that the vendor takes, in characters. */
  readonly maxBodyChars: number;
}
