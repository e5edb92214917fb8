/** The parked records of one lane by store key, kept in key order; times are epoch milliseconds. */
export class ParkedLane {
  private wakeTimes = new Map<string, number>();
  private lastKey = '';
  private inOrder = true;

  constructor(readonly group: string) {}

  get size(): number {
    return this.wakeTimes.size;
  }

  has(storeKey: string): boolean {
    return this.wakeTimes.has(storeKey);
  }

  keys(): Iterable<string> {
    return this.wakeTimes.keys();
  }

  set(storeKey: string, wakeAt: number): void {
    if (!this.wakeTimes.has(storeKey)) {
      if (storeKey < this.lastKey) this.inOrder = false;
      else this.lastKey = storeKey;
    }
    this.wakeTimes.set(storeKey, wakeAt);
  }

  delete(storeKey: string): boolean {
    return this.wakeTimes.delete(storeKey);
  }

  /** The first record of the lane. */
  get firstKey(): string | undefined {
    this.sort();
    const [first] = this.wakeTimes.keys();
    return first;
  }

  /** When the lane wakes: when its first record may, the others only wait behind it. */
  get wakeAt(): number {
    this.sort();
    const [first] = this.wakeTimes.values();
    return first ?? Number.POSITIVE_INFINITY;
  }

  /** Takes out the first so many, in order. */
  take(count: number): string[] {
    this.sort();
    const taken: string[] = [];
    for (const key of this.wakeTimes.keys()) {
      if (taken.length === count) break;
      taken.push(key);
      this.wakeTimes.delete(key);
    }
    return taken;
  }

  /** Records mostly come in order; then there is nothing to do. */
  private sort(): void {
    if (this.inOrder) return;
    this.wakeTimes = new Map([...this.wakeTimes].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.inOrder = true;
  }
}
