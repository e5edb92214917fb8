import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#libs/core';

/** A number from `from` up to but not including `to`. */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** One of these, each as likely as the other. @throws RangeError when there is none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** Strikes again and again, with pauses of random length, until `until`; returns how often. `strike` says whether it struck. */
export async function strikeUntil(
  until: number,
  pause: () => number,
  strike: () => boolean | Promise<boolean>,
): Promise<number> {
  let struck = 0;
  for (;;) {
    const pauseMs = pause();
    if (performance.now() + pauseMs > until) {
      await delay(Math.max(until - performance.now(), 0));
      return struck;
    }
    await delay(pauseMs);
    if (await strike()) struck += 1;
  }
}
