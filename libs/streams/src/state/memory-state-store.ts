import type { Topic } from '#libs/contracts';
import type { StateStore } from './state-store.js';

interface Entry {
  readonly value: Buffer;
  readonly at: number;
}

/** Everything in memory; rebuilt from the changelog whenever the task is opened. */
export class MemoryStateStore implements StateStore {
  private readonly entries = new Map<string, Entry>();

  constructor(readonly topic: Topic<unknown>) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Buffer | undefined {
    return this.entries.get(key)?.value;
  }

  set(key: string, value: Buffer | undefined, at: number): void {
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, { value, at });
  }

  *range(prefix: string): Iterable<readonly [string, Buffer]> {
    for (const key of this.sortedKeys((candidate) => candidate.startsWith(prefix))) {
      const entry = this.entries.get(key);
      if (entry) yield [key, entry.value];
    }
  }

  scan(after: string, limit: number): { key: string; at: number }[] {
    return this.sortedKeys((key) => key > after)
      .slice(0, limit)
      .map((key) => ({ key, at: this.entries.get(key)?.at ?? 0 }));
  }

  private sortedKeys(wanted: (key: string) => boolean): string[] {
    return [...this.entries.keys()].filter(wanted).sort();
  }
}
