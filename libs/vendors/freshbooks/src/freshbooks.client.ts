import {
  badAnswer,
  parseExactJson,
  type PollPage,
  type RawEntity,
  type VendorCall,
  VendorError,
  type VendorRequest,
  type VendorSource,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { type Collection, collectionOf, entityTypes } from './freshbooks.collections.js';
import { contactIdOfVendor, vendorIdOf } from './freshbooks.ids.js';
import { relatedTo, toRecordBody } from './freshbooks.mapper.js';
import { easternDayOf, instantOf } from './freshbooks.times.js';

const DAY_MS = 86_400_000;
/** What FreshBooks caps `per_page` at, silently. */
const PAGE_SIZE = 100;
/** What was changed while a connection was made is still news. */
const START_OVERLAP_MS = 2 * 60_000;

const object = z.record(z.string(), z.unknown());
const envelope = z.object({ response: z.object({ result: object }) });
const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
const position = z.object({
  /** Epoch milliseconds; what changed before it is known. */
  since: z.number(),
  /** Epoch milliseconds; what changed before the connection came to be is no news. */
  floor: z.number(),
  page: z.number().int().positive(),
  /** FreshBooks' time at the first page of this poll; null before it. */
  begunAt: z.number().nullable(),
});
type Position = z.infer<typeof position>;

/** FreshBooks' accounting API, read side. */
export const freshbooksSource: VendorSource = {
  entityTypes,
  fetchEntities,
  startPosition: (_entityType, sinceMs) =>
    JSON.stringify({ since: sinceMs, floor: sinceMs - START_OVERLAP_MS, page: 1, begunAt: null }),
  poll,
  toRecordBody,
  relatedTo,
  discoveredIn: () => [],
};

async function fetchEntities(
  call: VendorCall,
  entityType: string,
  ids: readonly string[],
): Promise<Map<string, RawEntity | 'gone'>> {
  const vendors = ids.filter((id) => vendorIdOf(id) !== undefined);
  const others = ids.filter((id) => vendorIdOf(id) === undefined);
  const found = await Promise.all([
    fetchFrom(call, collectionOf('vendor'), vendors),
    fetchFrom(call, collectionOf(entityType), others),
  ]);
  return new Map(found.flatMap((part) => [...part]));
}

async function fetchFrom(
  call: VendorCall,
  collection: Collection,
  ids: readonly string[],
): Promise<Map<string, RawEntity | 'gone'>> {
  const found = new Map<string, RawEntity | 'gone'>();
  const { idsFilter } = collection;
  if (idsFilter !== undefined && ids.length > 1) {
    const query = listQuery(collection, 1);
    for (const id of ids) query.append(`search[${idsFilter}][]`, id);
    const { entities } = await list(call, collection, query);
    // A filter that FreshBooks does not know is ignored and gives everything: only what was asked for counts.
    for (const entity of entities) if (ids.includes(entity.entityId)) found.set(entity.entityId, entity);
  }
  // Lists leave out what was deleted, so that "gone" is FreshBooks' own word for each.
  const missing = ids.filter((id) => !found.has(id));
  const singles = await Promise.all(missing.map((id) => fetchOne(call, collection, id)));
  for (const [index, id] of missing.entries()) found.set(id, singles[index] ?? 'gone');
  return found;
}

async function fetchOne(
  call: VendorCall,
  collection: Collection,
  entityId: string,
): Promise<RawEntity | 'gone'> {
  const { path, singular, include } = collection;
  const id = encodeURIComponent(vendorIdOf(entityId) ?? entityId);
  const query = include === undefined ? '' : `?${new URLSearchParams({ 'include[]': include }).toString()}`;
  const request = read(call, `${singular}.get`, `${path}/${id}${query}`);
  try {
    const { body } = await call.request(request);
    return entityOf(request, collection, resultOf(request, body)[singular]);
  } catch (error) {
    if (error instanceof VendorError && error.code === 'vendor-not-found') return 'gone';
    throw error;
  }
}

/**
 * One page of what changed. `updated_min` knows days only, so that a poll reads the day before as well and the fetcher drops what it
 * knows; lists without that filter are read whole.
 */
async function poll(call: VendorCall, entityType: string, text: string): Promise<PollPage> {
  const collection = collectionOf(entityType);
  const from = position.parse(JSON.parse(text));
  const query = listQuery(collection, from.page);
  if (collection.updatedFilter) query.set('search[updated_min]', easternDayOf(from.since - DAY_MS));
  const { entities, answeredAt, isLast } = await list(call, collection, query);
  const begunAt = from.begunAt ?? answeredAt ?? from.since;
  const next: Position = isLast
    ? { since: Math.max(begunAt, from.since), floor: from.floor, page: 1, begunAt: null }
    : { ...from, page: from.page + 1, begunAt };
  return {
    entities: entities.filter((entity) => isNews(collection, entity, from.floor)),
    next: JSON.stringify(next),
    done: isLast,
  };
}

function isNews({ updatedField, stampZone }: Collection, { value }: RawEntity, floor: number): boolean {
  const stamp = object.safeParse(value).data?.[updatedField];
  const updatedAt = typeof stamp === 'string' ? instantOf(stamp, stampZone) : undefined;
  return updatedAt === undefined || updatedAt >= floor;
}

function listQuery({ include }: Collection, page: number): URLSearchParams {
  const query = new URLSearchParams({ page: String(page), per_page: String(PAGE_SIZE) });
  if (include !== undefined) query.append('include[]', include);
  return query;
}

interface Listed {
  readonly entities: readonly RawEntity[];
  /** FreshBooks' time of the answer, epoch milliseconds. */
  readonly answeredAt: number | undefined;
  readonly isLast: boolean;
}

async function list(call: VendorCall, collection: Collection, query: URLSearchParams): Promise<Listed> {
  const { path, plural } = collection;
  const request = read(call, `${plural}.list`, `${path}?${query.toString()}`);
  const response = await call.request(request);
  const result = resultOf(request, response.body);
  const elements = result[plural];
  if (!Array.isArray(elements)) throw badAnswer('freshbooks', request, `no list of ${plural}`);
  const page = number.safeParse(result['page']).data;
  const pages = number.safeParse(result['pages']).data;
  const answeredAt = Date.parse(response.headers['date'] ?? '');
  return {
    entities: elements.map((element: unknown) => entityOf(request, collection, element)),
    answeredAt: Number.isNaN(answeredAt) ? undefined : answeredAt,
    isLast:
      elements.length === 0 ||
      (page === undefined || pages === undefined ? elements.length < PAGE_SIZE : page >= pages),
  };
}

function read(call: VendorCall, operation: string, path: string): VendorRequest {
  const account = encodeURIComponent(call.connection.accountId);
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}/accounting/account/${account}/${path}`,
    headers: { accept: 'application/json' },
    repeatable: true,
  };
}

function resultOf(request: VendorRequest, body: string): Readonly<Record<string, unknown>> {
  const parsed = envelope.safeParse(parse(body));
  if (parsed.success) return parsed.data.response.result;
  throw badAnswer('freshbooks', request, 'no response.result');
}

function entityOf(request: VendorRequest, collection: Collection, element: unknown): RawEntity {
  const { idField, entityType } = collection;
  const id = object.safeParse(element).data?.[idField];
  if (typeof id !== 'string' && typeof id !== 'number')
    throw badAnswer('freshbooks', request, `an element without ${idField}`);
  const isVendor = collection === collectionOf('vendor');
  return {
    entityType,
    entityId: isVendor ? contactIdOfVendor(String(id)) : String(id),
    json: JSON.stringify(element),
    value: element,
  };
}

function parse(body: string): unknown {
  try {
    return parseExactJson(body);
  } catch {
    return undefined;
  }
}
