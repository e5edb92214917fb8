import type { Timer } from '#libs/contracts';

/** The store key of a timer. */
export function timerKeyOf(name: string, key: string): string {
  return `${name}\u0000${key}`;
}

interface Entry {
  readonly storeKey: string;
  readonly timer: Timer;
}

/** Timers in order of their time: a binary heap with lazy removal, an index over the `timers` store. */
export class TimerQueue {
  private readonly heap: Entry[] = [];
  private readonly current = new Map<string, Timer>();

  get size(): number {
    return this.current.size;
  }

  get(storeKey: string): Timer | undefined {
    return this.current.get(storeKey);
  }

  set(storeKey: string, timer: Timer): void {
    this.current.set(storeKey, timer);
    this.heap.push({ storeKey, timer });
    this.up(this.heap.length - 1);
  }

  delete(storeKey: string): void {
    this.current.delete(storeKey);
  }

  /** When the next timer is due. */
  nextAt(): number | undefined {
    this.dropStale();
    return this.heap[0]?.timer.fireAt;
  }

  /** Takes out the timers that are due; they stay in the store until their handler has finished. */
  takeDue(now: number): Entry[] {
    const due: Entry[] = [];
    for (this.dropStale(); this.heap[0] && this.heap[0].timer.fireAt <= now; this.dropStale()) {
      due.push(this.pop());
    }
    return due;
  }

  private dropStale(): void {
    while (this.heap[0] && this.current.get(this.heap[0].storeKey) !== this.heap[0].timer) this.pop();
  }

  private pop(): Entry {
    const [first] = this.heap;
    const last = this.heap.pop();
    if (!first || !last) throw new Error('no timer to take');
    if (this.heap.length > 0) {
      this.heap[0] = last;
      this.down(0);
    }
    return first;
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
    return this.heap[index]?.timer.fireAt ?? Number.POSITIVE_INFINITY;
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
