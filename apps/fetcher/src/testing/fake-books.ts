import type { Contact, Invoice, Payment } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import {
  type EntityRef,
  type EntityTypePlan,
  type PollPage,
  type RawEntity,
  type RecordBody,
  type VendorCall,
  VendorError,
  type VendorSource,
} from '#libs/vendor-kit';

/** An entity as the fake vendor keeps it. */
export interface BookEntry {
  readonly type: 'invoice' | 'payment' | 'contact';
  readonly id: string;
  readonly version: number;
  readonly number?: string;
  readonly contactId?: string;
  readonly invoiceId?: string;
  readonly billId?: string;
  readonly amountPaid?: string;
  readonly payments?: readonly string[];
  readonly purchase?: boolean;
  /** The vendor's mapper cannot read it. */
  readonly broken?: boolean;
}

/** Books in memory, of several connections; every call is noted, and can be made to fail. */
export class FakeBooks implements VendorSource {
  entityTypes: EntityTypePlan[] = [
    { entityType: 'contact', emitOrder: 1, maxBatch: 40, notified: true, pollIntervalMs: null },
    { entityType: 'invoice', emitOrder: 2, maxBatch: 40, notified: true, pollIntervalMs: null },
    { entityType: 'bill', emitOrder: 2, maxBatch: 40, notified: true, pollIntervalMs: null },
    { entityType: 'payment', emitOrder: 3, maxBatch: 40, notified: false, pollIntervalMs: 300_000 },
  ];
  readonly fetches: {
    readonly connectionId: string;
    readonly entityType: string;
    readonly ids: readonly string[];
  }[] = [];
  readonly polls: {
    readonly connectionId: string;
    readonly entityType: string;
    readonly position: string;
  }[] = [];
  /** Thrown by every call of a connection. */
  readonly failing = new Map<string, Error>();
  /** Called before each poll answers. */
  beforePoll: () => Promise<void> = () => Promise.resolve();
  /** Called between the reading of a page and its answer: what it holds may be old when it comes. */
  afterPoll: () => Promise<void> = () => Promise.resolve();
  /** Called before each fetch answers. */
  beforeFetch: (ids: readonly string[]) => Promise<void> = () => Promise.resolve();
  pageSize = 2;
  /** Lists name what changed and do not hold it. */
  listsOnlyNames = false;
  private readonly entries = new Map<string, BookEntry[]>();

  /** Writes an entity; what changed last comes last in polls. */
  put(connectionId: string, entry: BookEntry): void {
    const kept = this.of(connectionId).filter(({ type, id }) => type !== entry.type || id !== entry.id);
    this.entries.set(connectionId, [...kept, entry]);
  }

  remove(connectionId: string, id: string): void {
    this.entries.set(
      connectionId,
      this.of(connectionId).filter((entry) => entry.id !== id),
    );
  }

  async fetchEntities(
    call: VendorCall,
    entityType: string,
    ids: readonly string[],
  ): Promise<Map<string, RawEntity | 'gone'>> {
    const { connectionId } = call.connection;
    this.fetches.push({ connectionId, entityType, ids });
    const failure = this.failing.get(connectionId);
    await aTurn();
    await this.beforeFetch(ids);
    if (failure) throw failure;
    const found = ids.map((id): [string, RawEntity | 'gone'] => {
      const entry = this.of(connectionId).find(
        (candidate) => candidate.type === bookOf(entityType) && candidate.id === id,
      );
      return [id, entry ? { ...toRaw(entry), entityType } : 'gone'];
    });
    return new Map(found);
  }

  startPosition(_entityType: string, sinceMs: number): string {
    return String(sinceMs);
  }

  /** A position is `<version after which>` or, between pages, `<version>+<entries to skip>`. */
  async poll(call: VendorCall, entityType: string, position: string): Promise<PollPage> {
    const { connectionId } = call.connection;
    this.polls.push({ connectionId, entityType, position });
    await this.beforePoll();
    const failure = this.failing.get(connectionId);
    if (failure) throw failure;
    const [since = 0, skip = 0] = position.split('+').map(Number);
    const changed = this.of(connectionId).filter(
      ({ type, version }) => type === entityType && version >= since,
    );
    const page = changed.slice(skip, skip + this.pageSize);
    const done = skip + page.length >= changed.length;
    const newest = Math.max(since, ...changed.map(({ version }) => version));
    await this.afterPoll();
    const listed = page.map(({ type, id, version }) => ({ entityType: type, entityId: id, version }));
    return {
      ...(this.listsOnlyNames ? { entities: [], listed } : { entities: page.map(toRaw) }),
      next: done ? String(newest) : `${since}+${skip + page.length}`,
      done,
    };
  }

