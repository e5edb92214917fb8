import type { ReadTable } from '#libs/streams';

/** A table in memory that tells of its changes. */
export class TestTable<T> implements ReadTable<T> {
  readonly complete = true;
  private readonly entries = new Map<string, T>();
  private readonly listeners: ((key: string, value: T | undefined) => void)[] = [];

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  values(): Iterable<T> {
    return this.entries.values();
  }

  onChange(listener: (key: string, value: T | undefined) => void): void {
    this.listeners.push(listener);
  }

  set(key: string, value: T): void {
    this.entries.set(key, value);
    for (const tell of this.listeners) tell(key, value);
  }

  delete(key: string): void {
    this.entries.delete(key);
    for (const tell of this.listeners) tell(key, undefined);
  }
}
