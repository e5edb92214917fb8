import { type Clock, sleep } from '#libs/core';
import type { Task } from '../task/task.js';
import type { TaskHost } from '../task/task-host.js';
import { createCopartitionAssigner } from './copartition-assigner.js';
import { type HeldPartition, HeldPartitions } from './held-partitions.js';
import type { KafkaConnector } from './kafka-client.js';
import {
  type Cluster,
  type ConsumerGroup,
  dropDeadConnections,
  type ProtocolError,
} from './kafkajs-internals.js';
import { boundsOf, fetchFrom, groupByLeader, type ReadPosition } from './partition-reader.js';
import { ReadPauses } from './read-pauses.js';

/** Settings of group membership and fetching. Durations in milliseconds. */
export interface GroupConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Without a heartbeat for so long, the member is expelled and its tasks go to others. */
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly fetchMaxWaitMs: number;
  /** Topics that are in no hurry; see {@link ReadPauses}. */
  readonly readPauses: ReadonlyMap<string, number>;
}

/** Told by the consumer, for metrics, logs and liveness. */
export interface GroupConsumerEvents {
  joined(memberId: string, partitions: readonly number[]): void;
  rebalancing(cause: string): void;
  failed(error: unknown): void;
  /** How far reading is behind (records), and for how long it has been held back by a transaction that has not ended. */
  fetched(
    lag: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly records: number;
      readonly heldMs: number;
    }[],
  ): void;
  /** Told once, when that goes on for a minute. */
  held(partition: HeldPartition): void;
}

/** Codes after which the member must join again, and those that cost it its id. */
const REJOIN = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const RETRY_MS = 300;
/** How soon a task without room is looked at again. */
const OUT_OF_ROOM_WAIT_MS = 50;

/**
 * The consumer loop: membership and fetching over kafkajs's protocol, without its runner. Heartbeats go by a timer of their
 * own and not between records (tulios/kafkajs 1720, 1527); the loop restarts itself after any failure (660, 659); a rebalance
 * first drains the tasks and commits (KIP-429's intent), then joins; lifecycle steps never overlap (1639).
 */
