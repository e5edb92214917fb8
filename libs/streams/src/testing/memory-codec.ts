import { encodeValue, type SchemaOf, type Topic } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import { frame, schemaIdOf, WIRE_HEADER_BYTES } from '../codec/wire-format.js';

/** A codec with a registry in memory: real Avro, real framing, ids given out as schemas appear. */
export class MemoryCodec implements Codec {
  private readonly ids = new Map<string, number>();
  private readonly schemas = new Map<number, SchemaOf<unknown>>();

  warm(): Promise<void> {
    return Promise.resolve();
  }

  encode<T>(topic: Topic<T>, value: T): Buffer {
    let id = this.ids.get(topic.schema.name);
    if (id === undefined) {
      id = this.ids.size + 1;
      this.ids.set(topic.schema.name, id);
      this.schemas.set(id, topic.schema);
    }
    return frame(id, encodeValue(topic.schema, value, WIRE_HEADER_BYTES));
  }

  knows(bytes: Buffer): boolean {
    return this.schemas.has(schemaIdOf(bytes) ?? -1);
  }

  learn(bytes: Buffer): Promise<void> {
    return this.knows(bytes) ? Promise.resolve() : Promise.reject(unreadable('unknown-schema'));
  }

  decode<T>(schema: SchemaOf<T>, bytes: Buffer): T {
    if (!this.knows(bytes)) throw unreadable('unknown-schema');
    try {
      return schema.type.fromBuffer(bytes.subarray(WIRE_HEADER_BYTES)) as T;
    } catch (cause) {
      throw unreadable('undecodable', cause);
    }
  }
}

function unreadable(code: string, cause?: unknown): LedgerwireError {
  return new LedgerwireError('the record cannot be read', { code, disposition: 'dead-letter', cause });
}
