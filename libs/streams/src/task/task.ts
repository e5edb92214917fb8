import { parkedWorkSchema, runtimeStores, timerSchema, type Topic } from '#libs/contracts';
import { type Clock, LedgerwireError, type Random, sleep } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import type { RawRecord } from '../log/raw-record.js';
import type { InputPosition, TaskLog } from '../log/task-log.js';
import { MemoryStateStore, type StateStore } from '../state/state-store.js';
import { Committer, type Contribution } from './committer.js';
import { FailureHandling } from './failure-handling.js';
import { FinishedOffsets } from './finished-offsets.js';
import { LaneScheduler } from './lane-scheduler.js';
import { type ParkedEntry, ParkingLot } from './parking-lot.js';
import { decodeRecord } from './record-decoding.js';
import type { TaskEvents } from './task-events.js';
import type { TaskRuntime } from './task-runtime.js';
import type { TaskSettings } from './task-settings.js';
import { TimerQueue } from './timer-queue.js';
import type { InputHandler, Topology } from './topology.js';
import { changelogOf, UnitOfWork } from './unit-of-work.js';
import { isRecord, type RecordItem, type WorkItem } from './work-item.js';

/** What a task is made of. */
export interface TaskPorts {
  readonly topology: Topology;
  readonly partition: number;
  readonly log: TaskLog;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: TaskSettings;
  readonly events: TaskEvents;
  partitionOf(key: string): number;
}

const REGISTRY_RETRY_MS = 1_000;
const UNKNOWN_TIMER_RETRY_MS = 3_600_000;

/**
 * Partition p of a service's inputs with its state (the task of Kafka Streams). Life:
 * created → (open: restoring) → running ⇄ suspended → closed. Nothing is handled before the state is restored; after the
 * first failed transaction nothing more is committed and the task must be replaced by a new one.
 */
export class Task implements TaskRuntime {
  readonly service: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly committer: Committer;
  private readonly abort = new AbortController();
  private readonly stores = new Map<string, StateStore>();
  private readonly inputs = new Map<string, { handler: InputHandler; offsets: FinishedOffsets }>();
  private readonly outputs = new Map<string, Topic<unknown>>();
  private readonly lanes: LaneScheduler<WorkItem>;
  private readonly parking = new ParkingLot();
  private readonly timers = new TimerQueue();
  private readonly failures: FailureHandling;
  private readonly moved = new Set<string>();
  private intake: Promise<void> = Promise.resolve();
  private intakeWaiting = 0;
  private alarm: { readonly at: number; readonly cancel: () => void } | undefined;
  private readonly tickCancels = new Set<() => void>();

