import {
  badAnswer,
  type EntityTypePlan,
  parseExactJson,
  type PollPage,
  type RawEntity,
  type VendorCall,
  type VendorRequest,
  type VendorSource,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { instantOf, modifiedSinceText } from './xero.dates.js';
import { discoveredIn, relatedTo, toRecordBody } from './xero.mapper.js';

const MINUTE_MS = 60_000;
/** A page of full invoices stays well below a few megabytes. */
const POLL_PAGE_SIZE = 200;
/** What was changed while a poll ran, or became visible late, is read again; the fetcher drops what it knows. */
const OVERLAP_MS = 2 * MINUTE_MS;
/** As many ids as keep the URL below 2,000 characters. */
const MAX_IDS = 40;

interface Collection {
  /** Path and the envelope's field. */
  readonly name: string;
  readonly idField: string;
  /** Parameters of every list call. */
  readonly listQuery: Readonly<Record<string, string>>;
  /** Whether `IDs` filters the list. */
  readonly byIds: boolean;
}

const invoices: Collection = { name: 'Invoices', idField: 'InvoiceID', listQuery: {}, byIds: true };
const collections: Readonly<Record<string, Collection>> = {
  invoice: invoices,
  bill: invoices,
  contact: { name: 'Contacts', idField: 'ContactID', listQuery: { includeArchived: 'true' }, byIds: true },
  payment: { name: 'Payments', idField: 'PaymentID', listQuery: {}, byIds: false },
};

/**
 * Payments are polled most often, because no webhook tells of them: with these intervals polls take under 450 of a tenant's
 * calls a day. Bills come with the poll of invoices.
 */
const entityTypes: readonly EntityTypePlan[] = [
  { entityType: 'contact', emitOrder: 1, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 30 * MINUTE_MS },
  { entityType: 'invoice', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 15 * MINUTE_MS },
  { entityType: 'bill', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: null },
  { entityType: 'payment', emitOrder: 3, maxBatch: 5, notified: false, pollIntervalMs: 5 * MINUTE_MS },
];

const envelope = z.record(z.string(), z.unknown());
const pagination = z.object({ pagination: z.object({ page: z.number(), pageCount: z.number() }) });
const position = z.object({
  /** Epoch milliseconds. */
  since: z.number(),
  page: z.number().int().positive(),
  /** Xero's time at the first page of this poll; null before it. */
  begunAt: z.number().nullable(),
});
type Position = z.infer<typeof position>;

/** Xero's Accounting API 2.0, read side. */
export const xeroSource: VendorSource = {
  entityTypes,
  fetchEntities,
  startPosition: (_entityType, sinceMs) =>
    writePosition({ since: sinceMs - OVERLAP_MS, page: 1, begunAt: null }),
  poll,
  toRecordBody,
  relatedTo,
  discoveredIn,
};

async function fetchEntities(
  call: VendorCall,
  entityType: string,
  ids: readonly string[],
): Promise<Map<string, RawEntity | 'gone'>> {
  const collection = collectionOf(entityType);
  const found = new Map<string, RawEntity | 'gone'>();
  if (collection.byIds && ids.length > 1) {
    // Only paged lists have line items.
    const query = new URLSearchParams({ ...collection.listQuery, IDs: ids.join(','), page: '1' });
    const { entities } = await list(call, entityType, query);
    for (const entity of entities) found.set(entity.entityId, entity);
  }
  // What a list lacks is asked for by itself, so that "gone" is Xero's own word.
  const missing = ids.filter((id) => !found.has(id));
  const singles = await Promise.all(missing.map((id) => fetchOne(call, entityType, id)));
  for (const [index, id] of missing.entries()) found.set(id, singles[index] ?? 'gone');
  return found;
}

async function fetchOne(call: VendorCall, entityType: string, id: string): Promise<RawEntity | 'gone'> {
  const { name } = collectionOf(entityType);
  const request: VendorRequest = {
    ...read(call, `${name.toLowerCase()}.get`, `/${name}/${encodeURIComponent(id)}`),
    expect: [404],
  };
  const response = await call.request(request);
  if (response.status === 404) return 'gone';
  const [entity] = readEntities(request, response.body, entityType).entities;
  return entity ?? 'gone';
}

async function poll(call: VendorCall, entityType: string, text: string): Promise<PollPage> {
  const from = readPosition(text);
  const query = new URLSearchParams({
    ...collectionOf(entityType).listQuery,
    page: String(from.page),
    pageSize: String(POLL_PAGE_SIZE),
    // Newest first: what changes meanwhile moves to the front and pushes others back, so that nothing slips between pages.
    order: 'UpdatedDateUTC DESC',
  });
  const { entities, answeredAt, lastPage } = await list(call, entityType, query, from.since);
  const begunAt = from.begunAt ?? answeredAt ?? from.since + OVERLAP_MS;
  const done = lastPage ?? entities.length < POLL_PAGE_SIZE;
  return {
    entities,
    done,
    next: writePosition(
      done
        ? { since: begunAt - OVERLAP_MS, page: 1, begunAt: null }
        : { ...from, page: from.page + 1, begunAt },
    ),
  };
}

interface Listed {
  readonly entities: readonly RawEntity[];
  /** Xero's time of the answer, epoch milliseconds. */
  readonly answeredAt?: number | undefined;
  /** Undefined when the answer does not say. */
  readonly lastPage?: boolean | undefined;
}

async function list(
  call: VendorCall,
  entityType: string,
  query: URLSearchParams,
  modifiedSinceMs?: number,
): Promise<Listed> {
  const { name } = collectionOf(entityType);
  const request = read(call, `${name.toLowerCase()}.list`, `/${name}?${query.toString()}`);
  const headers = {
    ...request.headers,
    ...(modifiedSinceMs !== undefined && { 'if-modified-since': modifiedSinceText(modifiedSinceMs) }),
  };
  const response = await call.request({ ...request, headers, expect: [304] });
  const dateHeader = Date.parse(response.headers['date'] ?? '');
  const answeredAt = Number.isNaN(dateHeader) ? undefined : dateHeader;
  if (response.status === 304) return { entities: [], answeredAt, lastPage: true };
  const read_ = readEntities(request, response.body, entityType);
  return { ...read_, answeredAt: read_.answeredAt ?? answeredAt };
}

function read(call: VendorCall, operation: string, path: string): VendorRequest {
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}/api.xro/2.0${path}`,
    headers: { accept: 'application/json' },
    repeatable: true,
  };
}

/** The entities of an envelope, with the time and page that it states. */
function readEntities(request: VendorRequest, body: string, entityType: string): Listed {
  const { name, idField } = collectionOf(entityType);
  const unreadable = (what: string): Error => badAnswer('xero', request, what);
  const parsed = envelope.safeParse(parse(body));
  const elements = parsed.data?.[name];
  if (!parsed.success || !Array.isArray(elements)) throw unreadable(`no list of ${name}`);
  const entities = elements.map((element: unknown): RawEntity => {
    const id = envelope.safeParse(element).data?.[idField];
    if (typeof id !== 'string') throw unreadable(`an element without ${idField}`);
    return { entityType, entityId: id, json: JSON.stringify(element), value: element };
  });
  const time = parsed.data['DateTimeUTC'];
  const pages = pagination.safeParse(parsed.data).data?.pagination;
  return {
    entities,
    answeredAt: typeof time === 'string' ? instantOf(time) : undefined,
    lastPage: pages && pages.page >= pages.pageCount,
  };
}

function parse(body: string): unknown {
  try {
    return parseExactJson(body);
  } catch {
    return undefined;
  }
}

function collectionOf(entityType: string): Collection {
  const collection = collections[entityType];
  if (!collection) throw new RangeError(`Xero has no ${entityType}`);
  return collection;
}

function readPosition(text: string): Position {
  return position.parse(JSON.parse(text));
}

function writePosition(value: Position): string {
  return JSON.stringify(value);
}