export class GroupConsumer {
  private readonly cluster: Cluster;
  private readonly group: ConsumerGroup;
  private readonly readPositions = new Map<string, number>();
  private stopping = false;
  private joinedOnce = false;
  /** The membership that the running tasks belong to. */
  private membership: { readonly memberId: string | null; readonly generation: number } | undefined;
  private rejoin: { cause: string } | undefined;
  private loop: Promise<void> = Promise.resolve();
  private fetching = new Map<string, Promise<void>>();
  private wakeFetch: (() => void) | undefined;
  private readonly pauses: ReadPauses;
  private readonly held: HeldPartitions;
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
    this.pauses = new ReadPauses(options.readPauses, clock);
    this.held = new HeldPartitions(clock, (held) => events.held(held));
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
    this.wake();
    await this.loop;
  }

  /** Called by the host when a task runs: reading begins at its committed positions. */
  taskOpened(partition: number, task: Task): void {
    for (const { topic, offset } of task.positions()) this.readPositions.set(`${topic}/${partition}`, offset);
    this.wake();
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
        await this.consume();
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
    this.wake();
  }

  /** Keeps one fetch under way per broker until the group must be joined again. */
  private async consume(): Promise<void> {
    while (!this.stopping && !this.rejoin) {
      await this.cluster.refreshMetadataIfNecessary();
      const idle = this.startFetches();
      await new Promise<void>((resolve) => {
        this.wakeFetch = resolve;
        for (const fetch of this.fetching.values()) void fetch.then(resolve);
        // A task without room is looked at again soon; nothing else wakes this loop then.
        if (idle) this.clock.after(OUT_OF_ROOM_WAIT_MS, resolve);
      });
    }
    await Promise.all(this.fetching.values());
  }

  /** Starts a fetch at each broker that has none; returns whether some partition was left out or nothing is being read. */
  private startFetches(): boolean {
    const { positions, leftOut } = this.wantedPositions();
    const groups = groupByLeader(this.cluster, positions);
    for (const [nodeId, group] of groups) {
      if (this.fetching.has(nodeId)) continue;
      const fetch = this.fetch(nodeId, group, leftOut).finally(() => this.fetching.delete(nodeId));
      this.fetching.set(nodeId, fetch);
    }
    return leftOut || this.fetching.size === 0;
  }

  private wantedPositions(): { positions: ReadPosition[]; leftOut: boolean } {
    const positions: ReadPosition[] = [];
    let leftOut = false;
    for (const [partition, task] of this.host.tasks()) {
      if (!task.wantsInput) {
        leftOut = true;
        continue;
      }
      for (const topic of this.options.topics) {
        const offset = this.readPositions.get(`${topic}/${partition}`);
        if (offset !== undefined && !this.pauses.leavesOut(topic))
          positions.push({ topic, partition, offset });
      }
    }
    return { positions, leftOut };
  }

  private async fetch(nodeId: string, positions: readonly ReadPosition[], leftOut: boolean): Promise<void> {
    const tasks = this.host.tasks();
    try {
      const broker = await this.cluster.findBroker({ nodeId });
      const results = await fetchFrom(broker, positions, {
        maxWaitMs: this.longestPollMs(leftOut),
        maxBytes: 8_388_608,
        maxBytesPerPartition: 1_048_576,
      });
      this.lastAnswerAt = this.clock.now();
      for (const { topic, partition, offset, records, nextOffset } of results) {
        const key = `${topic}/${partition}`;
        // The task may have been replaced, and its position reset, while the answer was on its way.
        const task = this.host.tasks().get(partition);
        if (!task || task !== tasks.get(partition) || this.readPositions.get(key) !== offset) continue;
        if (nextOffset === offset) continue;
        this.readPositions.set(key, nextOffset);
        this.pauses.brought(topic);
        task.add(topic, records, nextOffset);
      }
      this.events.fetched(
        results.map((result) => ({
          topic: result.topic,
          partition: result.partition,
          records: Math.max(result.highWatermark - result.nextOffset, 0),
          heldMs: this.held.heldMs(result),
        })),
      );
    } catch (error) {
      await this.recover(error, positions);
    }
  }

  /** Nothing that is left out may wait for the end of a poll that leaves it out: a task without room, a topic that rests. */
  private longestPollMs(leftOut: boolean): number {
    if (leftOut || !this.host.ready) return OUT_OF_ROOM_WAIT_MS;
    const { fetchMaxWaitMs } = this.options;
    const { restMs } = this.pauses;
    return restMs > 0 ? Math.min(Math.ceil(restMs), fetchMaxWaitMs) : fetchMaxWaitMs;
  }

  private async recover(error: unknown, positions: readonly ReadPosition[]): Promise<void> {
    this.events.failed(error);
    const { type, name } = error as ProtocolError & { topic?: string; partition?: number };
    if (type === 'OFFSET_OUT_OF_RANGE' || name === 'KafkaJSOffsetOutOfRange') {
      // Retention has passed us by: what is left is read from its start, and the loss is loud.
      try {
        for (const { topic, partition } of positions) await this.skipToStart(topic, partition);
        return;
      } catch (cause) {
        // The broker that should say where it starts is away: the next fetch comes here again.
        this.events.failed(cause);
      }
    }
    if (await dropDeadConnections(this.cluster, error)) {
      this.requestRejoin('a fetch was never answered');
      return;
    }
    const { host, port } = error as { host?: string; port?: number };
    if (host !== undefined && port !== undefined) this.cluster.removeBroker({ host, port });
    await sleep(this.clock, RETRY_MS);
    await this.cluster
      .refreshMetadata()
      .catch((cause: unknown) => this.requestRejoin(`metadata: ${String(cause)}`));
  }

  private async skipToStart(topic: string, partition: number): Promise<void> {
    const { start, end } = await boundsOf(this.cluster, topic, partition);
    const key = `${topic}/${partition}`;
    const offset = this.readPositions.get(key) ?? 0;
    if (offset < start) this.readPositions.set(key, start);
    else if (offset > end) this.readPositions.set(key, end);
  }

  private wake(): void {
    this.wakeFetch?.();
  }
}
