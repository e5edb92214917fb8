import type { StoreDefinition, Topic } from '#libs/contracts';
import { type ManualClock, seededRandom } from '#libs/core';
import type { RawRecord } from '../log/raw-record.js';
import type { TaskLog } from '../log/task-log.js';
import { silentTaskEvents } from '../task/task-events.js';
import { defaultTaskSettings, type TaskSettings } from '../task/task-settings.js';
import { Task } from '../task/task.js';
import { buildTopology, handlersOf, type TopicBindings } from '../task/topology-builder.js';
import { changelogOf } from '../state/task-state.js';
import { MemoryBroker } from './memory-broker.js';
import { MemoryCodec } from './memory-codec.js';

/** What to drive. */
export interface PipelineDriverOptions {
  readonly service: string;
  /** Instances of decorated handler classes. */
  readonly handlers: readonly object[];
  readonly clock: ManualClock;
  readonly bindings?: TopicBindings;
  readonly settings?: Partial<TaskSettings>;
  /** Called before each commit; throwing there is a transaction whose outcome is not known to have happened. */
  readonly beforeCommit?: () => void;
  /** One whose registry is slow, say; otherwise all schemas are known. */
  readonly codec?: MemoryCodec;
}

/**
 * Runs the handlers of a service against one simulated task: no Kafka, no registry, virtual time. The task, lanes, stores,
 * timers and parking are the real ones; only the log under them is in memory.
 */
export class PipelineDriver {
  readonly broker: MemoryBroker;
  /** The error that ended the service, if one did. */
  fatalError: unknown;
  private readonly codec: MemoryCodec;
  private readonly offsets = new Map<string, number>();
  private task: Task | undefined;

  private constructor(private readonly options: PipelineDriverOptions) {
    this.broker = new MemoryBroker(1, options.clock);
    this.codec = options.codec ?? new MemoryCodec();
  }

  /** Opens the task; its `@Every` handlers run once. */
  static async start(options: PipelineDriverOptions): Promise<PipelineDriver> {
    const driver = new PipelineDriver(options);
    await driver.open();
    return driver;
  }

  /** Puts a record into an input topic and hands it to the task; {@link settle} waits for its effects. */
  send<T>(topic: Topic<T>, key: string, value: T, headers: Readonly<Record<string, string>> = {}): void {
    this.sendBytes(topic.name, key, this.codec.encode(topic, value), headers);
  }

  /** The same with bytes of the caller's choice, for poison records. */
  sendBytes(
    topic: string,
    key: string,
    value: Buffer | null,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.broker.append({
      topic,
      partition: 0,
      key: Buffer.from(key),
      value,
      headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
    });
    this.deliver();
  }

  /** Waits until everything delivered is handled and committed, as far as it goes without time passing. */
  async settle(): Promise<void> {
    await this.running().settled();
  }

  /** Hands the service what it wrote to its own input topics, and waits for what comes of it. */
  async readOwn(): Promise<void> {
    this.deliver();
    await this.settle();
  }

  /** Lets time pass: timers fire, parked records wake, ticks run. */
  async advance(byMs: number): Promise<void> {
    await this.options.clock.advance(byMs);
    await this.settle();
  }

  /** The committed values of an output topic. */
  sent<T>(topic: Topic<T>): T[] {
    return this.broker.readAll(topic.name).map((record) => this.decode(topic, record));
  }

  /** A committed entry of a state store. */
  stored<T>(definition: StoreDefinition<T>, key: string): T | undefined {
    const topic = changelogOf(this.options.service, definition);
    const last = this.broker.readAll(topic.name).findLast((record) => record.key?.toString() === key);
    return last?.value ? this.decode(topic, last) : undefined;
  }

  /** How many records wait for their time. */
  get parkedCount(): number {
    return this.running().parkedCount;
  }

  /** Kills the task where it stands and opens it again, as after kill -9: state from the log, input from what was committed. */
  async restart(): Promise<void> {
    await this.task?.close();
    await this.open();
  }

  /** Asks the task to end, as SIGTERM does: what runs is finished and committed within the drain time. {@link restart} opens it again. */
  async stop(): Promise<void> {
    const task = this.running();
    await task.suspend();
    await task.close();
  }

  private async open(): Promise<void> {
    const { options } = this;
    const found = options.handlers.map((instance) => handlersOf(instance));
    const topology = buildTopology(
      options.service,
      found.flatMap(({ handlers }) => handlers),
      found.map(({ pipeline }) => pipeline),
      options.bindings,
    );
    const logs = this.broker.taskLogs(options.service);
    this.task = new Task({
      topology,
      partition: 0,
      log: this.observed(await logs.open(0)),
      codec: this.codec,
      clock: options.clock,
      random: seededRandom(1),
      settings: { ...defaultTaskSettings, ...options.settings },
      events: { ...silentTaskEvents, fatal: (error) => (this.fatalError = error) },
      partitionOf: (key) => logs.partitionOf(key),
    });
    await this.task.open();
    this.offsets.clear();
    for (const { topic, offset } of this.task.positions()) this.offsets.set(topic, offset);
    this.deliver();
  }

  private observed(log: TaskLog): TaskLog {
    return {
      ...log,
      commit: async (transaction) => {
        this.options.beforeCommit?.();
        return log.commit(transaction);
      },
    };
  }

  private deliver(): void {
    for (const [topic, offset] of this.offsets) {
      const records = this.broker.read(topic, 0, offset);
      if (records.length === 0) continue;
      this.offsets.set(topic, offset + records.length);
      this.running().add(topic, records, offset + records.length);
    }
  }

  private running(): Task {
    if (!this.task) throw new Error('the driver was not started');
    return this.task;
  }

  private decode<T>(topic: Topic<T>, record: RawRecord): T {
    if (!record.value) throw new Error(`a tombstone in ${topic.name}`);
    return this.codec.decode(topic.schema, record.value);
  }
}
