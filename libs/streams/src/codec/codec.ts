import type { SchemaOf, Topic } from '#libs/contracts';

/**
 * Turns values into bytes and back, by the schemas of the registry. Ids are learnt before they are needed, so that encoding
 * and decoding never wait and a warmed service goes on while the registry is away.
 */
export interface Codec {
  /**
   * Learns the ids of the writer schemas of these topics; they are in the build and were registered at deploy time.
   * @throws LedgerwireError `registry-unreachable` (retry) or `schema-not-registered` (halt).
   */
  warm(topics: readonly Topic<unknown>[]): Promise<void>;
  /** Framed bytes of a value. @throws LedgerwireError `invalid-value` (dead-letter). */
  encode<T>(topic: Topic<T>, value: T): Buffer;
  /** Whether these bytes can be decoded without asking the registry. */
  knows(bytes: Buffer): boolean;
  /**
   * Learns the writer schema of these bytes.
   * @throws LedgerwireError `registry-unreachable` (retry), `unknown-schema` or `undecodable` (dead-letter).
   */
  learn(bytes: Buffer): Promise<void>;
  /** @throws LedgerwireError `undecodable` or `unknown-schema` (dead-letter). */
  decode<T>(schema: SchemaOf<T>, bytes: Buffer): T;
}
