import type { RawOutput } from './raw-record.js';

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
  /** The committed positions of the task's inputs; inputs that were never committed are left out. */
  positions(topics: readonly string[]): Promise<readonly InputPosition[]>;
  /** Reads the task's partition of a compacted topic to the end that it had when the call began. */
  restore(topic: string, onRecord: (key: string, value: Buffer | null) => void): Promise<void>;
  /**
   * Commits one transaction.
   * @throws on any outcome that is not a sure commit. The log is then of no more use: the task is closed and opened again,
   * which ends the doubtful transaction one way or the other before the state is read back.
   */
  commit(transaction: TaskTransaction): Promise<void>;
  close(): Promise<void>;
}

/** Opens task logs. */
export interface TaskLogFactory {
  /** @throws when the log cannot be reached; the caller tries again. */
  open(partition: number): Promise<TaskLog>;
  /** The partition that a key belongs to in topics of the chain. */
  partitionOf(key: string): number;
}
