import { readFileSync } from 'node:fs';

/** Names of properties by their JSON type, separated by blanks. */
type Properties = Readonly<Partial<Record<string, string>>>;

/** What the document says of one resource; see `provenance` in the file for how to read it. */
interface ResourceFacts {
  readonly list: string;
  readonly get?: string;
  readonly posts?: readonly string[];
  readonly scope: string;
  readonly listKey: string;
  readonly key?: string;
  readonly query: string;
  readonly sortColumns?: string;
  readonly statuses?: string;
  readonly fields?: Properties;
  readonly children?: Readonly<Record<string, Properties>>;
  readonly row: Properties;
  readonly pageContext: (Properties & { readonly type: string }) | null;
}

const file = new URL('zoho-books.openapi-facts.json', import.meta.url);
const { resources } = JSON.parse(readFileSync(file, 'utf8')) as {
  resources: Readonly<Record<string, ResourceFacts>>;
};

/** The documents' facts by the resource's path. */
export const documents = resources;

/** @throws RangeError for a resource whose document was not read. */
export function documentOf(resource: string): ResourceFacts {
  const found = documents[resource];
  if (!found) throw new RangeError(`no document of ${resource}`);
  return found;
}

export function wordsOf(text = ''): string[] {
  return text.split(' ').filter((word) => word !== '');
}

/** Type by path, e.g. `line_items.rate` → `number`, of a record as the document has it. */
export function typesOfRecord({ fields = {}, children = {} }: ResourceFacts): Map<string, string> {
  const nested = Object.entries(children).flatMap(([path, properties]) => [
    ...typesOf(properties, `${path}.`),
  ]);
  return new Map([...typesOf(fields), ...nested]);
}

/** The same of a row of the list. */
export function typesOfRow({ row }: ResourceFacts): Map<string, string> {
  return typesOf(row);
}

/** And of what is around the rows. */
export function typesOfEnvelope({ listKey, pageContext }: ResourceFacts): Map<string, string> {
  const { type = '', ...context } = pageContext ?? {};
  const named = pageContext ? [['page_context', type] as const, ...typesOf(context, 'page_context.')] : [];
  return new Map([['code', 'number'], ['message', 'string'], [listKey, 'array'], ...named]);
}

function typesOf(properties: Properties, prefix = ''): Map<string, string> {
  const pairs = Object.entries(properties).flatMap(([type, names]) =>
    wordsOf(names).map((name) => [prefix + name, type] as const),
  );
  return new Map(pairs);
}

/** Every path of an answer with its type, through objects and each element of arrays of objects. */
export function typesOfAnswer(value: object, prefix = ''): (readonly [path: string, type: string])[] {
  return (Object.entries(value) as [string, unknown][]).flatMap(([name, inner]) => {
    const path = prefix + name;
    const parts: unknown[] = Array.isArray(inner) ? inner : [inner];
    return [
      [path, Array.isArray(inner) ? 'array' : typeof inner] as const,
      ...parts.flatMap((part) =>
        typeof part === 'object' && part !== null ? typesOfAnswer(part, `${path}.`) : [],
      ),
    ];
  });
}

/**
 * What an answer has otherwise than the document, sorted: `<path>: not named` or `<path>: number instead of string`. What is inside of something
 * that is not named is not told by itself, and where the document gives no type, everything is as it says.
 */
export function differencesOf(
  answer: readonly (readonly [path: string, type: string])[],
  document: ReadonlyMap<string, string>,
): string[] {
  const found = answer.flatMap(([path, type]) => {
    if (!isNamedInside(path, document)) return [];
    const documented = document.get(path);
    if (documented === undefined) return `${path}: not named`;
    return documented === type || documented === 'untyped' ? [] : `${path}: ${type} instead of ${documented}`;
  });
  return [...new Set(found)].sort();
}

/** Those of `paths` that the document does not name, without what is inside of them; sorted. */
export function unnamedOf(paths: Iterable<string>, document: ReadonlyMap<string, string>): string[] {
  return [...paths].filter((path) => !document.has(path) && isNamedInside(path, document)).sort();
}

/** Whether it is at the top, or inside of something of which the document says what is in it. */
function isNamedInside(path: string, document: ReadonlyMap<string, string>): boolean {
  const parent = path.slice(0, Math.max(path.lastIndexOf('.'), 0));
  return parent === '' || (document.get(parent) ?? 'untyped') !== 'untyped';
}

/**
 * Every field that `read` looks at in `value`, by path. Each field in turn is hidden, so that those count too that are looked at only where
 * another is missing. Errors because of a hidden field do not matter; an error without one does.
 */
export function fieldsRead(value: object, read: (value: unknown) => unknown): Set<string> {
  const seen = new Set<string>();
  read(recorded(value, '', seen, undefined));
  // A set also goes through what is added on the way.
  for (const hidden of seen) {
    try {
      read(recorded(value, '', seen, hidden));
    } catch {
      continue;
    }
  }
  return seen;
}

function recorded(value: unknown, path: string, seen: Set<string>, hidden: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => recorded(item, path, seen, hidden));
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get: (target, name) => {
      const inner: unknown = Reflect.get(target, name);
      if (typeof name !== 'string') return inner;
      const deeper = path === '' ? name : `${path}.${name}`;
      seen.add(deeper);
      return deeper === hidden ? undefined : recorded(inner, deeper, seen, hidden);
    },
  });
}
