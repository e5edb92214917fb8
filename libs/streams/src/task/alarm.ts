import { runtimeStores, timerSchema } from '#libs/contracts';
import type { BlockedGroups } from './blocked-groups.js';
import type { DueQueue } from './due-queue.js';
import type { Intake } from './intake.js';
import type { LaneScheduler } from './lane-scheduler.js';
import type { ParkingLot } from './parking-lot.js';
import type { TaskEvents } from './task-events.js';
import type { TaskRuntime } from './task-runtime.js';
import type { TickHandler, Topology } from './topology.js';
import type { WorkItem } from './work-item.js';

/** What the alarm wakes. */
export interface AlarmPorts {
  readonly topology: Topology;
  readonly timers: DueQueue;
  readonly parking: ParkingLot;
  readonly blocked: BlockedGroups;
  readonly lanes: LaneScheduler<WorkItem>;
  readonly intake: Intake;
  readonly events: TaskEvents;
  readonly maxWaitingPerKey: number;
}

const UNKNOWN_TIMER_RETRY_MS = 3_600_000;
/** How soon a tenant whose queue was full is looked at again. */
const NO_ROOM_RETRY_MS = 100;

/** Timers of the process run by its own pace: so often the clock is looked at again, which somebody may have set. */
const LOOK_AT_CLOCK_MS = 60_000;

/** Turns time into work: timers that come due, parked lanes that wake, periodic ticks. */
export class Alarm {
  private armed: { readonly at: number; readonly cancel: () => void } | undefined;
  private readonly tickCancels = new Set<() => void>();

  constructor(
    private readonly runtime: TaskRuntime,
    private readonly ports: AlarmPorts,
  ) {}

  /** Runs each tick once, and from then on by its interval. */
  startTicks(): void {
    for (const tick of this.ports.topology.ticks) this.runTick(tick);
  }

  /** Sets the alarm for the next timer or parked lane. */
  arm(): void {
    const at = Math.min(this.ports.timers.nextAt() ?? Infinity, this.ports.parking.nextAt() ?? Infinity);
    if (!Number.isFinite(at) || this.runtime.signal.aborted) return;
    if (this.armed && this.armed.at <= at) return;
    this.armed?.cancel();
    const delayMs = Math.min(at - this.runtime.clock.now(), LOOK_AT_CLOCK_MS);
    const cancel = this.runtime.clock.after(delayMs, () => {
      this.armed = undefined;
      this.wake();
      this.arm();
    });
    this.armed = { at, cancel };
  }

  stop(): void {
    this.armed?.cancel();
    for (const cancel of this.tickCancels) cancel();
  }

  private wake(): void {
    const now = this.runtime.clock.now();
    const { timers, parking, blocked, lanes, intake, maxWaitingPerKey } = this.ports;
    for (let key = timers.takeNext(now); key !== undefined; key = timers.takeNext(now)) this.fire(key, now);
    const roomFor = (group: string): number =>
      blocked.roomIn(group, maxWaitingPerKey - lanes.waitingIn(group));
    intake.unpark(parking.takeDue(now, roomFor, now + NO_ROOM_RETRY_MS));
  }

  private fire(storeKey: string, now: number): void {
    const bytes = this.runtime.storeOf(runtimeStores.timers.name).get(storeKey);
    if (!bytes) return;
    const timer = this.runtime.codec.decode(timerSchema, bytes);
    const handler = this.ports.topology.timers.get(timer.name);
    if (handler) {
      const input = { ...timer, payload: JSON.parse(timer.payload) as unknown };
      const { lane } = timer;
      this.ports.lanes.enqueue({ kind: 'timer', handler, storeKey, input, lane, group: lane, maxBatch: 1 });
    } else {
      // Another build set it (a rollback, say): it stays in the store and is looked at again later.
      this.ports.events.handled(`timer:${timer.name}`, 'failed', 0);
      this.ports.timers.set(storeKey, now + UNKNOWN_TIMER_RETRY_MS);
    }
  }

  private runTick(tick: TickHandler): void {
    if (this.runtime.signal.aborted) return;
    const lane = `every:${tick.name}`;
    if (!this.ports.lanes.isBusy(lane)) {
      const input = { name: tick.name, key: '', fireAt: this.runtime.clock.now(), lane, payload: null };
      this.ports.lanes.enqueue({ kind: 'tick', handler: tick, lane, group: lane, maxBatch: 1, input });
    }
    const cancel = this.runtime.clock.after(tick.intervalMs, () => {
      this.tickCancels.delete(cancel);
      this.runTick(tick);
    });
    this.tickCancels.add(cancel);
  }
}