  constructor(private readonly ports: TaskPorts) {
    this.service = ports.topology.service;
    this.partition = ports.partition;
    this.clock = ports.clock;
    this.codec = ports.codec;
    const { settings } = ports;
    this.lanes = new LaneScheduler(
      { maxInFlight: settings.maxInFlight, maxInFlightPerGroup: settings.maxInFlightPerKey },
      (items) => this.run(items),
    );
    this.committer = new Committer({
      clock: ports.clock,
      lingerMs: settings.commitLingerMs,
      maxBytes: settings.maxTransactionBytes,
      commit: (transaction) => ports.log.commit(transaction),
      advance: (finished) => this.advance(finished),
      committed: (records, durationMs) => ports.events.committed(records, durationMs),
      failed: (error) => this.giveUp(error),
    });
    this.failures = new FailureHandling(this, this.parking, this.timers, ports);
    for (const topic of ports.topology.outputs) this.outputs.set(topic.name, topic);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Restores the stores and reads the committed positions; the task then runs. */
  async open(): Promise<void> {
    const { topology, log } = this.ports;
    for (const definition of [...topology.stores, ...Object.values(runtimeStores)]) {
      await this.restore(changelogOf(this.service, definition), definition.name);
    }
    for (const [key, bytes] of this.storeOf(runtimeStores.parked.name).range('')) {
      this.parking.set(key, this.codec.decode(parkedWorkSchema, bytes));
    }
    for (const [key, bytes] of this.storeOf(runtimeStores.timers.name).range('')) {
      this.timers.set(key, this.codec.decode(timerSchema, bytes));
    }
    const positions = await log.positions(topology.inputs.map(({ topic }) => topic.name));
    for (const handler of topology.inputs) {
      const position = positions.find(({ topic }) => topic === handler.topic.name);
      const offsets = new FinishedOffsets(position?.offset ?? 0, position?.metadata);
      this.inputs.set(handler.topic.name, { handler, offsets });
    }
    for (const tick of topology.ticks) this.startTick(tick.name);
    this.arm();
  }

  /** Where each input is to be read from. */
  positions(): { readonly topic: string; readonly offset: number }[] {
    return [...this.inputs].map(([topic, { offsets }]) => ({ topic, offset: offsets.position }));
  }

  /** Whether more input fits into memory. */
  get wantsInput(): boolean {
    return !this.signal.aborted && this.lanes.backlog + this.intakeWaiting < this.ports.settings.maxBacklog;
  }

  /** Work that waits or runs. */
  get backlog(): number {
    return this.lanes.backlog + this.intakeWaiting;
  }

  /** Records that wait for their time. */
  get parkedCount(): number {
    return this.parking.size;
  }

  /** Takes what was read, in order; decoding and lanes follow behind it. */
  add(topic: string, records: readonly RawRecord[], nextOffset: number): void {
    this.intakeWaiting += records.length;
    this.intake = this.intake.then(async () => {
      for (const record of records) {
        await this.take(record);
        this.intakeWaiting -= 1;
      }
      this.inputs.get(topic)?.offsets.readUpTo(nextOffset);
    });
  }

  /** Resolves when everything added so far has been handled and committed. */
  async settled(): Promise<void> {
    await this.intake;
    await this.lanes.idle();
    await this.committer.flush();
  }

  /** Starts no more work; resolves when what runs has ended and is committed, or the drain time is over. */
  async suspend(): Promise<void> {
    this.lanes.suspend();
    let cancel = (): void => undefined;
    const timeUp = new Promise<void>((resolve) => {
      cancel = this.clock.after(this.ports.settings.drainTimeoutMs, resolve);
    });
    await Promise.race([this.lanes.idle(), timeUp]);
    cancel();
    await this.committer.flush().catch(() => undefined);
  }

  resume(): void {
    this.lanes.resume();
    this.arm();
  }

  /** Ends the task for good. What runs is told by its signal, and can commit nothing more. */
  async close(): Promise<void> {
    this.stop(new LedgerwireError('the task is closed', { code: 'task-stopped', disposition: 'retry' }));
    await this.ports.log.close();
  }

  /** Resolves when no handler runs any more; after {@link close}, before the task is opened again. */
  async handlersEnded(): Promise<void> {
    this.lanes.suspend();
    await this.lanes.idle();
  }

  partitionOf(key: string): number {
    return this.ports.partitionOf(key);
  }

  storeOf(name: string): StateStore {
    const store = this.stores.get(name);
    if (store) return store;
    throw new LedgerwireError(`store ${name} is not among the stores of ${this.service}`, {
      code: 'store-not-declared',
      disposition: 'halt',
    });
  }

  outputOf<T>(topic: Topic<T>): Topic<T> {
    const output = this.outputs.get(topic.name);
    if (output) return output as Topic<T>;
    throw new LedgerwireError(`topic ${topic.name} is not among the outputs of ${this.service}`, {
      code: 'output-not-declared',
      disposition: 'halt',
    });
  }

  stateChanged(store: string, key: string, value: Buffer | undefined): void {
    if (store === runtimeStores.timers.name) {
      if (value === undefined) this.timers.delete(key);
      else this.timers.set(key, this.codec.decode(timerSchema, value));
      this.arm();
    } else if (store === runtimeStores.parked.name) {
      if (value === undefined) this.parking.delete(key);
      else this.parking.set(key, this.codec.decode(parkedWorkSchema, value));
      this.arm();
    }
  }

  private async restore(topic: Topic<unknown>, name: string): Promise<void> {
    const startedAt = this.clock.now();
    const store = new MemoryStateStore(topic);
    let unknown: Buffer | undefined;
    await this.ports.log.restore(topic.name, (key, value) => {
      store.set(key, value ?? undefined);
      if (value && !this.codec.knows(value)) unknown = value;
    });
    // An older build wrote some entries: learn its schemas now, since reads cannot wait.
    if (unknown) for (const [, value] of store.range('')) await this.learn(value);
    this.stores.set(name, store);
    this.ports.events.restored(name, store.size, this.clock.now() - startedAt);
  }

  private async learn(bytes: Buffer): Promise<void> {
    while (!this.codec.knows(bytes)) {
      try {
        await this.codec.learn(bytes);
      } catch (error) {
        if (!(error instanceof LedgerwireError) || error.code !== 'registry-unreachable') throw error;
        this.ports.events.waitingForRegistry(error);
        await sleep(this.clock, REGISTRY_RETRY_MS, this.signal);
      }
    }
  }

  private async take(raw: RawRecord): Promise<void> {
    const input = this.inputs.get(raw.topic);
    if (!input || this.signal.aborted) return;
    if (input.offsets.isFinished(raw.offset)) return;
    input.offsets.begin(raw.offset);
    try {
      if (raw.value) await this.learn(raw.value);
      this.enqueue(decodeRecord(this.codec, input.handler, raw));
    } catch (error) {
      if (!this.signal.aborted) this.failures.rejectUndecodable(input.handler, raw, error);
    }
  }

  private enqueue(item: RecordItem): void {
    if (this.parking.isClosed(item.lane)) this.failures.parkBehind([item]);
    else this.lanes.enqueue(item);
  }

  private async run(items: readonly WorkItem[]): Promise<void> {
    const [first] = items;
    if (!first || this.signal.aborted) return;
    const unit = new UnitOfWork(this, first.kind === 'record' ? first.input.headers : {});
    const startedAt = this.clock.now();
    let outcome: 'ok' | 'parked' | 'dead-lettered' | 'failed' = 'ok';
    try {
      await invoke(first, items, unit);
      if (!this.signal.aborted) this.failures.finish(items, unit);
    } catch (error) {
      if (!this.signal.aborted) {
        outcome = await this.failures.handle(items, error, {
          takeWaitingRecords: (lane) => this.lanes.takeWaiting(lane, isRecord),
          runAlone: (item) => this.run([item]),
        });
      }
    }
    this.ports.events.handled(nameOf(first), outcome, this.clock.now() - startedAt);
  }

  private advance(finished: Contribution['finished']): InputPosition[] {
    for (const { topic, offset } of finished) {
      this.inputs.get(topic)?.offsets.finish(offset);
      this.moved.add(topic);
    }
    const positions = [...this.moved].flatMap((topic) => {
      const offsets = this.inputs.get(topic)?.offsets;
      return offsets ? [{ topic, offset: offsets.position, metadata: offsets.encode() }] : [];
    });
    this.moved.clear();
    return positions;
  }

  private startTick(name: string): void {
    const tick = this.ports.topology.ticks.find((candidate) => candidate.name === name);
    if (!tick || this.signal.aborted) return;
    const lane = `every:${name}`;
    if (!this.lanes.isBusy(lane)) {
      const input = { name, key: '', fireAt: this.clock.now(), lane, payload: null };
      this.lanes.enqueue({ kind: 'tick', handler: tick, lane, group: lane, maxBatch: 1, input });
    }
    const cancel = this.clock.after(tick.intervalMs, () => {
      this.tickCancels.delete(cancel);
      this.startTick(name);
    });
    this.tickCancels.add(cancel);
  }

  /** Sets the alarm for the next timer or parked lane. */
  private arm(): void {
    const at = Math.min(this.timers.nextAt() ?? Infinity, this.parking.nextAt() ?? Infinity);
    if (!Number.isFinite(at) || this.signal.aborted) return;
    if (this.alarm && this.alarm.at <= at) return;
    this.alarm?.cancel();
    const cancel = this.clock.after(at - this.clock.now(), () => {
      this.alarm = undefined;
      this.wake();
      this.arm();
    });
    this.alarm = { at, cancel };
  }

  private wake(): void {
    const now = this.clock.now();
    for (const { storeKey, timer } of this.timers.takeDue(now)) {
      const handler = this.ports.topology.timers.get(timer.name);
      if (handler) {
        const input = { ...timer, payload: JSON.parse(timer.payload) as unknown };
        const { lane } = timer;
        this.lanes.enqueue({ kind: 'timer', handler, storeKey, input, lane, group: lane, maxBatch: 1 });
      } else {
        // Another build set it (a rollback, say): it stays in the store and is looked at again later.
        this.ports.events.handled(`timer:${timer.name}`, 'failed', 0);
        this.timers.set(storeKey, { ...timer, fireAt: now + UNKNOWN_TIMER_RETRY_MS });
      }
    }
    for (const entry of this.parking.takeDue(now)) {
      this.intakeWaiting += 1;
      this.intake = this.intake.then(() => this.unpark(entry));
    }
  }

  private async unpark({ storeKey, work }: ParkedEntry): Promise<void> {
    const handler = this.inputs.get(work.topic)?.handler;
    const raw = { ...work, headers: work.headers.map(({ key, value }) => [key, value] as const) };
    try {
      if (!handler || this.signal.aborted) return;
      if (raw.value) await this.learn(raw.value);
      const item = decodeRecord(this.codec, handler, raw, work.attempts + 1);
      // The lane may have been closed again by the one before it: then this one waits behind it, in its old place.
      this.enqueue({ ...item, parked: { storeKey, work } });
    } catch (error) {
      if (!this.signal.aborted) this.failures.rejectParked(storeKey, raw, error);
    } finally {
      this.intakeWaiting -= 1;
    }
  }

  private giveUp(error: unknown): void {
    this.stop(error);
    this.ports.events.lost(error);
  }

  private stop(reason: unknown): void {
    if (this.signal.aborted) return;
    this.abort.abort(reason);
    this.lanes.suspend();
    this.committer.fail(reason);
    this.alarm?.cancel();
    for (const cancel of this.tickCancels) cancel();
  }
}

function invoke(first: WorkItem, items: readonly WorkItem[], unit: UnitOfWork): Promise<void> {
  if (first.kind === 'timer') return first.handler(first.input, unit);
  if (first.kind === 'tick') return first.handler.invoke(first.input, unit);
  const inputs = items.flatMap((item) => (item.kind === 'record' ? [item.input] : []));
  return first.handler.invoke(first.handler.together ? inputs : first.input, unit);
}

function nameOf(item: WorkItem): string {
  if (item.kind === 'record') return item.handler.topic.name;
  return item.kind === 'timer' ? `timer:${item.input.name}` : `every:${item.input.name}`;
}