  toRecordBody(raw: RawEntity): RecordBody {
    const entry = raw.value as BookEntry;
    if (entry.broken)
      throw new LedgerwireError('field Total does not fit', {
        code: 'unmappable',
        disposition: 'dead-letter',
      });
    return {
      entityType: entry.purchase ? 'bill' : entry.type,
      entityId: entry.id,
      entityNumber: entry.number ?? null,
      version: entry.version,
      deleted: false,
      invoice: entry.type === 'invoice' ? invoiceOf(entry) : null,
      payment: entry.type === 'payment' ? paymentOf(entry) : null,
      contact: entry.type === 'contact' ? contactOf(entry) : null,
    };
  }

  relatedTo(body: RecordBody): readonly EntityRef[] {
    const contactId = body.invoice?.contactId ?? body.payment?.contactId;
    const invoiceId = body.payment?.invoiceId;
    const settled = body.payment?.kind === 'sent' ? 'bill' : 'invoice';
    return [
      ...(contactId ? [{ entityType: 'contact', entityId: contactId }] : []),
      ...(invoiceId ? [{ entityType: settled, entityId: invoiceId }] : []),
    ];
  }

  discoveredIn(raw: RawEntity): readonly EntityRef[] {
    const { payments = [] } = raw.value as BookEntry;
    return payments.map((entityId) => ({ entityType: 'payment', entityId }));
  }

  private of(connectionId: string): readonly BookEntry[] {
    return this.entries.get(connectionId) ?? [];
  }
}

/** A VendorError as the transport would throw it. */
export function vendorFailure(details: Partial<ConstructorParameters<typeof VendorError>[1]>): VendorError {
  return new VendorError('the vendor gave no answer', {
    code: 'vendor-unavailable',
    disposition: 'retry',
    vendor: 'xero',
    effect: 'none',
    ...details,
  });
}

/** Bills are kept among the invoices, as with Xero. */
function bookOf(entityType: string): string {
  return entityType === 'bill' ? 'invoice' : entityType;
}

/** A call takes a while, so that others can ask meanwhile. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function toRaw(entry: BookEntry): RawEntity {
  return { entityType: entry.type, entityId: entry.id, json: JSON.stringify(entry), value: entry };
}

function invoiceOf(entry: BookEntry): Invoice {
  return {
    kind: entry.purchase ? 'purchase' : 'sales',
    number: entry.number ?? null,
    reference: null,
    status: 'issued',
    contactId: entry.contactId ?? null,
    contactName: null,
    issueDate: null,
    dueDate: null,
    fullyPaidOn: null,
    currency: 'GBP',
    total: '100',
    amountDue: '100',
    amountPaid: entry.amountPaid ?? '0',
    amountCredited: '0',
    sentToContact: false,
    onlineUrl: null,
    lines: [],
  };
}

function paymentOf(entry: BookEntry): Payment {
  return {
    kind: entry.billId ? 'sent' : 'received',
    status: 'settled',
    amount: '100',
    currency: 'GBP',
    paidOn: null,
    reference: null,
    invoiceId: entry.invoiceId ?? entry.billId ?? null,
    invoiceNumber: null,
    contactId: entry.contactId ?? null,
    contactName: null,
  };
}

function contactOf(entry: BookEntry): Contact {
  return {
    name: `Contact ${entry.number ?? entry.id}`,
    firstName: null,
    lastName: null,
    email: null,
    phones: [],
    status: 'active',
    isCustomer: true,
    isSupplier: false,
    groups: [],
    tracking: [],
    region: null,
    country: null,
    externalNumber: null,
    mergedIntoId: null,
    smsAllowed: null,
    emailAllowed: null,
    timeZone: null,
    createdOn: null,
  };
}
