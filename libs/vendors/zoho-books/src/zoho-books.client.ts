import {
  badAnswer,
  decimalText,
  type EntityTypePlan,
  type ListedEntity,
  parseExactJson,
  type PollPage,
  type RawEntity,
  type VendorCall,
  VendorError,
  type VendorRequest,
  type VendorResponse,
  type VendorSource,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { type Collection, collectionOf } from './zoho-books.collections.js';
import { discoveredIn, relatedTo, toRecordBody } from './zoho-books.mapper.js';
import { filterTimeOf, instantOf } from './zoho-books.times.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Zoho's largest page. */
const PAGE_SIZE = 200;
/** What was changed while a poll ran, or became visible late, is read again; the fetcher drops what it knows. */
const OVERLAP_MS = 2 * MINUTE_MS;
/** Every entity is a call of its own, and few may be in flight. */
const MAX_IDS = 4;
/** Ids of the newest page are remembered, to find where the next poll has nothing new to read. */
const MAX_REMEMBERED = 50;

/**
 * Lists tell of no phone number, e-mail address or payment page, so each change costs a call. With these intervals the polls of a
 * quiet organisation take about 700 calls a day; on small plans the fetcher spreads them further.
 */
const entityTypes: readonly EntityTypePlan[] = [
  { entityType: 'contact', emitOrder: 1, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 30 * MINUTE_MS },
  { entityType: 'invoice', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 10 * MINUTE_MS },
  { entityType: 'bill', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 15 * MINUTE_MS },
  {
    entityType: 'purchaseOrder',
    emitOrder: 2,
    maxBatch: MAX_IDS,
    notified: true,
    pollIntervalMs: 15 * MINUTE_MS,
  },
  { entityType: 'expense', emitOrder: 2, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 15 * MINUTE_MS },
  { entityType: 'payment', emitOrder: 3, maxBatch: MAX_IDS, notified: true, pollIntervalMs: 10 * MINUTE_MS },
  {
    entityType: 'vendorPayment',
    emitOrder: 3,
    maxBatch: MAX_IDS,
    notified: true,
    pollIntervalMs: 15 * MINUTE_MS,
  },
];

const fields = z.record(z.string(), z.unknown());
const pageContext = z.object({ has_more_page: z.boolean() });
const position = z.object({
  /** Epoch milliseconds. */
  since: z.number(),
  page: z.number().int().positive(),
  /** Zoho's time at the first page of this poll; null before it. */
  begunAt: z.number().nullable(),
  /** The newest ids when the last poll ended; none where a list tells by time what has changed. */
  known: z.array(z.string()),
  /** Those of this poll's first page, to be known to the next one. */
  newest: z.array(z.string()),
});
type Position = z.infer<typeof position>;

/** Zoho Books' API v3, read side. */
export const zohoBooksSource: VendorSource = {
  entityTypes,
  fetchEntities,
  startPosition: (_entityType, sinceMs) =>
    JSON.stringify({ since: sinceMs - OVERLAP_MS, page: 1, begunAt: null, known: [], newest: [] }),
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
  const found = await Promise.all(
    ids.map(async (id) => [id, await fetchOne(call, collectionOf(entityType), id)] as const),
  );
  return new Map(found);
}

async function fetchOne(call: VendorCall, collection: Collection, id: string): Promise<RawEntity | 'gone'> {
  const request = read(call, `${collection.path}.get`, `${collection.path}/${encodeURIComponent(id)}`, {});
  try {
    const body = readObject(request, (await call.request(request)).body);
    const name = collection.singular.find((candidate) => body[candidate] !== undefined);
    const value = fields.safeParse(name === undefined ? undefined : body[name]).data;
    if (!value || decimalText(value[collection.idField]) !== id)
      throw badAnswer('zoho-books', request, `no ${collection.singular[0]} with the id that was asked for`);
    return { entityType: collection.entityType, entityId: id, json: JSON.stringify(value), value };
  } catch (error) {
    // The code of a missing document differs by module, its HTTP status does not.
    if (error instanceof VendorError && error.code === 'vendor-not-found') return 'gone';
    throw error;
  }
}

async function poll(call: VendorCall, entityType: string, text: string): Promise<PollPage> {
  const collection = collectionOf(entityType);
  const from = positionOf(collection, text);
  const request = read(call, `${collection.path}.list`, collection.path, {
    page: String(from.page),
    per_page: String(PAGE_SIZE),
    ...queries[collection.polledBy](from),
  });
  const response = await call.request(request);
  const body = readObject(request, response.body);
  const rows = rowsOf(request, body, collection);
  const begunAt = from.begunAt ?? answeredAt(response) ?? from.since + OVERLAP_MS;
  const fresh = freshIn(rows, from);
  const done = !hasMore(body) || fresh.length < rows.length || isPast(collection, rows, from);
  const newest = from.page === 1 ? newestOf(collection, rows) : from.newest;
  return {
    entities: [],
    listed: rows.filter((row) => isNews(row, from, fresh)).map(toListed),
    done,
    next: JSON.stringify(
      done
        ? { since: begunAt - OVERLAP_MS, page: 1, begunAt: null, known: newest, newest: [] }
        : { ...from, page: from.page + 1, begunAt, newest },
    ),
  };
}

/**
 * Only where the newest entity comes first does a known one say that nothing new follows: by time of change it may have changed
 * again, with pages of others behind it.
 */
function positionOf({ polledBy }: Collection, text: string): Position {
  const from = position.parse(JSON.parse(text));
  return polledBy === 'newest' ? from : { ...from, known: [] };
}

function newestOf({ polledBy }: Collection, rows: readonly Row[]): string[] {
  return polledBy === 'newest' ? rows.slice(0, MAX_REMEMBERED).map(({ entityId }) => entityId) : [];
}

/** Filters that Zoho does not know are ignored without a word, so every answer is looked through all the same. */
const queries: Readonly<
  Record<Collection['polledBy'], (from: Position) => Readonly<Record<string, string>>>
> = {
  filter: ({ since }) => ({ last_modified_time: filterTimeOf(since) }),
  sorted: () => ({ sort_column: 'last_modified_time', sort_order: 'D' }),
  newest: () => ({ sort_column: 'created_time', sort_order: 'D' }),
};

interface Row {
  readonly entityType: string;
  readonly entityId: string;
  readonly changedAt: number | undefined;
  /** Midnight UTC of the document's date. */
  readonly datedAt: number | undefined;
}

/** The rows above the first known one: more rows are on a page than ids are remembered, and what follows a known one is older. */
function freshIn(rows: readonly Row[], { known }: Position): readonly Row[] {
  const knownIds = new Set(known);
  const firstKnown = rows.findIndex(({ entityId }) => knownIds.has(entityId));
  return firstKnown === -1 ? rows : rows.slice(0, firstKnown);
}

function isNews(row: Row, { since, known }: Position, fresh: readonly Row[]): boolean {
  const { changedAt, datedAt } = row;
  if (changedAt !== undefined) return changedAt >= since;
  if (known.length > 0) return fresh.includes(row);
  // The very first poll knows nothing yet: what is dated well before the connection is the past.
  return datedAt === undefined || datedAt >= since - 2 * DAY_MS;
}

/** Whether what follows on further pages is older than what was asked for. */
function isPast({ polledBy }: Collection, rows: readonly Row[], from: Position): boolean {
  const oldest = rows.at(-1);
  if (oldest === undefined) return true;
  if (polledBy === 'sorted') return oldest.changedAt !== undefined && oldest.changedAt < from.since;
  return polledBy === 'newest' && from.known.length === 0 && !isNews(oldest, from, rows);
}

function toListed({ entityType, entityId, changedAt }: Row): ListedEntity {
  return { entityType, entityId, version: changedAt ?? null };
}

function rowsOf(
  request: VendorRequest,
  body: Readonly<Record<string, unknown>>,
  collection: Collection,
): Row[] {
  const name = collection.plural.find((candidate) => body[candidate] !== undefined);
  const elements = name === undefined ? undefined : body[name];
  if (!Array.isArray(elements)) throw badAnswer('zoho-books', request, `no list of ${collection.plural[0]}`);
  return elements.map((element: unknown) => {
    const row = fields.safeParse(element).data ?? {};
    const entityId = decimalText(row[collection.idField]);
    if (entityId === undefined)
      throw badAnswer('zoho-books', request, `an element without ${collection.idField}`);
    const { last_modified_time: changed, date } = row;
    return {
      entityType: collection.entityType,
      entityId,
      changedAt: typeof changed === 'string' ? instantOf(changed) : undefined,
      datedAt: typeof date === 'string' ? instantOf(`${date}T00:00Z`) : undefined,
    };
  });
}

function hasMore(body: Readonly<Record<string, unknown>>): boolean {
  return pageContext.safeParse(body['page_context']).data?.has_more_page ?? false;
}

function answeredAt({ headers }: VendorResponse): number | undefined {
  const ms = Date.parse(headers['date'] ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** Every call names the organisation in its query. */
function read(
  call: VendorCall,
  operation: string,
  path: string,
  query: Readonly<Record<string, string>>,
): VendorRequest {
  const text = new URLSearchParams({ ...query, organization_id: call.connection.accountId }).toString();
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}/books/v3/${path}?${text}`,
    headers: { accept: 'application/json' },
    repeatable: true,
  };
}

function readObject(request: VendorRequest, body: string): Readonly<Record<string, unknown>> {
  const parsed = fields.safeParse(parse(body));
  if (!parsed.success) throw badAnswer('zoho-books', request, 'not a JSON object');
  return parsed.data;
}

function parse(body: string): unknown {
  try {
    return parseExactJson(body);
  } catch {
    return undefined;
  }
}
