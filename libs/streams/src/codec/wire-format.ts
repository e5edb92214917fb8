/**
 * The Confluent wire format: magic byte 0, schema id (4 bytes, big endian), Avro binary. Every Kafka tool that knows a
 * registry reads it.
 */
export const WIRE_HEADER_BYTES = 5;

/** The schema id of framed bytes, or undefined when they are not framed. */
export function schemaIdOf(bytes: Buffer): number | undefined {
  return bytes.length >= WIRE_HEADER_BYTES && bytes[0] === 0 ? bytes.readInt32BE(1) : undefined;
}

/** Writes the header into the first {@link WIRE_HEADER_BYTES} of `framed`, before its Avro bytes; returns it. */
export function frame(schemaId: number, framed: Buffer): Buffer {
  framed[0] = 0;
  framed.writeInt32BE(schemaId, 1);
  return framed;
}
