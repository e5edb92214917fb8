import type { Clock } from '#libs/core';
import { LruMap } from '../lru-map.js';

interface Entry<V> {
  readonly value: V;
  readonly fetchedAt: number;
  staleAt: number;
}

/** Keeps values in memory until they are stale and lets one fetch per key be under way at a time. Failures are not kept. */
export class SingleFlightCache<V> {
  private readonly entries: LruMap<string, Entry<V>>;
  private readonly inFlight = new Map<string, Promise<V>>();

  constructor(
    private readonly clock: Clock,
    maxEntries: number,
    private readonly staleAtOf: (value: V) => number,
  ) {
    this.entries = new LruMap(maxEntries);
  }

  /** The kept value, or the one that `fetch` (of this or an earlier caller) brings. */
  get(key: string, fetch: () => Promise<V>): Promise<V> {
    const known = this.entries.get(key);
    if (known && this.clock.now() < known.staleAt) return Promise.resolve(known.value);
    const underWay = this.inFlight.get(key);
    if (underWay) return underWay;
    const fetching = this.fetch(key, fetch);
    this.inFlight.set(key, fetching);
    return fetching;
  }

  /** The kept value even when it is stale. */
  peek(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** Makes a value stale if it was fetched before `fetchedBefore`; it can still be peeked at. */
  expire(key: string, fetchedBefore: number): void {
    const known = this.entries.get(key);
    if (known && known.fetchedAt <= fetchedBefore) known.staleAt = 0;
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  private async fetch(key: string, fetch: () => Promise<V>): Promise<V> {
    const fetchedAt = this.clock.now();
    try {
      const value = await fetch();
      this.entries.set(key, { value, fetchedAt, staleAt: this.staleAtOf(value) });
      return value;
    } finally {
      this.inFlight.delete(key);
    }
  }
}
