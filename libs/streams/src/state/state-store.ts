import type { Topic } from '#libs/contracts';

/**
 * A task's local view of one compacted changelog partition. Values stay encoded until they are read: a restored store costs no
 * decoding, and little memory.
 */
export interface StateStore {
  readonly topic: Topic<unknown>;
  get(key: string): Buffer | undefined;
  /** Shows the change to the task at once; undefined deletes. `at` is the time of the write, epoch milliseconds. */
  set(key: string, value: Buffer | undefined, at: number): void;
  /** Entries whose key starts with the prefix, in key order. */
  range(prefix: string): Iterable<readonly [key: string, value: Buffer]>;
  /** The next entries after a key in key order with the time of their last write, for the sweep of old ones. */
  scan(after: string, limit: number): readonly { readonly key: string; readonly at: number }[];
  /** Number of entries; may have to count. */
  readonly size: number;
}
