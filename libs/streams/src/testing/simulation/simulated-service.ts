import type { Topic } from '#libs/contracts';
import { codeOf, LedgerwireError } from '#libs/core';
import { type GroupSettings, StreamsRuntime } from '../../streams-runtime.js';
import { silentTaskEvents } from '../../task/task-events.js';
import type { TaskSettings } from '../../task/task-settings.js';
import { buildTopology, handlersOf, type TopicBindings } from '../../task/topology-builder.js';
import type { Topology } from '../../task/topology.js';
import { connectorFor } from './simulated-client.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/** A service as the simulated world runs it. */
export interface ServiceDescription {
  /** Consumer group and prefix of state topics. */
  readonly name: string;
  /** Processes that are kept running. */
  readonly replicas: number;
  readonly bindings?: TopicBindings;
  readonly settings?: Partial<TaskSettings>;
  readonly group?: Partial<GroupSettings>;
  /** Instances of decorated handler classes, made anew for every process: nothing in memory outlives one. */
  handlers(process: SimulatedProcess): readonly object[];
}

interface Replica {
  readonly process: SimulatedProcess;
  readonly runtime: StreamsRuntime;
}

/** Keeps the processes of one service running, as a supervisor does, and lets the world do to them what its seed says. */
export class SimulatedService {
  readonly topology: Topology;
  private readonly replicas = new Map<number, Replica>();
  private started = 0;

  constructor(
    private readonly world: SimulatedWorld,
    readonly description: ServiceDescription,
  ) {
    this.topology = this.topologyFor(new SimulatedProcess(`${description.name}#0`, world.surroundings));
    for (let slot = 0; slot < description.replicas; slot += 1) this.boot(slot);
  }

  /** Whether every process runs and has restored all its tasks. */
  get ready(): boolean {
    return (
      this.replicas.size === this.description.replicas &&
      [...this.replicas.values()].every(({ runtime }) => runtime.ready)
    );
  }

  /** Work in memory and parked work of all processes. */
  get load(): { readonly backlog: number; readonly parked: number } {
    const tasks = [...this.replicas.values()].flatMap(({ runtime }) => runtime.describe());
    const sum = (of: 'backlog' | 'parked'): number => tasks.reduce((total, task) => total + task[of], 0);
    return { backlog: sum('backlog'), parked: sum('parked') };
  }

  /** Whether all input is handled and committed. Parked work and timers may be left. */
  get drained(): boolean {
    const inputs = this.topology.inputs.map(({ topic }) => topic.name);
    return this.ready && this.load.backlog === 0 && this.world.kafka.isDrained(this.description.name, inputs);
  }

  /** Topics that the service reads. */
  get inputs(): readonly Topic<unknown>[] {
    return this.topology.inputs.map(({ topic }) => topic);
  }

  /** Once in a while something happens to a process; all of it is drawn from the seed. */
  harass(): void {
    const { chance } = this.world;
    for (const [slot, { process, runtime }] of this.replicas) {
      if (chance.strikesHere(`kill ${process.name}`, 0.06)) process.kill('kill -9');
      else if (chance.strikesHere(`stop ${process.name} for long`, 0.03)) process.pause(this.longPause());
      else if (chance.strikesHere(`terminate ${process.name}`, 0.03))
        void this.terminate(slot, process, runtime);
    }
  }

  /** Lets paused processes go on. */
  calmDown(): void {
    for (const { process } of this.replicas.values()) process.wakeUp();
  }

  /** Ends every process for good. */
  end(): void {
    for (const { process } of this.replicas.values()) {
      process.onKilled = () => undefined;
      process.kill('the world ends');
    }
  }

  /** kill -9 for every process; the supervisor starts others. */
  killAll(): void {
    for (const { process } of this.replicas.values()) process.kill('kill -9');
  }

  /** SIGTERM for every process; resolves when all have ended, and the supervisor starts others. */
  async terminateAll(): Promise<void> {
    const all = [...this.replicas].map(([slot, { process, runtime }]) =>
      this.terminate(slot, process, runtime),
    );
    await Promise.all(all);
  }

  /** Longer than the session: the others take over, and the process comes back as a zombie. */
  private longPause(): number {
    const { sessionTimeoutMs = 10_000 } = this.description.group ?? {};
    return Math.round(sessionTimeoutMs * (0.5 + 1.5 * this.world.chance.random()));
  }

  /** SIGTERM: it drains, leaves the group and ends; the supervisor kills it when that takes too long. */
  private terminate(slot: number, process: SimulatedProcess, runtime: StreamsRuntime): Promise<void> {
    this.world.history.note(process.name, () => 'is asked to end (SIGTERM)');
    const ended = (): void => {
      if (this.replicas.get(slot)?.process === process) process.kill('it has ended');
    };
    this.world.queue.schedule(30_000, ended);
    return runtime.stop().then(ended, ended);
  }

  private boot(slot: number): void {
    const { world, description } = this;
    this.started += 1;
    const process = new SimulatedProcess(`${description.name}#${this.started}`, world.surroundings);
    const topology = this.topologyFor(process);
    const runtime = new StreamsRuntime({
      topology,
      client: connectorFor(process, world.kafka),
      codec: world.codec,
      clock: process.clock,
      random: world.chance.random,
      ...(description.settings && { settings: description.settings }),
      ...(description.group && { group: description.group }),
      taskEvents: {
        ...silentTaskEvents,
        fatal: (error) => this.onFatal(process, error),
        lost: (error) => world.history.note(process.name, () => `gives a task up: ${textOf(error)}`),
      },
      groupEvents: {
        joined: (memberId, partitions) =>
          world.history.note(process.name, () => `is ${memberId} with partitions ${partitions.join(', ')}`),
        rebalancing: (cause) => world.history.note(process.name, () => `leaves its generation: ${cause}`),
        failed: (error) => world.history.note(process.name, () => `group: ${textOf(error)}`),
        fetched: () => undefined,
        held: () => undefined,
      },
      openFailed: (partition, error) =>
        world.history.note(process.name, () => `cannot open task ${partition}: ${textOf(error)}`),
    });
    this.replicas.set(slot, { process, runtime });
    process.onKilled = () => {
      this.replicas.delete(slot);
      world.queue.schedule(world.chance.between(50, 2_000), () => this.boot(slot));
    };
    world.history.note(process.name, () => 'starts');
    void runtime.start();
  }

  /** What nobody classified is a fault of the code; everything else ends the process as it would in production. */
  private onFatal(process: SimulatedProcess, error: unknown): void {
    if (!(error instanceof LedgerwireError))
      this.world.violated(`${process.name} met a bug: ${stackOf(error)}`);
    process.kill(`fatal: ${codeOf(error)}`);
  }

  private topologyFor(process: SimulatedProcess): Topology {
    const { name, bindings } = this.description;
    const found = this.description.handlers(process).map((instance) => handlersOf(instance));
    return buildTopology(
      name,
      found.flatMap(({ handlers }) => handlers),
      found.map(({ pipeline }) => pipeline),
      bindings,
    );
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
