import { type Clock, sleep } from '#libs/core';
import type { Task } from '../task/task.js';
import type { TaskHost } from '../task/task-host.js';
import { createCopartitionAssigner } from './copartition-assigner.js';
import { type FetchEvents, type FetchOptions, InputFetcher } from './input-fetcher.js';
import type { KafkaConnector } from './kafka-client.js';
import {
  type Cluster,
  type ConsumerGroup,
  dropDeadConnections,
  type ProtocolError,
} from './kafkajs-internals.js';

/** Settings of group membership and fetching. Durations in milliseconds. */
export interface GroupConsumerOptions extends FetchOptions {
  readonly groupId: string;
  /** Without a heartbeat for so long, the member is expelled and its tasks go to others. */
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

/** Told by the consumer, for metrics, logs and liveness. */
export interface GroupConsumerEvents extends FetchEvents {
  joined(memberId: string, partitions: readonly number[]): void;
  rebalancing(cause: string): void;
}

/** Codes after which the member must join again, and those that cost it its id. */
const REJOIN = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const RETRY_MS = 300;

/**
 * The consumer loop: membership and fetching over kafkajs's protocol, without its runner. Heartbeats go by a timer of their
 * own and not between records (tulios/kafkajs 1720, 1527); the loop restarts itself after any failure (660, 659); a rebalance
 * first drains the tasks and commits (KIP-429's intent), then joins; lifecycle steps never overlap (1639).
 */
export class GroupConsumer {
  private readonly cluster: Cluster;
  private readonly group: ConsumerGroup;
  private readonly fetcher: InputFetcher;
  private stopping = false;
  private joinedOnce = false;
  /** The membership that the running tasks belong to. */
  private membership: { readonly memberId: string | null; readonly generation: number } | undefined;
  private rejoin: { cause: string } | undefined;
  private loop: Promise<void> = Promise.resolve();
  /** When the broker last answered a fetch or heartbeat (epoch milliseconds); liveness looks at its age. */
  lastAnswerAt: number;

  constructor(
    client: KafkaConnector,
    private readonly options: GroupConsumerOptions,
    private readonly host: TaskHost,
    private readonly clock: Clock,
    private readonly events: GroupConsumerEvents,
  ) {
    this.cluster = client.createCluster();
    this.fetcher = new InputFetcher(this.cluster, options, host, clock, events, {
      answered: () => (this.lastAnswerAt = clock.now()),
      rejoin: (cause) => this.requestRejoin(cause),
    });
    this.group = client.createGroup(this.cluster, {
      groupId: options.groupId,
      topics: options.topics,
      assigner: createCopartitionAssigner(
        (topic) => this.cluster.findTopicPartitionMetadata(topic).length,
        () => host.owned(),
      ),
      sessionTimeoutMs: options.sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs,
    });
    this.lastAnswerAt = clock.now();
  }

  /** Whether the group has been joined since the start. */
  get hasJoined(): boolean {
    return this.joinedOnce;
  }

  start(): void {
    this.loop = this.run();
  }

  /** Drains the tasks, commits, leaves the group at once and closes the connections. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.fetcher.wake();
    await this.loop;
  }

  /** Called by the host when a task runs: reading begins at its committed positions. */
  taskOpened(partition: number, task: Task): void {
    this.fetcher.taskOpened(partition, task);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.cluster.connect();
        await this.cluster.addMultipleTargetTopics(this.options.topics);
        await this.memberLoop();
      } catch (error) {
        this.events.failed(error);
        await dropDeadConnections(this.cluster, error);
        await sleep(this.clock, RETRY_MS);
        if (!this.cluster.isConnected()) await this.host.suspend();
      }
    }
    await this.host.close();
    await this.group.leave().catch(() => undefined);
    await this.cluster.disconnect().catch(() => undefined);
  }

  /** Joins, consumes until the group rebalances or somebody stops us, and again. */
  private async memberLoop(): Promise<void> {
    while (!this.stopping) {
      await this.group.joinAndSync();
      this.lastAnswerAt = this.clock.now();
      const partitions = [...new Set(this.group.assigned().flatMap((assigned) => assigned.partitions))];
      this.joinedOnce = true;
      this.events.joined(this.group.memberId ?? '', partitions);
      this.rejoin = undefined;
      const stopHeartbeat = this.startHeartbeat();
      try {
        await this.dropTasksOfOthers();
        await this.host.assign(partitions);
        this.host.resume();
        await this.fetcher.run(() => this.stopping || this.rejoin !== undefined);
        // Membership stays alive while the tasks drain: a heartbeat is answered (with "rebalancing") and counts.
        if (!this.stopping) this.events.rebalancing(this.cause());
        await this.host.suspend();
      } finally {
        stopHeartbeat();
      }
    }
  }

  /**
   * A member that was expelled, or missed a generation, may get partitions back that somebody else had meanwhile. Its tasks are
   * fenced then, but would not know before their next commit, and what the other one parked or timed is not in their memory.
   */
  private async dropTasksOfOthers(): Promise<void> {
    const { memberId, generationId } = this.group;
    const generation = generationId ?? -1;
    const former = this.membership;
    this.membership = { memberId, generation };
    const continued = former?.memberId === memberId && former.generation + 1 === generation;
    if (!continued) await this.host.assign([]);
  }

  private cause(): string {
    return this.rejoin?.cause ?? 'unknown';
  }

  private startHeartbeat(): () => void {
    let cancel = (): void => undefined;
    let stopped = false;
    const beat = async (): Promise<void> => {
      try {
        await this.group.heartbeat({ interval: 0 });
        this.lastAnswerAt = this.clock.now();
      } catch (error) {
        const type = (error as ProtocolError).type ?? '';
        if (REJOIN.has(type)) this.requestRejoin(type);
        else {
          await dropDeadConnections(this.cluster, error);
          this.requestRejoin(`heartbeat failed: ${(error as Error).name}`);
        }
      }
      if (!stopped) cancel = this.clock.after(this.options.heartbeatIntervalMs, () => void beat());
    };
    cancel = this.clock.after(this.options.heartbeatIntervalMs, () => void beat());
    return () => {
      stopped = true;
      cancel();
    };
  }

  private requestRejoin(cause: string): void {
    this.rejoin ??= { cause };
    this.fetcher.wake();
  }
}
