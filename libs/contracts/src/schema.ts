import avro from 'avsc';
import { LedgerwireError } from '#libs/core';
import { logicalTypes } from './logical-types.js';

declare const valueType: unique symbol;

/** An Avro schema together with the TypeScript type of its values. */
export interface SchemaOf<T> {
  /** Full name, e.g. `ledgerwire.ChangeNotice`. */
  readonly name: string;
  /** The schema as JSON text, as it is registered. */
  readonly json: string;
  /** avsc's type; it keeps to our logical types. */
  readonly type: avro.Type;
  readonly [valueType]?: T;
}

/** The avsc options that every schema of ours is read with, wherever it is parsed. */
export function avroOptions(): Partial<avro.ForSchemaOptions> {
  return { logicalTypes: { ...logicalTypes }, registry: {}, wrapUnions: 'auto' };
}

/** Makes an avsc type that reads decimals, dates and timestamps as {@link SchemaOf} values do. */
export function avroType(schema: unknown): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, avroOptions());
}

/** Wraps a parsed schema; used by the generated code and by tests. */
export function schemaOf<T>(schema: object): SchemaOf<T> {
  const type = avroType(schema);
  return { name: type.name ?? '', json: JSON.stringify(schema), type };
}

/** avsc's own has 1 KB, and writes everything twice that is longer: a record with its vendor's JSON is. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * The Avro binary form of a value, without any registry header.
 *
 * @param roomBefore so many bytes are left free before it, for a header
 * @throws LedgerwireError `invalid-value` (dead-letter) naming the fields that do not fit, never their values.
 */
export function encodeValue<T>(schema: SchemaOf<T>, value: T, roomBefore = 0): Buffer {
  try {
    const end = schema.type.encode(value, scratch, roomBefore);
    const bytes = Buffer.allocUnsafe(end >= 0 ? end : scratch.length - end);
    // Negative: so many bytes were missing.
    if (end >= 0) scratch.copy(bytes, roomBefore, roomBefore, end);
    else schema.type.encode(value, bytes, roomBefore);
    return bytes;
  } catch (cause) {
    throw new LedgerwireError(`not a valid ${schema.name}: ${invalidPaths(schema.type, value)}`, {
      code: 'invalid-value',
      disposition: 'dead-letter',
      cause: cause instanceof Error ? undefined : cause,
    });
  }
}

/**
 * Reads a value written with the same schema.
 * @throws LedgerwireError `undecodable` (dead-letter).
 */
export function decodeValue<T>(schema: SchemaOf<T>, bytes: Buffer): T {
  try {
    return schema.type.fromBuffer(bytes) as T;
  } catch (cause) {
    throw new LedgerwireError(`bytes are not a ${schema.name}`, {
      code: 'undecodable',
      disposition: 'dead-letter',
      cause,
    });
  }
}

function invalidPaths(type: avro.Type, value: unknown): string {
  const paths: string[] = [];
  type.isValid(value, { errorHook: (path: string[]) => void paths.push(path.join('.')) });
  return paths.length > 0 ? `field ${paths.slice(0, 5).join(', ')}` : 'unknown field';
}
