import type { AccountingRecord, RecordBodies } from '#libs/contracts';
import type { VendorCall } from './call.js';

/** One entity as the vendor gave it. */
export interface RawEntity {
  readonly entityType: string;
  readonly entityId: string;
  /** The vendor's JSON of this entity; numbers keep every digit. Becomes `AccountingRecord.raw`. */
  readonly json: string;
  /** `json` parsed with exact numbers; for the vendor's own mapper. */
  readonly value: unknown;
}

/**
 * The part of an AccountingRecord that the vendor's mapper knows. Exactly one body is set; others may be left out, so that a new
 * kind of body changes neither the other vendors nor the digests of what they emitted.
 */
export type RecordBody = Pick<AccountingRecord, 'entityNumber' | 'version' | 'deleted'> &
  Partial<RecordBodies> & {
    /** Canonical type; can differ from the type asked for (a Xero invoice of type ACCPAY is a `bill`). */
    readonly entityType: string;
    readonly entityId: string;
  };

/** Names an entity within its connection. */
export interface EntityRef {
  readonly entityType: string;
  readonly entityId: string;
}

/** An entity as a list names it, without its content. */
export interface ListedEntity extends EntityRef {
  /** As in RecordBody; null = the list does not say, so it is fetched when it has never been emitted. */
  readonly version: number | null;
}

/** How one entity type is fetched and polled. */
export interface EntityTypePlan {
  readonly entityType: string;
  /** Lower comes first when several are emitted together: a contact before its invoices, an invoice before its payments. */
  readonly emitOrder: number;
  /** How many ids one {@link VendorSource.fetchEntities} call takes at most. */
  readonly maxBatch: number;
  /** Whether the vendor's webhooks tell of it; if not, the poll is the only way. */
  readonly notified: boolean;
  /** Default pause between two polls; null = not polled. A connection's setting may lengthen it. */
  readonly pollIntervalMs: number | null;
}

/** One page of a poll. */
export interface PollPage {
  readonly entities: readonly RawEntity[];
  /**
   * Entities of which the list tells only that they changed: the fetcher fetches those whose `version` (as in RecordBody) is
   * above what it emitted last.
   */
  readonly listed?: readonly ListedEntity[];
  /** Where to go on: an opaque text of the vendor's. Store it with the emitted records. */
  readonly next: string;
  /** True when this poll has seen everything; then `next` is where the next poll starts. */
  readonly done: boolean;
}

/** A vendor whose books can be read. */
export interface VendorSource {
  readonly entityTypes: readonly EntityTypePlan[];
  /**
   * Fetches up to `maxBatch` entities with as few calls as the vendor allows. Every id asked for is in the answer;
   * `gone` = the vendor has no such entity (any more) in this account.
   * @throws VendorError as a whole: either all ids are answered or none.
   */
  fetchEntities(
    call: VendorCall,
    entityType: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, RawEntity | 'gone'>>;
  /** Where the first poll of a connection starts: at `sinceMs` (epoch milliseconds, the vendor's overlap is taken off). */
  startPosition(entityType: string, sinceMs: number): string;
  /** Reads one page of what changed since `position`. Pages overlap on purpose; the fetcher drops what it knows. @throws VendorError */
  poll(call: VendorCall, entityType: string, position: string): Promise<PollPage>;
  /** Pure. @throws LedgerwireError `unmappable` (dead-letter) naming the field that does not fit, never its value. */
  toRecordBody(raw: RawEntity): RecordBody;
  /** Entities that must be known downstream before this record is of use, in the order in which to emit them. */
  relatedTo(body: RecordBody): readonly EntityRef[];
  /**
   * Entities of whose existence this one tells and of which the vendor sends no notice (payments inside a Xero invoice). The
   * fetcher fetches those that it has never emitted, so that they need not wait for the poll.
   */
  discoveredIn(raw: RawEntity): readonly EntityRef[];
}
