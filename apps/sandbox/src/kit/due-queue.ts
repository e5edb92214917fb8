/** One callback that waits for its time. */
export interface DueEntry {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * Callbacks ordered by time, then by creation: a binary heap, because a benchmark keeps tens of thousands of message
 * steps waiting at once and a machine timer for each would cost more than the steps.
 */
export class DueQueue {
  private readonly heap: DueEntry[] = [];
  private created = 0;
  private cancelled = 0;

  /** Entries that still will run. */
  get size(): number {
    return this.heap.length - this.cancelled;
  }

  add(at: number, callback: () => void): DueEntry {
    const entry: DueEntry = { at, order: this.created++, callback };
    this.heap.push(entry);
    this.siftUp(this.heap.length - 1);
    return entry;
  }

  /** Keeps the entry from running; it leaves the heap when its time comes. */
  cancel(entry: DueEntry): void {
    if (!entry.callback) return;
    entry.callback = undefined;
    this.cancelled += 1;
  }

  /** When the first entry is due, if there is one. */
  nextAt(): number | undefined {
    return this.heap[0]?.at;
  }

  /** Removes and returns the first callback that is due at `now`. */
  takeDue(now: number): (() => void) | undefined {
    for (let first = this.heap[0]; first && first.at <= now; first = this.heap[0]) {
      this.removeFirst();
      const { callback } = first;
      if (callback) {
        first.callback = undefined;
        return callback;
      }
      this.cancelled -= 1;
    }
    return undefined;
  }

  clear(): void {
    for (const entry of this.heap) entry.callback = undefined;
    this.heap.length = 0;
    this.cancelled = 0;
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (!last || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown();
  }

  private siftUp(from: number): void {
    const entry = this.heap[from];
    if (!entry) return;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.heap[parentIndex];
      if (!parent || !before(entry, parent)) break;
      this.heap[index] = parent;
      index = parentIndex;
    }
    this.heap[index] = entry;
  }

  private siftDown(): void {
    const entry = this.heap[0];
    if (!entry) return;
    let index = 0;
    for (;;) {
      const childIndex = this.smallerChild(index);
      const child = childIndex === undefined ? undefined : this.heap[childIndex];
      if (childIndex === undefined || !child || !before(child, entry)) break;
      this.heap[index] = child;
      index = childIndex;
    }
    this.heap[index] = entry;
  }

  private smallerChild(index: number): number | undefined {
    const left = 2 * index + 1;
    const leftEntry = this.heap[left];
    if (!leftEntry) return undefined;
    const rightEntry = this.heap[left + 1];
    return rightEntry && before(rightEntry, leftEntry) ? left + 1 : left;
  }
}

function before(a: DueEntry, b: DueEntry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
