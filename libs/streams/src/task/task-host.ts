import { type Clock, fullJitterBackoff, LedgerwireError, type Random, sleep } from '#libs/core';
import type { TaskLogFactory } from '../log/task-log.js';
import type { StateDatabase } from '../state/state-database.js';
import { Task, type TaskPorts } from './task.js';

/** What the host needs to make tasks. */
export interface TaskHostPorts extends Omit<TaskPorts, 'partition' | 'log' | 'database' | 'partitionOf'> {
  readonly logs: TaskLogFactory;
  /** Opens the local file of a task's large stores; without it they are in memory. */
  readonly databases?: ((partition: number) => StateDatabase) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when a task could not be opened; it is tried again. */
  openFailed(partition: number, error: unknown): void;
  /** Told when a task runs (again), so that reading can begin at its positions. */
  opened(partition: number, task: Task): void;
}

const REOPEN = { baseMs: 100, capMs: 5_000 };

interface Slot {
  task: Task | undefined;
  wanted: boolean;
  /** Whatever is being done to the slot; the next step waits for it. */
  work: Promise<void>;
}

/** Owns the tasks of the partitions that this process has; replaces a task whose transaction has failed. */
export class TaskHost {
  private readonly slots = new Map<number, Slot>();
  private suspended = false;

  constructor(private readonly ports: TaskHostPorts) {}

  /** The running tasks by partition. */
  tasks(): Map<number, Task> {
    const running = new Map<number, Task>();
    for (const [partition, { task }] of this.slots)
      if (task && !task.signal.aborted) running.set(partition, task);
    return running;
  }

  /** Partitions that this process owns, running or not. */
  owned(): number[] {
    return [...this.slots].filter(([, { wanted }]) => wanted).map(([partition]) => partition);
  }

  /** Whether every owned task is restored and runs. */
  get ready(): boolean {
    return this.owned().every((partition) => this.tasks().has(partition));
  }

  /** Takes over what is newly assigned and gives up what is not assigned any more. */
  async assign(partitions: readonly number[]): Promise<void> {
    const wanted = new Set(partitions);
    const lost = [...this.slots].filter(([partition]) => !wanted.has(partition));
    await Promise.all(lost.map(([partition, slot]) => this.release(partition, slot)));
    for (const partition of wanted) if (!this.slots.has(partition)) this.take(partition);
  }

  /** Starts nothing new in any task; resolves when what runs has ended and is committed, or the drain time is over. */
  async suspend(): Promise<void> {
    this.suspended = true;
    await Promise.all([...this.tasks().values()].map((task) => task.suspend()));
  }

  resume(): void {
    this.suspended = false;
    for (const task of this.tasks().values()) task.resume();
  }

  /** Gives up everything. */
  async close(): Promise<void> {
    await this.suspend();
    await this.assign([]);
  }

  /** Opens a task again after its transaction has failed: what is in doubt is settled by the broker before state is read. */
  async reopen(partition: number, failed: Task): Promise<void> {
    const slot = this.slots.get(partition);
    if (!slot || slot.task !== failed) return;
    slot.task = undefined;
    slot.work = slot.work
      .then(() => failed.handlersEnded())
      .then(() => failed.close())
      .then(() => this.open(partition, slot));
    await slot.work;
  }

  private take(partition: number): void {
    const slot: Slot = { task: undefined, wanted: true, work: Promise.resolve() };
    this.slots.set(partition, slot);
    slot.work = this.open(partition, slot);
  }

  private async release(partition: number, slot: Slot): Promise<void> {
    slot.wanted = false;
    this.slots.delete(partition);
    await slot.task?.close();
    slot.task = undefined;
  }

  private async open(partition: number, slot: Slot): Promise<void> {
    for (let attempt = 1; slot.wanted; attempt += 1) {
      try {
        const task = await this.openTask(partition);
        if (!slot.wanted) {
          await task.close();
          return;
        }
        slot.task = task;
        // The host may have been suspended or resumed while the task was being opened, and did not know of it then.
        if (this.suspended) void task.suspend();
        else task.resume();
        this.ports.opened(partition, task);
        return;
      } catch (error) {
        this.ports.openFailed(partition, error);
        if (error instanceof LedgerwireError && error.disposition === 'halt') {
          this.ports.events.fatal(error);
          return;
        }
        await sleep(this.ports.clock, fullJitterBackoff(REOPEN, attempt, this.ports.random) + 20);
      }
    }
  }

  private async openTask(partition: number): Promise<Task> {
    const log = await this.ports.logs.open(partition);
    let database: StateDatabase | undefined;
    try {
      database = this.ports.databases?.(partition);
      const task: Task = new Task({
        ...this.ports,
        partition,
        log,
        database,
        partitionOf: (key) => this.ports.logs.partitionOf(key),
        events: {
          ...this.ports.events,
          lost: (error) => {
            this.ports.events.lost(error);
            void this.reopen(partition, task);
          },
        },
      });
      if (this.suspended) await task.suspend();
      await task.open();
      return task;
    } catch (error) {
      database?.close();
      await log.close();
      throw error;
    }
  }
}
