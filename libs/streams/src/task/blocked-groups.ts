import type { Clock } from '#libs/core';

/** So many refusals in a row, with nothing done in between, show that a connection is blocked and not one of its entities. */
const REFUSALS_IN_A_ROW = 8;
/** What is tried of a blocked connection, to see whether it is still blocked. */
const PROBES = 8;
/** Longest time without such a try: the time that was named may be that of a single entity. */
const LONGEST_HOLD_MS = 10_000;
/** How long the result of a try is waited for before the next one. */
const PROBE_WAIT_MS = 1_000;

interface Streak {
  refused: number;
  heldUntil: number;
}

/**
 * Which groups (connections) are refused everything at the moment, e.g. by the vendor's limit, an open breaker, or a pause. A
 * hundred thousand waiting records of such a connection would otherwise be tried and parked again every few seconds, at the
 * cost of the others. Known in memory alone: after a restart the first few refusals show it again.
 */
export class BlockedGroups {
  private readonly streaks = new Map<string, Streak>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Work of the group was refused with `park` and may be tried again at `wakeAt`. */
  refused(group: string, wakeAt: number): void {
    const streak = this.streaks.get(group) ?? { refused: 0, heldUntil: 0 };
    this.streaks.set(group, streak);
    streak.refused += 1;
    if (streak.refused < REFUSALS_IN_A_ROW) return;
    streak.heldUntil = Math.max(streak.heldUntil, Math.min(wakeAt, this.clock.now() + LONGEST_HOLD_MS));
  }

  /** Work of the group was done: nothing holds it any more. */
  passed(group: string): void {
    this.streaks.delete(group);
  }

  /** Somebody who knows better lets everything through. */
  clear(): void {
    this.streaks.clear();
  }

  /** Whether records of the group are better parked than tried now. */
  isHeld(group: string): boolean {
    return (this.streaks.get(group)?.heldUntil ?? 0) > this.clock.now();
  }

  /** How many parked records of the group may be tried now, of those for which there is room. */
  roomIn(group: string, room: number): number {
    const streak = this.streaks.get(group);
    if (!streak || streak.refused < REFUSALS_IN_A_ROW) return room;
    if (this.isHeld(group)) return 0;
    streak.heldUntil = this.clock.now() + PROBE_WAIT_MS;
    return Math.min(room, PROBES);
  }
}
