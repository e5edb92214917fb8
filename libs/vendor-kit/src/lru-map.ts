/** A map that forgets the least recently used entry when it is full, so that state per connection stays bounded. */
export class LruMap<K, V> {
  private readonly entries = new Map<K, V>();

  constructor(
    private readonly maxEntries: number,
    private readonly onEvict: (value: V) => void = () => undefined,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    const value = this.entries.get(key);
    if (value !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    const [oldest] = this.entries;
    if (this.entries.size > this.maxEntries && oldest) {
      this.entries.delete(oldest[0]);
      this.onEvict(oldest[1]);
    }
  }

  /** The value of the key, made and kept when there is none. */
  getOrCreate(key: K, create: () => V): V {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = create();
    this.set(key, made);
    return made;
  }

  delete(key: K): void {
    this.entries.delete(key);
  }

  /** Without making any of them newer. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries[Symbol.iterator]();
  }

  values(): IterableIterator<V> {
    return this.entries.values();
  }
}
