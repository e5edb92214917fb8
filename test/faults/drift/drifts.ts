/** How a vendor's contract drifts, by what was seen of vendors (reliability.md F28). */
export type DriftRule =
  'unknown word' | 'field added' | 'field removed' | 'null' | 'number as text' | 'text as number';

/** One field of an entity that was changed by one rule. */
export interface Drift {
  readonly rule: DriftRule;
  /** Where, e.g. `LineItems.0.Tracking`. */
  readonly path: string;
  readonly entity: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;

/** Words that a vendor chooses from a list: short, without spaces, and not an id, date, address or number. */
const WORD = /^[A-Za-z][A-Za-z_-]{1,24}$/;
/** Fields that hold such words. Names of people and things look like words too. */
const WORD_FIELD = /status|type|kind|state|method|category|source|vis_|language|terms|role/i;

/** Every drift of one field of an entity, nested ones included, in a fixed order. */
export function driftsOf(entity: Json): Drift[] {
  return [
    drift(entity, 'field added', [], (object) => ({ ...(object as Json), BrandNewField: { of: ['2027'] } })),
    ...pathsOf(entity).flatMap((path) => driftsAt(entity, path)),
  ];
}

/** How many of each kind. */
export function countsOfDrift(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function driftsAt(entity: Json, path: readonly string[]): Drift[] {
  const value = valueAt(entity, path);
  const found: Drift[] = [removed(entity, path), drift(entity, 'null', path, () => null)];
  if (isObject(value))
    found.push(drift(entity, 'field added', path, () => ({ ...value, BrandNewField: 'brand_new' })));
  if (typeof value === 'number') found.push(drift(entity, 'number as text', path, () => String(value)));
  // A number that is written as it would be written again: leading zeros and decimals are part of an id or amount.
  if (typeof value === 'string' && value !== '' && String(Number(value)) === value)
    found.push(drift(entity, 'text as number', path, () => Number(value)));
  if (typeof value === 'string' && WORD.test(value) && WORD_FIELD.test(path.at(-1) ?? ''))
    found.push(drift(entity, 'unknown word', path, () => 'BRAND_NEW'));
  return found;
}

/** Of lists the first element stands for all. */
function pathsOf(value: unknown, at: readonly string[] = []): string[][] {
  if (Array.isArray(value)) return value.length === 0 ? [] : pathsOf(value[0], [...at, '0']);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...at, name], ...pathsOf(inner, [...at, name])]);
}

function drift(
  entity: Json,
  rule: DriftRule,
  path: readonly string[],
  change: (value: unknown) => unknown,
): Drift {
  return { rule, path: path.join('.') || 'the whole', entity: changedAt(entity, path, change) as Json };
}

function removed(entity: Json, path: readonly string[]): Drift {
  const parent = path.slice(0, -1);
  const name = path.at(-1) ?? '';
  const without = (value: unknown): unknown =>
    Object.fromEntries(Object.entries(value as Json).filter(([other]) => other !== name));
  return { ...drift(entity, 'field removed', parent, without), path: path.join('.') };
}

function changedAt(value: unknown, path: readonly string[], change: (value: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item: unknown, place) =>
      String(place) === name ? changedAt(item, rest, change) : item,
    );
  const object = value as Json;
  return { ...object, [name]: changedAt(object[name], rest, change) };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Json)[name], value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
