import { join } from 'node:path';
import { runtimeStores, topics, type Topic } from '#libs/contracts';
import { type Clock, dispositionOf, type Random, sleep, systemClock, systemRandom } from '#libs/core';
import type { Codec } from './codec/codec.js';
import { GroupConsumer, type GroupConsumerEvents } from './kafka/group-consumer.js';
import type { KafkaConnector } from './kafka/kafka-client.js';
import { KafkaTaskLogFactory } from './kafka/transactional-task-log.js';
import type { TaskEvents } from './task/task-events.js';
import { TaskHost } from './task/task-host.js';
import { defaultTaskSettings, type TaskSettings } from './task/task-settings.js';
import type { Topology } from './task/topology.js';
import { StateDatabase } from './state/state-database.js';
import { changelogOf } from './state/task-state.js';

/** Everything one service's stream processing is made of. */
export interface StreamsRuntimeOptions {
  readonly topology: Topology;
  readonly client: KafkaConnector;
  readonly codec: Codec;
  readonly settings?: Partial<TaskSettings>;
  readonly group?: Partial<GroupSettings>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Folder for the local files of large stores, this process's own; without it they are in memory. */
  readonly stateFolder?: string | undefined;
  readonly taskEvents: TaskEvents;
  readonly groupEvents: GroupConsumerEvents;
  openFailed(partition: number, error: unknown): void;
}

/** Group membership; durations in milliseconds. */
export interface GroupSettings {
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly fetchMaxWaitMs: number;
  readonly transactionTimeoutMs: number;
}

const DEFAULT_GROUP: GroupSettings = {
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 15_000,
  heartbeatIntervalMs: 2_000,
  fetchMaxWaitMs: 1_000,
  // Longer than a commit ever takes, short enough that a dead owner does not hold readers up for long.
  transactionTimeoutMs: 15_000,
};

const REGISTRY_RETRY_MS = 1_000;

/** Runs a topology against Kafka. */
export class StreamsRuntime {
  private readonly host: TaskHost;
  private readonly consumer: GroupConsumer;
  private stopped = false;

  constructor(private readonly options: StreamsRuntimeOptions) {
    const { topology, client, codec } = options;
    const clock = options.clock ?? systemClock;
    const group = { ...DEFAULT_GROUP, ...options.group };
    const logs = new KafkaTaskLogFactory(
      client,
      {
        service: topology.service,
        inputs: inputsOf(topology),
        topics: [...new Set(topicsOf(topology))],
        transactionTimeoutMs: group.transactionTimeoutMs,
      },
      clock,
    );
    const { stateFolder } = options;
    this.host = new TaskHost({
      topology,
      logs,
      ...(stateFolder === undefined
        ? {}
        : {
            databases: (partition) =>
              new StateDatabase(join(stateFolder, `${topology.service}.${partition}.sqlite`)),
          }),
      codec,
      clock,
      random: options.random ?? systemRandom,
      settings: { ...defaultTaskSettings, ...options.settings },
      events: options.taskEvents,
      openFailed: (partition, error) => options.openFailed(partition, error),
      opened: (partition, task) => this.consumer.taskOpened(partition, task),
    });
    this.consumer = new GroupConsumer(
      client,
      { groupId: topology.service, topics: inputsOf(topology), readPauses: pausesOf(topology), ...group },
      this.host,
      clock,
      options.groupEvents,
    );
  }

  /** Learns the schema ids, waiting for the registry as long as it takes, then joins the group. */
  async start(): Promise<void> {
    const { topology, codec, taskEvents } = this.options;
    const clock = this.options.clock ?? systemClock;
    while (!this.stopped) {
      try {
        await codec.warm([...topology.outputs, ...stateTopicsOf(topology)]);
        this.consumer.start();
        return;
      } catch (error) {
        if (dispositionOf(error) !== 'retry') {
          taskEvents.fatal(error);
          return;
        }
        taskEvents.waitingForRegistry(error);
        await sleep(clock, REGISTRY_RETRY_MS);
      }
    }
  }

  /** Drains, commits, leaves the group. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.consumer.stop();
  }

  /** Whether the group was joined and all tasks that this process owns are restored. */
  get ready(): boolean {
    return this.consumer.hasJoined && this.host.ready;
  }

  /** When the broker last answered (epoch milliseconds). */
  get lastAnswerAt(): number {
    return this.consumer.lastAnswerAt;
  }

  /** Work in memory and parked work, by partition. */
  describe(): { partition: number; backlog: number; parked: number }[] {
    return [...this.host.tasks()].map(([partition, task]) => ({
      partition,
      backlog: task.backlog,
      parked: task.parkedCount,
    }));
  }
}

function topicsOf(topology: Topology): string[] {
  return [
    ...topology.outputs.map(({ name }) => name),
    ...stateTopicsOf(topology).map(({ name }) => name),
    ...inputsOf(topology),
  ];
}

/** What tasks read: the service's inputs, and what operators ask of them. */
function inputsOf(topology: Topology): string[] {
  return [...topology.inputs.map(({ topic }) => topic.name), topics.operatorRequests.name];
}

function pausesOf({ inputs }: Topology): Map<string, number> {
  return new Map(
    inputs.filter(({ pauseMs }) => pauseMs > 0).map(({ topic, pauseMs }) => [topic.name, pauseMs]),
  );
}

function stateTopicsOf(topology: Topology): Topic<unknown>[] {
  return [...topology.stores, ...Object.values(runtimeStores)].map((store) =>
    changelogOf(topology.service, store),
  );
}
