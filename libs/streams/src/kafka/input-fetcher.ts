import { type Clock, sleep } from '#libs/core';
import type { Task } from '../task/task.js';
import type { TaskHost } from '../task/task-host.js';
import { type HeldPartition, HeldPartitions } from './held-partitions.js';
import { type Cluster, dropDeadConnections, type ProtocolError } from './kafkajs-internals.js';
import { boundsOf, fetchFrom, groupByLeader, type ReadPosition } from './partition-reader.js';
import { ReadPauses } from './read-pauses.js';

/** What is read, and how long a poll may last (milliseconds). */
export interface FetchOptions {
  readonly topics: readonly string[];
  readonly fetchMaxWaitMs: number;
  /** Topics that are in no hurry; see {@link ReadPauses}. */
  readonly readPauses: ReadonlyMap<string, number>;
}

/** Told by the fetcher, for metrics and logs. */
export interface FetchEvents {
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

/** What the fetcher tells the member of the group that it reads for. */
export interface FetchPorts {
  /** The broker has answered. */
  answered(): void;
  /** Reading cannot go on with this membership. */
  rejoin(cause: string): void;
}

const RETRY_MS = 300;
/** How soon a task without room is looked at again. */
const OUT_OF_ROOM_WAIT_MS = 50;
const MAX_BYTES = 8_388_608;
const MAX_BYTES_PER_PARTITION = 1_048_576;

/** Hands the running tasks their input: one fetch under way per broker, of all partitions that it leads and that have room. */
export class InputFetcher {
  private readonly readPositions = new Map<string, number>();
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly pauses: ReadPauses;
  private readonly held: HeldPartitions;
  private wakeUp: (() => void) | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: FetchOptions,
    private readonly host: TaskHost,
    private readonly clock: Clock,
    private readonly events: FetchEvents,
    private readonly ports: FetchPorts,
  ) {
    this.pauses = new ReadPauses(options.readPauses, clock);
    this.held = new HeldPartitions(clock, (held) => events.held(held));
  }

  /** Reading of a task's partitions begins at its committed positions. */
  taskOpened(partition: number, task: Task): void {
    for (const { topic, offset } of task.positions()) this.readPositions.set(`${topic}/${partition}`, offset);
    this.wake();
  }

  /** Fetches until `ended` says so, which is asked after every fetch and after {@link wake}; what is under way then is awaited. */
  async run(ended: () => boolean): Promise<void> {
    while (!ended()) {
      await this.cluster.refreshMetadataIfNecessary();
      const idle = this.startFetches();
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
        for (const fetch of this.fetching.values()) void fetch.then(resolve);
        // A task without room is looked at again soon; nothing else wakes this loop then.
        if (idle) this.clock.after(OUT_OF_ROOM_WAIT_MS, resolve);
      });
    }
    await Promise.all(this.fetching.values());
  }

  wake(): void {
    this.wakeUp?.();
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
        maxBytes: MAX_BYTES,
        maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      });
      this.ports.answered();
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
      this.ports.rejoin('a fetch was never answered');
      return;
    }
    const { host, port } = error as { host?: string; port?: number };
    if (host !== undefined && port !== undefined) this.cluster.removeBroker({ host, port });
    await sleep(this.clock, RETRY_MS);
    await this.cluster
      .refreshMetadata()
      .catch((cause: unknown) => this.ports.rejoin(`metadata: ${String(cause)}`));
  }

  private async skipToStart(topic: string, partition: number): Promise<void> {
    const { start, end } = await boundsOf(this.cluster, topic, partition);
    const key = `${topic}/${partition}`;
    const offset = this.readPositions.get(key) ?? 0;
    if (offset < start) this.readPositions.set(key, start);
    else if (offset > end) this.readPositions.set(key, end);
  }
}
