import type { RawOutput, RawRecord } from './raw-record.js';

/** How far an input partition is consumed. */
export interface InputPosition {
  readonly topic: string;
  /** The next offset to read. */
  readonly offset: number;
  /**
   * Offsets beyond it that are finished already, in the text form of `finished-offsets.ts`; kept as the offset's commit
   * metadata, so that a restart does not repeat work that lanes finished out of order.
   */
  readonly metadata: string;
}

/** What becomes visible together, or not at all. */
export interface TaskTransaction {
  /** Outputs of handlers and entries of state stores, in order. */
  readonly records: readonly RawOutput[];
  readonly positions: readonly InputPosition[];
}

/**
 * The part of the log that one task writes to. Opening it fences every former owner of the same task (KIP-98): from then on
 * only this one can commit.
 */
export interface TaskLog {
  /** Which log this is: the Kafka cluster's id. Offsets of one log mean nothing in another. */
  readonly logId: string;
  /** The committed positions of the task's inputs; inputs that were never committed are left out. */
  positions(topics: readonly string[]): Promise<readonly InputPosition[]>;
  /** The first offset and the (committed) end of the task's partition of a topic. */
  bounds(topic: string): Promise<{ readonly start: number; readonly end: number }>;
  /**
   * Reads the task's partition of a changelog from an offset to the end that it had when the call began, in portions.
   * @returns the next offset to read
   */
  restore(
    topic: string,
    fromOffset: number,
    onRecords: (records: readonly RawRecord[]) => void,
  ): Promise<number>;
  /**
   * Commits one transaction.
   * @returns for each topic of whose task's partition records were written, the offset after the last of them
   * @throws on any outcome that is not a sure commit. The log is then of no more use: the task is closed and opened again,
   * which ends the doubtful transaction one way or the other before the state is read back.
   */
  commit(transaction: TaskTransaction): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Opens task logs. */
export interface TaskLogFactory {
  /** @throws when the log cannot be reached; the caller tries again. */
  open(partition: number): Promise<TaskLog>;
  /** The partition that a key belongs to in topics of the chain. */
  partitionOf(key: string): number;
}
