import type { Random } from '#libs/core';

/** Something that will happen in the simulated world. */
interface PendingEvent {
  readonly at: number;
  /** Drawn from the seed: events of the same millisecond come in an order of their own in every world. */
  readonly tie: number;
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * The one thing that makes the simulated world move. Whatever takes time (a request on the wire, an answer, a timer, a marker in
 * the log) is an event here; they happen one at a time, in the order of their time and, within a millisecond, of the seed. In
 * between every promise callback that is ready runs to its end.
 */
export class EventQueue {
  /** Events that have happened. */
  happened = 0;
  private readonly heap: PendingEvent[] = [];

  constructor(
    private nowMs: number,
    private readonly random: Random,
  ) {}

  /** Virtual time, epoch milliseconds. */
  get now(): number {
    return this.nowMs;
  }

  /** Plans an event; the returned function takes it back. */
  schedule(delayMs: number, run: () => void): () => void {
    const at = this.nowMs + Math.max(Math.ceil(delayMs), 0);
    const event: PendingEvent = { at, tie: this.random(), run, cancelled: false };
    this.push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Lets events happen until the condition holds, time is up or nothing is left. Returns whether the condition holds. */
  async runUntil(done: () => boolean, untilMs: number): Promise<boolean> {
    await settle();
    while (!done()) {
      const event = this.heap[0];
      if (!event || event.at > untilMs) {
        this.nowMs = Math.max(this.nowMs, Number.isFinite(untilMs) ? untilMs : this.nowMs);
        return false;
      }
      this.pop();
      if (event.cancelled) continue;
      this.nowMs = event.at;
      this.happened += 1;
      event.run();
      await settle();
    }
    return true;
  }

  private push(event: PendingEvent): void {
    const { heap } = this;
    let child = heap.push(event) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(event, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      const left = heap[child];
      if (!left) break;
      const right = heap[child + 1];
      if (right && isBefore(right, left)) child += 1;
      const smaller = right && isBefore(right, left) ? right : left;
      if (!isBefore(smaller, last)) break;
      heap[parent] = smaller;
      parent = child;
    }
    heap[parent] = last;
  }
}

function isBefore(a: PendingEvent, b: PendingEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}

/** Lets every promise callback run that is ready: a turn of the real event loop ends only then. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
