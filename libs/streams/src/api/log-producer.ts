import type { Topic } from '#libs/contracts';
import type { RawOutput } from '../log/raw-record.js';

/** One record to write. */
export interface OutgoingRecord<T> {
  readonly topic: Topic<T>;
  readonly key: string;
  /** Left out: chosen by the key. */
  readonly partition?: number;
  /** null writes a tombstone to a compacted topic. */
  readonly value: T | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a sender can wait. Milliseconds. */
export interface SendTiming {
  /** For the acknowledgement, when that is less than the producer's deadline. */
  readonly withinMs?: number | undefined;
  /** For others to share a request with; 0 when left out. Whatever leaves earlier takes these records along. */
  readonly patienceMs?: number | undefined;
}

/**
 * Writes records that do not belong to a task's transaction (ingress, token-broker, console). Idempotent and gathered: what
 * arrives while a request is in flight goes out together with the next one.
 */
export interface LogProducer {
  /**
   * Resolves when every in-sync replica has the record (`acks=all`).
   * @throws LedgerwireError `log-unavailable` (retry) when that has not happened within the producer's deadline; the record
   * may still appear later, so whoever repeats it must rely on deduplication behind it.
   */
  send<T>(record: OutgoingRecord<T>): Promise<void>;
  /** Several records; resolves when all of them are acknowledged. */
  sendAll(records: readonly OutgoingRecord<unknown>[], timing?: SendTiming): Promise<void>;
}

/** Writes records as they are. */
export interface RawLogProducer {
  /**
   * Records byte for byte, e.g. those that are replayed, with the promises of {@link LogProducer.sendAll}.
   */
  sendRaw(records: readonly RawOutput[]): Promise<void>;
}
