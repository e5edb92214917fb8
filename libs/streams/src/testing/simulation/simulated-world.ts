import type { StoreDefinition, Topic } from '#libs/contracts';
import { changelogOf } from '../../state/task-state.js';
import { MemoryCodec } from '../memory-codec.js';
import { Chance } from './chance.js';
import { EventQueue } from './event-queue.js';
import { History } from './history.js';
import { SimulatedKafka } from './simulated-kafka.js';
import type { ProcessFaults, ProcessSurroundings } from './simulated-process.js';
import { type ServiceDescription, SimulatedService } from './simulated-service.js';

/** How a world is made. */
export interface WorldOptions {
  readonly seed: number;
  /** Draws of {@link Chance} that must not strike; for shrinking. */
  readonly muted?: ReadonlySet<number>;
  readonly keepHistory?: boolean;
  readonly partitions?: number;
  readonly faults?: Partial<ProcessFaults>;
  /** When the world begins, epoch milliseconds. */
  readonly startAt?: number;
}

/** A committed record, decoded. */
export interface SeenRecord<T> {
  readonly key: string;
  readonly value: T;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

const START = Date.UTC(2026, 0, 5, 9);

const DEFAULT_FAULTS: ProcessFaults = {
  crash: 0.002,
  lostRequest: 0.004,
  lostAnswer: 0.008,
  lateRequest: 0.004,
  slow: 0.03,
};

/**
 * One simulated world: a broker, a network, processes and time, all driven by one seed. The services in it are the real
 * runtime and real handlers; everything below kafkajs's protocol requests is simulated.
 */
export class SimulatedWorld {
  readonly chance: Chance;
  readonly queue: EventQueue;
  readonly history: History;
  readonly kafka: SimulatedKafka;
  readonly codec = new MemoryCodec();
  readonly surroundings: ProcessSurroundings;
  /** Promises that were broken, in the order in which that was found. */
  readonly violations: string[] = [];
  readonly services: SimulatedService[] = [];

  constructor(options: WorldOptions) {
    this.chance = new Chance(options.seed, options.muted);
    this.queue = new EventQueue(options.startAt ?? START, this.chance.random);
    this.history = new History(this.queue, options.keepHistory ?? false);
    const { chance, queue, history } = this;
    const faults = { ...DEFAULT_FAULTS, ...options.faults };
    this.surroundings = { chance, queue, history, faults, skew: { ms: 0 } };
    this.kafka = new SimulatedKafka(options.partitions ?? 2, this.surroundings);
  }

  /** Starts the processes of a service. */
  run(description: ServiceDescription): SimulatedService {
    const service = new SimulatedService(this, description);
    this.services.push(service);
    return service;
  }

  /** Sets the clocks of all processes wrong by so much, as a person or a time server might. */
  skewClocks(ms: number): void {
    this.surroundings.skew.ms = ms;
    this.history.note('world', () => `clocks are ${ms / 60_000} minutes off`);
  }

  /** A promise was broken; the run ends. */
  violated(what: string): void {
    this.violations.push(what);
    this.history.note('VIOLATION', () => what);
  }

  /** Writes a record into a topic, as a service outside of the simulation would. */
  write<T>(topic: Topic<T>, key: string, value: T, headers: Readonly<Record<string, string>> = {}): void {
    this.kafka.write({
      topic: topic.name,
      key: Buffer.from(key),
      value: this.codec.encode(topic, value),
      headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
    });
  }

  /** The committed records of a topic, in the order of each partition. */
  records<T>(topic: Topic<T>): SeenRecord<T>[] {
    return this.kafka.committed(topic).map(({ key, value, partition, offset, timestamp }) => ({
      key: key?.toString() ?? '',
      value: this.codec.decode(topic.schema, value ?? Buffer.alloc(0)),
      partition,
      offset,
      timestamp,
    }));
  }

  /** The changes of a store of a service, as its changelog has them; undefined = deleted. */
  changes<T>(service: string, definition: StoreDefinition<T>): SeenRecord<T | undefined>[] {
    const topic = changelogOf(service, definition);
    return this.kafka.committed(topic).map(({ key, value, partition, offset, timestamp }) => ({
      key: key?.toString() ?? '',
      value: value ? this.codec.decode(topic.schema, value) : undefined,
      partition,
      offset,
      timestamp,
    }));
  }

  /** A store of a service as its changelog has it. */
  stored<T>(service: string, definition: StoreDefinition<T>): Map<string, T> {
    const entries = new Map<string, T>();
    for (const { key, value } of this.changes(service, definition)) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return entries;
  }

  /** Lets the seed do to services what it will, every now and then, until {@link calmDown}. */
  harassEvery(ms: number): void {
    const again = (): void => {
      if (this.chance.calm) return;
      for (const service of this.services) service.harass();
      const [first] = this.services;
      if (first && this.chance.strikesHere('compaction', 0.1)) {
        for (const { description } of this.services) this.kafka.compact(description.name);
      }
      this.queue.schedule(this.chance.between(Math.ceil(ms / 2), ms * 2), again);
    };
    this.queue.schedule(ms, again);
  }

  /** From now on nothing fails any more; what was killed comes back, what was paused goes on. */
  calmDown(): void {
    this.chance.calm = true;
    this.history.note('world', () => 'nothing fails from now on');
    for (const service of this.services) service.calmDown();
  }

  /** Lets time pass until the condition holds, looked at every `everyMs`; false when it never does or a promise is broken. */
  async runUntil(condition: () => boolean, withinMs: number, everyMs: number): Promise<boolean> {
    const until = this.queue.now + withinMs;
    let held = false;
    const look = (): void => {
      held = condition();
      if (!held) this.queue.schedule(everyMs, look);
    };
    this.queue.schedule(0, look);
    await this.queue.runUntil(() => held || this.violations.length > 0, until);
    return held;
  }

  /** Ends every process, so that nothing of this world is left. */
  end(): void {
    for (const service of this.services) service.end();
  }
}
