import { setTimeout as delay } from 'node:timers/promises';

/** Epoch milliseconds with fractions, comparable between processes of this machine. */
export function realNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Begins one piece of work each 1/`perSecond`, whether or not the earlier ones are done, and waits for all of them. Returns when each
 * was due (epoch milliseconds): latency is counted from there, so that a stall does not hide the work that should have begun
 * during it (coordinated omission).
 */
export async function runOpenLoop<T>(
  items: readonly T[],
  perSecond: number,
  work: (item: T) => Promise<void>,
): Promise<number[]> {
  const startAt = realNowMs() + 100;
  const dueAt: number[] = [];
  const running: Promise<void>[] = [];
  for (const [index, item] of items.entries()) {
    const due = startAt + (index * 1000) / perSecond;
    const waitMs = due - realNowMs();
    if (waitMs > 0) await delay(waitMs);
    dueAt.push(due);
    const piece = work(item);
    // Its failure is told below, with all others begun: not at once, as if nobody waited for it.
    piece.catch(() => undefined);
    running.push(piece);
  }
  await Promise.all(running);
  return dueAt;
}
