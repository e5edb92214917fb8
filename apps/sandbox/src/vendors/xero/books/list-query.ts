import { type Predicate, parseWhere } from './where.js';
import { readModifiedSince } from './xero-dates.js';
import type { View } from './views.js';

/** The parameters that Xero's lists have in common. */
export interface ListQuery {
  /** Whether `page` (or `summaryOnly`) asks for pages; an unpaged list gives all rows without their lines. */
  readonly paged: boolean;
  readonly page: number;
  readonly pageSize: number;
  readonly summaryOnly: boolean;
  readonly includeArchived: boolean;
  readonly ids: ReadonlySet<string> | undefined;
  readonly where: Predicate | undefined;
  readonly order: { readonly path: readonly string[]; readonly descending: boolean } | undefined;
  readonly searchTerm: string | undefined;
  /** Epoch milliseconds, whole seconds. */
  readonly modifiedSince: number | undefined;
  /** Any other parameter, as a set of its comma-separated values. */
  readonly set: (name: string) => ReadonlySet<string> | undefined;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/** Reads a list's query string and `If-Modified-Since`; page sizes out of bounds are adjusted, as Xero does. */
export function readListQuery(
  query: Readonly<Record<string, unknown>>,
  modifiedSince: string | undefined,
): ListQuery {
  const text = (name: string): string | undefined => {
    const value = query[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' && first !== '' ? first : undefined;
  };
  const set = (name: string): ReadonlySet<string> | undefined => {
    const value = text(name);
    return value === undefined
      ? undefined
      : new Set(value.split(',').map((item) => item.trim().toLowerCase()));
  };
  const summaryOnly = text('summaryOnly')?.toLowerCase() === 'true';
  const where = text('where');
  return {
    paged: text('page') !== undefined || summaryOnly,
    page: whole(text('page'), 1, Number.MAX_SAFE_INTEGER, 1),
    pageSize: whole(text('pageSize'), 1, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE),
    summaryOnly,
    includeArchived: text('includeArchived')?.toLowerCase() === 'true',
    ids: set('IDs'),
    where: where === undefined ? undefined : parseWhere(where),
    order: readOrder(text('order')),
    searchTerm: text('searchTerm')?.toLowerCase(),
    modifiedSince: modifiedSince === undefined ? undefined : readModifiedSince(modifiedSince),
    set,
  };
}

/** One page of rows. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly itemCount: number;
}

/** Filters by `where`, sorts by `order` and cuts the page; `viewOf` is only called when one of the two needs it. */
export function cutPage<T>(rows: readonly T[], query: ListQuery, viewOf: (row: T) => View): Page<T> {
  const { where, order } = query;
  let found = where ? rows.filter((row) => where(viewOf(row))) : rows;
  if (order) {
    const sign = order.descending ? -1 : 1;
    const keyed = found.map((row) => ({ row, key: keyAt(viewOf(row), order.path) }));
    found = keyed.toSorted((a, b) => sign * compareKeys(a.key, b.key)).map(({ row }) => row);
  }
  if (!query.paged) return { rows: found, itemCount: found.length };
  const start = (query.page - 1) * query.pageSize;
  return { rows: found.slice(start, start + query.pageSize), itemCount: found.length };
}

/** The `pagination` object of an envelope; undefined for an unpaged list. */
export function paginationOf(query: ListQuery, itemCount: number): View | undefined {
  if (!query.paged) return undefined;
  const pageCount = Math.ceil(itemCount / query.pageSize);
  return { page: query.page, pageSize: query.pageSize, pageCount, itemCount };
}

function readOrder(text: string | undefined): ListQuery['order'] {
  if (text === undefined) return undefined;
  const [path = '', direction = 'ASC'] = text.split(',', 1).join('').trim().split(/\s+/, 2);
  return { path: path.split('.'), descending: direction.toUpperCase() === 'DESC' };
}

function keyAt(view: View, path: readonly string[]): unknown {
  let value: unknown = view;
  for (const name of path)
    value = typeof value === 'object' && value !== null ? (value as View)[name] : undefined;
  const date = typeof value === 'string' ? /^\/Date\((-?\d+)/.exec(value)?.[1] : undefined;
  return date === undefined ? value : Number(date);
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return textOf(a).localeCompare(textOf(b));
}

function whole(text: string | undefined, min: number, max: number, otherwise: number): number {
  const value = Number(text);
  if (text === undefined || !Number.isFinite(value)) return otherwise;
  return Math.min(Math.max(Math.floor(value), min), max);
}

/** Fields that hold neither text nor a number do not sort. */
function textOf(key: unknown): string {
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? String(key) : '';
}
