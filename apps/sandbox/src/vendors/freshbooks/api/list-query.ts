import { parse } from 'node:querystring';
import { DELETED, type Entity, WriteError } from '../books/entity.js';

/** What a list call asks for. Keys that FreshBooks does not know are ignored, as it ignores them. */
export interface ListQuery {
  readonly page: number;
  readonly perPage: number;
  readonly includes: ReadonlySet<string>;
  readonly search: ReadonlyMap<string, readonly string[]>;
}

const MAX_PER_PAGE = 100;
const DEFAULT_PER_PAGE = 15;

/** @throws WriteError errno 1013 when the page is no whole number. */
export function readQuery(url: string): ListQuery {
  const raw = parse(url.split('?')[1] ?? '');
  const search = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(raw)) {
    const key = /^search\[(\w+)\](\[\])?$/.exec(name)?.[1];
    if (key !== undefined) search.set(key, listOf(value));
  }
  return {
    page: Math.max(wholeOf(raw['page'], 1), 1),
    perPage: Math.min(Math.max(wholeOf(raw['per_page'], DEFAULT_PER_PAGE), 1), MAX_PER_PAGE),
    includes: new Set(listOf(raw['include[]'])),
    search,
  };
}

/** Those that the search lets through; deleted ones only when they are asked for. */
export function searched(entities: readonly Entity[], { search }: ListQuery, keys: SearchKeys): Entity[] {
  const wanted = search.get('vis_state');
  return entities.filter((entity) => {
    if (wanted === undefined ? entity.vis_state === DELETED : !wanted.includes(String(entity.vis_state)))
      return false;
    return [...search].every(([key, values]) => keys[key]?.(entity, values) ?? true);
  });
}

/** A filter by its key. */
export type SearchKeys = Readonly<Record<string, (entity: Entity, values: readonly string[]) => boolean>>;

/** `…_min` and `…_max` of a field: whole days. */
export function days(key: string, field: string): SearchKeys {
  const dayOf = (entity: Entity): string => String(entity[field]).slice(0, 10);
  return {
    [`${key}_min`]: (entity, [day = '']) => dayOf(entity) >= day,
    [`${key}_max`]: (entity, [day = '']) => dayOf(entity) <= day,
  };
}

/** Equal to one of the values. */
export function among(key: string, field: string): SearchKeys {
  return { [key]: (entity, values) => values.includes(String(entity[field])) };
}

function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function wholeOf(value: string | string[] | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const text = listOf(value)[0] ?? '';
  if (!/^\d+$/.test(text))
    throw new WriteError({ errno: 1013, field: 'page', message: 'Bad page.', object: '', value: text });
  return Number(text);
}
