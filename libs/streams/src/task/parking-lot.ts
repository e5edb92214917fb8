import type { ParkedWork } from '#libs/contracts';
import { DueQueue } from './due-queue.js';
import { ParkedLane } from './parked-lane.js';

/**
 * The store key of a parked record. Text order inside a lane is the order of the input, whenever the records were parked:
 * one that waited in memory and is parked late still goes before those that were parked behind it.
 */
export function parkedKeyOf(
  lane: string,
  origin: { readonly topic: string; readonly offset: number },
): string {
  return `${lane}\u0000${String(origin.offset).padStart(16, '0')}\u0000${origin.topic}`;
}

/** What shares fairly: the records of one key (connection) in one input. */
export function groupOf(topic: string, key: string): string {
  return `${topic}\u0000${key}`;
}

interface Group {
  /** Its closed lanes by the time at which they wake. */
  readonly lanes: DueQueue;
  /** Had no room when it was looked at last. */
  notBefore: number;
}

/**
 * Which records are parked: an index over the `parked` store, which has the records themselves. A lane with parked records is
 * closed: what comes later waits behind them, and all of it wakes when the first is due, in order. Lanes wake group by group
 * and only as far as there is room, so that a tenant with a hundred thousand parked records costs the others nothing.
 */
export class ParkingLot {
  private readonly lanes = new Map<string, ParkedLane>();
  private readonly groups = new Map<string, Group>();
  private readonly wakeOrder = new DueQueue();
  private count = 0;

  /** Whether later records of the lane must wait. */
  isClosed(lane: string): boolean {
    return this.lanes.has(lane);
  }

  /** Whether a record that was taken out must go back behind an earlier one of its lane. */
  hasEarlier(lane: string, storeKey: string): boolean {
    const firstKey = this.lanes.get(lane)?.firstKey;
    return firstKey !== undefined && firstKey < storeKey;
  }

  get size(): number {
    return this.count;
  }

  set(storeKey: string, work: Pick<ParkedWork, 'lane' | 'topic' | 'key' | 'wakeAt'>): void {
    let lane = this.lanes.get(work.lane);
    if (!lane) {
      lane = new ParkedLane(groupOf(work.topic, work.key?.toString() ?? ''));
      this.lanes.set(work.lane, lane);
    }
    const before = lane.size;
    lane.set(storeKey, work.wakeAt);
    this.count += lane.size - before;
    this.schedule(work.lane, lane);
  }

  delete(storeKey: string): void {
    const name = laneOf(storeKey);
    const lane = this.lanes.get(name);
    if (!lane?.delete(storeKey)) return;
    this.count -= 1;
    this.schedule(name, lane);
  }

  /** Whether the record is parked, and nobody works on it now. */
  has(storeKey: string): boolean {
    return this.lanes.get(laneOf(storeKey))?.has(storeKey) ?? false;
  }

  /** The store keys of all parked records that nobody works on now. */
  *keys(): Iterable<string> {
    for (const lane of this.lanes.values()) yield* lane.keys();
  }

  /** When the next lane wakes. */
  nextAt(): number | undefined {
    return this.wakeOrder.nextAt();
  }

  /**
   * Takes out what is due, each lane in order; entries stay in the store until their handler has finished.
   * @param roomFor how many more records of a group fit into memory; a group without room is looked at again at `lookAgainAt`
   */
  takeDue(now: number, roomFor: (group: string) => number, lookAgainAt: number): string[] {
    const taken: string[] = [];
    for (let name = this.wakeOrder.takeNext(now); name !== undefined; name = this.wakeOrder.takeNext(now)) {
      const group = this.groups.get(name);
      if (!group) continue;
      taken.push(...this.takeFrom(group, now, roomFor(name)));
      if ((group.lanes.nextAt() ?? Infinity) <= now) group.notBefore = Math.max(lookAgainAt, now + 1);
      this.reorder(name, group);
    }
    return taken;
  }

  private takeFrom(group: Group, now: number, room: number): string[] {
    const taken: string[] = [];
    while (taken.length < room) {
      const name = group.lanes.takeNext(now);
      const lane = name === undefined ? undefined : this.lanes.get(name);
      if (name === undefined || !lane) break;
      taken.push(...lane.take(room - taken.length));
      if (lane.size === 0) this.lanes.delete(name);
      else group.lanes.set(name, Math.min(lane.wakeAt, now));
    }
    this.count -= taken.length;
    return taken;
  }

  private schedule(name: string, lane: ParkedLane): void {
    let group = this.groups.get(lane.group);
    if (!group) {
      group = { lanes: new DueQueue(), notBefore: 0 };
      this.groups.set(lane.group, group);
    }
    if (lane.size === 0) {
      this.lanes.delete(name);
      group.lanes.delete(name);
    } else group.lanes.set(name, lane.wakeAt);
    this.reorder(lane.group, group);
  }

  private reorder(name: string, group: Group): void {
    const next = group.lanes.nextAt();
    if (next !== undefined) this.wakeOrder.set(name, Math.max(next, group.notBefore));
    else {
      this.groups.delete(name);
      this.wakeOrder.delete(name);
    }
  }
}

/** The lane of a parked record. */
export function laneOf(storeKey: string): string {
  const offsetAt = storeKey.lastIndexOf('\u0000', storeKey.lastIndexOf('\u0000') - 1);
  return storeKey.slice(0, offsetAt);
}
