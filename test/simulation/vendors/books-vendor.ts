import type { Contact, Invoice, Payment } from '#libs/contracts';
import type {
  EntityRef,
  PollPage,
  RawEntity,
  RecordBody,
  VendorCall,
  VendorDefinition,
  VendorResponse,
  VendorSource,
} from '#libs/vendor-kit';

/** Where the simulated books are. */
export const BOOKS_URL = 'https://books.test';
/** Requests of one connection in flight, and within any minute. */
export const BOOKS_LIMITS = { concurrent: 3, perMinute: 60 };
export const PAGE_SIZE = 3;

/** An entity as the simulated books send it. */
export interface BookedEntity {
  readonly type: 'contact' | 'invoice' | 'payment';
  readonly id: string;
  /** Grows with each change of the entity. */
  readonly version: number;
  readonly contactId: string | null;
  readonly invoiceId: string | null;
  /** Payments that an invoice names. */
  readonly payments: readonly string[];
}

const MINUTE = 60_000;
const unused = (): never => {
  throw new Error('the simulated books have no such call');
};

/** Whether polls say only what has changed (as Zoho Books does), or send it whole (as Xero does). */
export type PollStyle = 'whole' | 'listed';

/**
 * A vendor of books that is as plain as can be, so that what is simulated is the fetcher and vendor-kit: contacts and invoices
 * are announced, invoices and payments polled; payments are named by their invoices too.
 */
export function booksVendor(style: PollStyle): VendorDefinition & { readonly source: VendorSource } {
  return {
    manifest: {
      id: 'books',
      name: 'Books',
      capabilities: ['source', 'webhooks', 'polling'],
      baseUrls: [{ key: 'api', environmentVariable: 'BOOKS_URL', production: BOOKS_URL }],
      appCredentials: [],
      limits: {
        ...BOOKS_LIMITS,
        readSignals: ({ status, headers }) => ({
          ...(status === 429 && { exceeded: 'minute' as const }),
          ...(headers['retry-after'] !== undefined && {
            retryAfterMs: Number(headers['retry-after']) * 1_000,
          }),
        }),
      },
      settings: { parse: unused } as unknown as VendorDefinition['manifest']['settings'],
      limitsOf: () => ({}),
      guarantees: [],
    },
    auth: {
      kind: 'api-key',
      fields: [],
      schema: { parse: unused } as never,
      accountIdOf: unused,
      sendingCredentials: unused,
      verificationKeys: unused,
      requestHeaders: () => ({ authorization: 'Bearer key' }),
      describeAccount: unused,
    },
    errors: {
      readFacts: ({ status }) => ({ status }),
      rules: [
        { statuses: [429], code: 'vendor-rate-limited', disposition: 'park', meaning: 'too fast' },
        { statuses: ['5xx'], code: 'vendor-unavailable', disposition: 'retry', meaning: 'down' },
        { code: 'vendor-rejected', disposition: 'dead-letter', meaning: 'wrong' },
      ],
    },
    source: new BooksSource(style),
  };
}

class BooksSource implements VendorSource {
  readonly entityTypes = [
    { entityType: 'contact', emitOrder: 1, maxBatch: 2, notified: true, pollIntervalMs: null },
    { entityType: 'invoice', emitOrder: 2, maxBatch: 3, notified: true, pollIntervalMs: 20_000 },
    { entityType: 'payment', emitOrder: 3, maxBatch: 3, notified: false, pollIntervalMs: MINUTE },
  ];

  constructor(private readonly style: PollStyle) {}

  async fetchEntities(
    call: VendorCall,
    entityType: string,
    ids: readonly string[],
  ): Promise<Map<string, RawEntity | 'gone'>> {
    const found = await this.read(call, `${entityType}s.fetch`, `/${entityType}?ids=${ids.join()}`);
    const byId = new Map(found.entities.map((entity) => [entity.id, toRaw(entity)]));
    return new Map(ids.map((id) => [id, byId.get(id) ?? 'gone']));
  }

  startPosition(_entityType: string, sinceMs: number): string {
    return String(sinceMs);
  }

  /** Pages overlap by one change. */
  async poll(call: VendorCall, entityType: string, position: string): Promise<PollPage> {
    const { entities, more } = await this.read(
      call,
      `${entityType}s.poll`,
      `/${entityType}?since=${position}&style=${this.style}`,
    );
    const next = String(Math.max(Number(position), ...entities.map(({ version }) => version)));
    if (this.style === 'whole') return { entities: entities.map(toRaw), next, done: !more };
    const listed = entities.map(({ type, id, version }) => ({ entityType: type, entityId: id, version }));
    return { entities: [], listed, next, done: !more };
  }

  toRecordBody(raw: RawEntity): RecordBody {
    const entity = raw.value as BookedEntity;
    return {
      entityType: entity.type,
      entityId: entity.id,
      entityNumber: null,
      version: entity.version,
      deleted: false,
      invoice: entity.type === 'invoice' ? invoiceOf(entity) : null,
      payment: entity.type === 'payment' ? paymentOf(entity) : null,
      contact: entity.type === 'contact' ? contactOf(entity) : null,
    };
  }

  relatedTo({ invoice, payment }: RecordBody): readonly EntityRef[] {
    const contactId = invoice?.contactId ?? payment?.contactId ?? null;
    const invoiceId = payment?.invoiceId ?? null;
    return [
      ...(contactId === null ? [] : [{ entityType: 'contact', entityId: contactId }]),
      ...(invoiceId === null ? [] : [{ entityType: 'invoice', entityId: invoiceId }]),
    ];
  }

  discoveredIn(raw: RawEntity): readonly EntityRef[] {
    const { payments } = raw.value as BookedEntity;
    return payments.map((entityId) => ({ entityType: 'payment', entityId }));
  }

  private async read(call: VendorCall, operation: string, path: string): Promise<BooksAnswer> {
    const url = `${call.baseUrls['api'] ?? ''}/${call.connection.accountId}${path}`;
    const request = { operation, operationClass: 'read', method: 'GET', url, repeatable: true } as const;
    const { body }: VendorResponse = await call.request(request);
    return JSON.parse(body) as BooksAnswer;
  }
}

/** What the books answer to every request. */
export interface BooksAnswer {
  readonly entities: readonly BookedEntity[];
  /** There is another page. */
  readonly more: boolean;
}

function toRaw(entity: BookedEntity): RawEntity {
  return { entityType: entity.type, entityId: entity.id, json: JSON.stringify(entity), value: entity };
}

/** Its number tells its version, so that two versions never look the same. */
function invoiceOf({ version, contactId, payments }: BookedEntity): Invoice {
  return {
    kind: 'sales',
    number: String(version),
    reference: null,
    status: 'issued',
    contactId,
    contactName: null,
    issueDate: null,
    dueDate: null,
    fullyPaidOn: null,
    currency: 'GBP',
    total: '100',
    amountDue: '100',
    amountPaid: payments.length > 0 ? '1' : '0',
    amountCredited: '0',
    sentToContact: false,
    onlineUrl: null,
    lines: [],
  };
}

function paymentOf({ version, contactId, invoiceId }: BookedEntity): Payment {
  return {
    kind: 'received',
    status: 'settled',
    amount: '100',
    currency: 'GBP',
    paidOn: null,
    reference: String(version),
    invoiceId,
    invoiceNumber: null,
    contactId,
    contactName: null,
  };
}

function contactOf({ version }: BookedEntity): Contact {
  return {
    name: String(version),
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
