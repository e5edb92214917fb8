/**
 * What makes two versions of an Avro schema readable in both directions (compatibility FULL), without a registry: the rules
 * of "Schema Resolution" in the Avro 1.12 specification, as avsc applies them, and equality of logical types, which that
 * chapter leaves to the reader.
 */
import avro from 'avsc';

/** A parsed `.avsc` document. */
export type AvroDocument = Readonly<Record<string, unknown>>;

/**
 * Why records written with one of the two schemas cannot be read with the other; empty when they can, both ways.
 * @param former the schema that records may already have been written with
 * @param current the schema of the build
 */
export function incompatibilities(former: AvroDocument, current: AvroDocument): string[] {
  return [
    ...unreadable(former, current).map((reason) => `the new schema cannot read old records: ${reason}`),
    ...unreadable(current, former).map((reason) => `the old schema cannot read new records: ${reason}`),
    ...changedLogicalTypes(former, current),
  ];
}

/** Parses an `.avsc` text. @throws Error naming `origin` when it is not a JSON object. */
export function parseDocument(text: string, origin: string): AvroDocument {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch (cause) {
    throw new Error(`${origin} is not JSON`, { cause });
  }
  throw new Error(`${origin} is not a JSON object`);
}

/** The full name of the record, e.g. `ledgerwire.Outcome`. */
export function fullNameOf(document: AvroDocument): string {
  const namespace = document['namespace'];
  const name = String(document['name']);
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}.${name}` : name;
}

function unreadable(writer: AvroDocument, reader: AvroDocument): string[] {
  try {
    typeOf(reader).createResolver(typeOf(writer));
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Logical types are left out: avsc reads the underlying type, and {@link changedLogicalTypes} compares the rest. */
function typeOf(document: AvroDocument): avro.Type {
  return avro.Type.forSchema(document as unknown as avro.Schema, { registry: {}, wrapUnions: true });
}

function changedLogicalTypes(former: AvroDocument, current: AvroDocument): string[] {
  const now = new Map(logicalTypesIn(current, ''));
  return logicalTypesIn(former, '').flatMap(([path, before]) => {
    const after = now.get(path);
    return after === undefined || after === before ? [] : [`${path} was ${before} and is now ${after}`];
  });
}

/** Every place of the document that a value can come from, with what its numbers or bytes mean. */
function logicalTypesIn(node: unknown, path: string): [string, string][] {
  if (Array.isArray(node)) return node.flatMap((branch) => logicalTypesIn(branch, path));
  if (!isObject(node)) return [];
  if (Array.isArray(node['fields'])) {
    return node['fields'].flatMap((field: unknown) =>
      isObject(field) ? logicalTypesIn(field['type'], `${path}${path && '.'}${String(field['name'])}`) : [],
    );
  }
  const children = [node['items'], node['values']].flatMap((child) => logicalTypesIn(child, `${path}[]`));
  if (isObject(node['type']) || Array.isArray(node['type']))
    children.push(...logicalTypesIn(node['type'], path));
  const meaning = meaningOf(node);
  return meaning === undefined ? children : [[path, meaning], ...children];
}

function meaningOf(node: AvroDocument): string | undefined {
  const base = node['type'];
  if (typeof base !== 'string' || ['record', 'array', 'map', 'enum'].includes(base)) return undefined;
  const logical = node['logicalType'];
  if (typeof logical !== 'string') return `a plain ${base}`;
  if (logical !== 'decimal') return `${logical} over ${base}`;
  return `decimal(${JSON.stringify(node['precision'])}, ${JSON.stringify(node['scale'] ?? 0)}) over ${base}`;
}

function isObject(value: unknown): value is AvroDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
