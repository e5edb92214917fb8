import type { Topic } from '#libs/contracts';

/**
 * A task's local view of one compacted changelog partition. Values stay encoded until they are read: a restored store costs no
 * decoding, and little memory.
 */
export interface StateStore {
  readonly topic: Topic<unknown>;
  get(key: string): Buffer | undefined;
  /** undefined deletes. */
  set(key: string, value: Buffer | undefined): void;
  /** Entries whose key starts with the prefix, in key order. */
  range(prefix: string): Iterable<readonly [key: string, value: Buffer]>;
  readonly size: number;
}

/** Everything in memory; rebuilt from the changelog whenever the task is opened. */
export class MemoryStateStore implements StateStore {
  private readonly entries = new Map<string, Buffer>();

  constructor(readonly topic: Topic<unknown>) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Buffer | undefined {
    return this.entries.get(key);
  }

  set(key: string, value: Buffer | undefined): void {
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, value);
  }

  *range(prefix: string): Iterable<readonly [string, Buffer]> {
    const keys = [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) {
      const value = this.entries.get(key);
      if (value) yield [key, value];
    }
  }
}
