import { type ParkedWork, parkedWorkSchema, runtimeStores } from '#libs/contracts';
import type { RawRecord } from '../log/raw-record.js';
import type { BlockedGroups } from './blocked-groups.js';
import type { FailureHandling } from './failure-handling.js';
import type { InputProgress } from './input-progress.js';
import type { LaneScheduler } from './lane-scheduler.js';
import { laneOf, type ParkingLot } from './parking-lot.js';
import { decodeRecord, rawOf } from './record-decoding.js';
import { learnSchema } from './schema-learning.js';
import type { TaskEvents } from './task-events.js';
import type { TaskRuntime } from './task-runtime.js';
import type { RecordItem, WorkItem } from './work-item.js';

/** What the intake brings together. */
export interface IntakePorts {
  readonly progress: InputProgress;
  readonly lanes: LaneScheduler<WorkItem>;
  readonly parking: ParkingLot;
  readonly blocked: BlockedGroups;
  readonly failures: FailureHandling;
  readonly events: TaskEvents;
  /** Records of one connection that wait in memory; what comes beyond is parked. */
  readonly maxWaitingPerKey: number;
}

/** Brings records into their lanes, one after the other: decoding may have to wait for the registry, and order must stay. */
export class Intake {
  private chain: Promise<void> = Promise.resolve();
  private waitingCount = 0;
  /** Lanes whose parked records are on their way back, with how many: these are neither parked nor in their lane. */
  private readonly returning = new Map<string, number>();

  constructor(
    private readonly runtime: TaskRuntime,
    private readonly ports: IntakePorts,
  ) {}

  /** Records that are read and not yet in a lane. */
  get waiting(): number {
    return this.waitingCount;
  }

  /** Resolves when everything added so far is in its lane. */
  settled(): Promise<void> {
    return this.chain;
  }

  /** Takes what was read from an input, in order. */
  add(topic: string, records: readonly RawRecord[], nextOffset: number): void {
    this.waitingCount += records.length;
    this.chain = this.chain.then(async () => {
      for (const record of records) {
        await this.take(record);
        this.waitingCount -= 1;
      }
      this.ports.progress.readUpTo(topic, nextOffset);
    });
  }

  /** Brings parked records back, in order. */
  unpark(storeKeys: readonly string[]): void {
    this.waitingCount += storeKeys.length;
    for (const storeKey of storeKeys) this.countReturning(laneOf(storeKey), 1);
    this.chain = this.chain.then(async () => {
      for (const storeKey of storeKeys) {
        await this.takeParked(storeKey);
        this.countReturning(laneOf(storeKey), -1);
        this.waitingCount -= 1;
      }
    });
  }

  private countReturning(lane: string, change: number): void {
    const count = (this.returning.get(lane) ?? 0) + change;
    if (count > 0) this.returning.set(lane, count);
    else this.returning.delete(lane);
  }

  private async take(raw: RawRecord): Promise<void> {
    const handler = this.ports.progress.handlerOf(raw.topic);
    if (!handler || this.runtime.signal.aborted || !this.ports.progress.begin(raw)) return;
    try {
      if (raw.value) await this.learn(raw.value);
      this.enqueue(decodeRecord(this.runtime.codec, handler, raw));
    } catch (error) {
      if (!this.runtime.signal.aborted) this.ports.failures.rejectUndecodable(handler, raw, error);
    }
  }

  private enqueue(item: RecordItem): void {
    const { parking, blocked, lanes, failures, maxWaitingPerKey } = this.ports;
    // Of a connection that is refused everything at the moment nothing is tried: it waits behind what was refused.
    if (parking.isClosed(item.lane) || this.returning.has(item.lane) || blocked.isHeld(item.group))
      failures.parkBehind([item], 'behind-parked');
    // A tenant that is slower than its input must not fill the memory that the others need.
    else if (lanes.waitingIn(item.group) >= maxWaitingPerKey) failures.parkBehind([item], 'queue-full');
    else lanes.enqueue(item);
  }

  private async takeParked(storeKey: string): Promise<void> {
    if (this.runtime.signal.aborted) return;
    const bytes = this.runtime.storeOf(runtimeStores.parked.name).get(storeKey);
    if (!bytes) return;
    const work: ParkedWork = this.runtime.codec.decode(parkedWorkSchema, bytes);
    const raw = rawOf(work);
    const handler = this.ports.progress.handlerOf(work.topic);
    try {
      // Another build reads that input: the record stays in the store until such a build runs again.
      if (!handler) return;
      if (raw.value) await this.learn(raw.value);
      const item = decodeRecord(this.runtime.codec, handler, raw, work.attempts + 1);
      const parked = { ...item, parked: { storeKey, work } };
      // An earlier one of the lane may have been parked again: then this one waits behind it, in its old place.
      if (this.ports.parking.hasEarlier(item.lane, storeKey)) {
        this.ports.failures.parkBehind([parked], 'behind-parked');
      } else this.ports.lanes.enqueue(parked);
    } catch (error) {
      if (!this.runtime.signal.aborted) this.ports.failures.rejectParked(storeKey, raw, error);
    }
  }

  private learn(bytes: Buffer): Promise<void> {
    const { codec, clock, signal } = this.runtime;
    return learnSchema(bytes, { codec, clock, signal, events: this.ports.events });
  }
}
