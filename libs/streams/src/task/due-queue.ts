interface Entry {
  readonly key: string;
  readonly at: number;
}

/** Keys in the order of their times: a binary heap with lazy removal. Times are epoch milliseconds. */
export class DueQueue {
  private readonly heap: Entry[] = [];
  private readonly current = new Map<string, Entry>();

  get size(): number {
    return this.current.size;
  }

  /** When the key is due, if it is in the queue. */
  timeOf(key: string): number | undefined {
    return this.current.get(key)?.at;
  }

  /** Adds the key, or gives it another time. */
  set(key: string, at: number): void {
    if (this.current.get(key)?.at === at) return;
    const entry = { key, at };
    this.current.set(key, entry);
    this.heap.push(entry);
    this.up(this.heap.length - 1);
  }

  delete(key: string): void {
    this.current.delete(key);
    if (this.current.size === 0) this.heap.length = 0;
  }

  keys(): Iterable<string> {
    return this.current.keys();
  }

  /** The earliest time in the queue. */
  nextAt(): number | undefined {
    this.dropStale();
    return this.heap[0]?.at;
  }

  /** Takes out the earliest key if it is due. */
  takeNext(now: number): string | undefined {
    this.dropStale();
    const [first] = this.heap;
    if (!first || first.at > now) return undefined;
    this.pop();
    this.current.delete(first.key);
    return first.key;
  }

  private dropStale(): void {
    while (this.heap[0] && this.current.get(this.heap[0].key) !== this.heap[0]) this.pop();
  }

  private pop(): void {
    const last = this.heap.pop();
    if (!last || this.heap.length === 0) return;
    this.heap[0] = last;
    this.down(0);
  }

  private up(from: number): void {
    let child = from;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.at(parent) <= this.at(child)) return;
      this.swap(parent, child);
      child = parent;
    }
  }

  private down(from: number): void {
    let parent = from;
    for (;;) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let smallest = parent;
      if (left < this.heap.length && this.at(left) < this.at(smallest)) smallest = left;
      if (right < this.heap.length && this.at(right) < this.at(smallest)) smallest = right;
      if (smallest === parent) return;
      this.swap(parent, smallest);
      parent = smallest;
    }
  }

  private at(index: number): number {
    return this.heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  private swap(a: number, b: number): void {
    const first = this.heap[a];
    const second = this.heap[b];
    if (first && second) {
      this.heap[a] = second;
      this.heap[b] = first;
    }
  }
}
