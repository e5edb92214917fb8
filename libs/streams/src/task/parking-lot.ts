import type { ParkedWork } from '#libs/contracts';

/** One parked record with its key in the `parked` store. */
export interface ParkedEntry {
  readonly storeKey: string;
  readonly work: ParkedWork;
}

/** The store key of the n-th parked record of a lane; text order is the order of parking. */
export function parkedKeyOf(lane: string, sequence: number): string {
  return `${lane}\u0000${String(sequence).padStart(14, '0')}`;
}

/**
 * Parked records by lane, an index over the `parked` store. A lane with parked records is closed: what comes later waits
 * behind them, and all of it wakes together when the first is due, in order.
 */
export class ParkingLot {
  private readonly lanes = new Map<string, Map<string, ParkedWork>>();
  private lastSequence = 0;

  /** Whether later records of the lane must wait. */
  isClosed(lane: string): boolean {
    return this.lanes.has(lane);
  }

  get size(): number {
    let count = 0;
    for (const entries of this.lanes.values()) count += entries.size;
    return count;
  }

  nextSequence(): number {
    this.lastSequence += 1;
    return this.lastSequence;
  }

  set(storeKey: string, work: ParkedWork): void {
    this.lastSequence = Math.max(
      this.lastSequence,
      Number(storeKey.slice(storeKey.lastIndexOf('\u0000') + 1)),
    );
    const entries = this.lanes.get(work.lane);
    if (entries) entries.set(storeKey, work);
    else this.lanes.set(work.lane, new Map([[storeKey, work]]));
  }

  delete(storeKey: string): void {
    const lane = storeKey.slice(0, storeKey.lastIndexOf('\u0000'));
    const entries = this.lanes.get(lane);
    entries?.delete(storeKey);
    if (entries?.size === 0) this.lanes.delete(lane);
  }

  /** When the next lane wakes. */
  nextAt(): number | undefined {
    let earliest: number | undefined;
    for (const entries of this.lanes.values()) {
      const at = wakeTimeOf(entries);
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }

  /** Takes out the lanes that are due, each in order; entries stay in the store until their handler has finished. */
  takeDue(now: number): ParkedEntry[] {
    const due: ParkedEntry[] = [];
    for (const [lane, entries] of this.lanes) {
      if (wakeTimeOf(entries) > now) continue;
      this.lanes.delete(lane);
      const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
      due.push(...sorted.map(([storeKey, work]) => ({ storeKey, work })));
    }
    return due;
  }
}

/** A lane wakes when its first record may: the others only wait behind it. */
function wakeTimeOf(entries: ReadonlyMap<string, ParkedWork>): number {
  let firstKey: string | undefined;
  let wakeAt = 0;
  for (const [key, work] of entries) {
    if (firstKey === undefined || key < firstKey) {
      firstKey = key;
      wakeAt = work.wakeAt;
    }
  }
  return wakeAt;
}
