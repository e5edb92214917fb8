import type { EpochMs } from '#libs/contracts';

/** One header of a record, in the order it was written. */
export type RawHeader = readonly [name: string, value: Buffer];

/** A record as it lies in the log. Offsets are numbers: exact up to 2^53, which no partition will reach. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: EpochMs;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RawHeader[];
}

/** A record to be written. */
export interface RawOutput {
  readonly topic: string;
  /** Left out: chosen by the hash of the key, like Java's default partitioner does. */
  readonly partition?: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RawHeader[];
}
