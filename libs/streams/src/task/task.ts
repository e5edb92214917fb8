import { parkedWorkSchema, runtimeStores, timerSchema, type Topic } from '#libs/contracts';
import { type Clock, LedgerwireError, type Random } from '#libs/core';
import type { Codec } from '../codec/codec.js';
import type { RawRecord } from '../log/raw-record.js';
import type { TaskLog, TaskTransaction } from '../log/task-log.js';
import type { StateDatabase } from '../state/state-database.js';
import type { StateStore } from '../state/state-store.js';
import { TaskState } from '../state/task-state.js';
import { Alarm } from './alarm.js';
import { BlockedGroups } from './blocked-groups.js';
import { Committer } from './committer.js';
import { DueQueue } from './due-queue.js';
import { FailureHandling, type WorkOutcome } from './failure-handling.js';
import { InputProgress, type InputOffset } from './input-progress.js';
import { Intake } from './intake.js';
import { LaneScheduler } from './lane-scheduler.js';
import { handleOperatorRequest, operatorInput } from './operator-requests.js';
import { ParkingLot } from './parking-lot.js';
import { RetentionSweep } from './retention-sweep.js';
import { learnSchema } from './schema-learning.js';
import type { TaskEvents } from './task-events.js';
import type { TaskRuntime } from './task-runtime.js';
import type { TaskSettings } from './task-settings.js';
import type { Topology } from './topology.js';
import { UnitOfWork } from './unit-of-work.js';
import { invokeHandler, isRecord, nameOfWork, type RecordItem, type WorkItem } from './work-item.js';

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
  /** The local file of its large stores; without one they are in memory. */
  readonly database?: StateDatabase | undefined;
  partitionOf(key: string): number;
}

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
  private readonly topology: Topology;
  private readonly state: TaskState;
  private readonly outputs: ReadonlyMap<string, Topic<unknown>>;
  private readonly lanes: LaneScheduler<WorkItem>;
  private readonly parking = new ParkingLot();
  private readonly timers = new DueQueue();
  private readonly blocked: BlockedGroups;
  private readonly failures: FailureHandling;
  private progress = new InputProgress([], []);
  private intake: Intake;
  private alarm: Alarm;

  constructor(private readonly ports: TaskPorts) {
    const { settings, events } = ports;
    this.topology = this.withOwnHandlers(ports.topology);
    this.service = ports.topology.service;
    this.partition = ports.partition;
    this.clock = ports.clock;
    this.codec = ports.codec;
    this.outputs = new Map(ports.topology.outputs.map((topic) => [topic.name, topic]));
    this.lanes = new LaneScheduler(
      { maxInFlight: settings.maxInFlight, maxInFlightPerGroup: settings.maxInFlightPerKey },
      (items) => this.run(items),
    );
    this.state = this.createState();
    this.committer = new Committer({
      clock: ports.clock,
      lingerMs: settings.commitLingerMs,
      maxBytes: settings.maxTransactionBytes,
      commit: (transaction) => this.commit(transaction),
      advance: (finished) => this.progress.finish(finished),
      committed: (records, durationMs) => events.committed(records, durationMs),
      failed: (error) => this.giveUp(error),
    });
    this.blocked = new BlockedGroups(ports.clock);
    this.failures = new FailureHandling(this, this.timers, { ...ports, blocked: this.blocked });
    this.intake = this.createIntake();
    this.alarm = this.createAlarm();
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Restores the stores and reads the committed positions; the task then runs. */
  async open(): Promise<void> {
    const { log } = this.ports;
    const topology = this.topology;
    await this.state.restore([...topology.stores, ...Object.values(runtimeStores)]);
    for (const store of Object.values(runtimeStores)) {
      for (const [key, bytes] of this.storeOf(store.name).range('')) this.index(store.name, key, bytes);
    }
    const committed = await log.positions(topology.inputs.map(({ topic }) => topic.name));
    this.progress = new InputProgress(topology.inputs, committed);
    this.intake = this.createIntake();
    this.alarm = this.createAlarm();
    this.alarm.startTicks();
    this.alarm.arm();
  }

  /** Where each input is to be read from. */
  positions(): InputOffset[] {
    return this.progress.positions();
  }

  /** Whether more input fits into memory. */
  get wantsInput(): boolean {
    const { maxBacklog, maxTransactionBytes } = this.ports.settings;
    const committing = this.committer.waitingBytes < QUEUED_TRANSACTIONS * maxTransactionBytes;
    return !this.signal.aborted && this.backlog < maxBacklog && committing;
  }

  /** Work that waits or runs. */
  get backlog(): number {
    return this.lanes.backlog + this.intake.waiting;
  }

  /** Records that wait for their time. */
  get parkedCount(): number {
    return this.parking.size;
  }

  /** Takes what was read, in order; decoding and lanes follow behind it. */
  add(topic: string, records: readonly RawRecord[], nextOffset: number): void {
    this.intake.add(topic, records, nextOffset);
  }

  /** Resolves when everything added so far has been handled and committed. */
  async settled(): Promise<void> {
    await this.intake.settled();
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
    this.alarm.arm();
  }

  /** Ends the task for good. What runs is told by its signal, and can commit nothing more. */
  async close(): Promise<void> {
    this.stop(new LedgerwireError('the task is closed', { code: 'task-stopped', disposition: 'retry' }));
    this.state.close();
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
    return this.state.storeOf(name);
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
    this.index(store, key, value);
    if (store === runtimeStores.timers.name || store === runtimeStores.parked.name) this.alarm.arm();
  }

  /** Keeps the indexes over timers and parked records in step with their stores. */
  private index(store: string, key: string, value: Buffer | undefined): void {
    if (store === runtimeStores.timers.name) {
      if (value === undefined) this.timers.delete(key);
      else this.timers.set(key, this.codec.decode(timerSchema, value).fireAt);
    } else if (store === runtimeStores.parked.name) {
      if (value === undefined) this.parking.delete(key);
      else this.parking.set(key, this.codec.decode(parkedWorkSchema, value));
    }
  }

  /** `behind`: what comes right after the items in their lane and is not waiting there. */
  private async run(
    items: readonly WorkItem[],
    behind: readonly RecordItem[] = [],
  ): Promise<WorkOutcome | 'ok'> {
    const [first] = items;
    if (!first || this.signal.aborted) return 'failed';
    const unit = new UnitOfWork(this, first.kind === 'record' ? first.input.headers : {});
    const startedAt = this.clock.now();
    let outcome: WorkOutcome | 'ok' = 'ok';
    try {
      await invokeHandler(items, unit);
      if (!this.signal.aborted) this.failures.finish(items, unit);
    } catch (error) {
      if (!this.signal.aborted) {
        outcome = await this.afterFailure(items, error, behind);
      }
    }
    this.ports.events.handled(nameOfWork(first), outcome, this.clock.now() - startedAt);
    return outcome;
  }

  private async afterFailure(
    items: readonly WorkItem[],
    error: unknown,
    behind: readonly RecordItem[],
  ): Promise<WorkOutcome> {
    try {
      return await this.failures.handle(items, error, {
        takeWaitingRecords: (lane) => [...behind, ...this.lanes.takeWaiting(lane, isRecord)],
        runAlone: (item, rest) => this.run([item], rest),
      });
    } catch (unhandled) {
      // What cannot even be parked or set aside would be read again for ever: the service ends and says why.
      this.ports.events.fatal(unhandled);
      return 'failed';
    }
  }

  private async commit(transaction: TaskTransaction): Promise<void> {
    const records = this.state.withoutOvertaken(transaction.records);
    const ends = await this.ports.log.commit({ records, positions: transaction.positions });
    this.state.committed(records, ends);
  }

  private createState(): TaskState {
    const { clock, codec, database, events, log } = this.ports;
    return new TaskState({
      service: this.service,
      log,
      clock,
      database,
      knows: (value) => codec.knows(value),
      learn: (value) => learnSchema(value, { codec, clock, events, signal: this.signal }),
      restored: (store, entries, durationMs) => events.restored(store, entries, durationMs),
    });
  }

  private createIntake(): Intake {
    const { lanes, parking, blocked, failures, progress } = this;
    const { events, settings } = this.ports;
    const { maxWaitingPerKey } = settings;
    return new Intake(this, { lanes, parking, blocked, failures, progress, events, maxWaitingPerKey });
  }

  private createAlarm(): Alarm {
    const { lanes, parking, blocked, timers, intake } = this;
    const { events, settings } = this.ports;
    const { topology } = this;
    const { maxWaitingPerKey } = settings;
    return new Alarm(this, { lanes, parking, blocked, timers, intake, events, topology, maxWaitingPerKey });
  }

  /** What the runtime itself handles beside the service: requests of operators, and the sweep of old entries. */
  private withOwnHandlers(topology: Topology): Topology {
    const requests = operatorInput((request) =>
      handleOperatorRequest(request, this, {
        parking: this.parking,
        blocked: this.blocked,
        failures: this.failures,
        handlerOf: (topic) => this.progress.handlerOf(topic),
      }),
    );
    const sweep = new RetentionSweep(this, topology.stores).tick();
    return {
      ...topology,
      inputs: [...topology.inputs, requests],
      ticks: sweep ? [...topology.ticks, sweep] : topology.ticks,
    };
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
    this.alarm.stop();
  }
}

/** So many full transactions may wait for their turn before reading stops. */
const QUEUED_TRANSACTIONS = 8;
