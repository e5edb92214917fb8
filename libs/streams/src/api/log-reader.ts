import type { Topic } from '#libs/contracts';
import type { RawRecord } from '../log/raw-record.js';

/** First and (committed) end offset of a partition. */
export interface PartitionBounds {
  readonly start: number;
  readonly end: number;
}

/**
 * Looks back into topics: for replay, dead letters and whatever else needs records outside of tasks. Only committed records are
 * shown. Each call rejects with LedgerwireError `log-unavailable` (retry) when no broker answers, and `topic-missing`
 * (dead-letter) when there is no such topic.
 */
export interface LogReader {
  /** The names of all topics. */
  topics(): Promise<readonly string[]>;
  partitionsOf(topic: string): Promise<number>;
  bounds(topic: string, partition: number): Promise<PartitionBounds>;
  /** The offset of the first record at or after a time (epoch milliseconds); the end when there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  /** The record at an offset; undefined when it is gone, or no committed record lies there. */
  readAt(topic: string, partition: number, offset: number): Promise<RawRecord | undefined>;
  /** Records from an offset up to another one (excluded), portion by portion. */
  readSpan(
    topic: string,
    partition: number,
    span: { readonly from: number; readonly to: number },
  ): AsyncIterable<readonly RawRecord[]>;
  /** The value of a record. @throws LedgerwireError `undecodable` or `unknown-schema` (dead-letter). */
  decode<T>(topic: Topic<T>, record: RawRecord): Promise<T>;
}
