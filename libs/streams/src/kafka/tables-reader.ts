import type { Topic } from '#libs/contracts';
import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { ReadTable } from '../api/table.js';
import type { Codec } from '../codec/codec.js';
import type { RawRecord } from '../log/raw-record.js';
import type { KafkaClient } from './kafka-client.js';
import type { Cluster } from './kafkajs-internals.js';
import { boundsOf, fetchFrom, groupByLeader } from './partition-reader.js';

const RETRY_MS = 500;
const FETCH = { maxBytes: 4_194_304, maxBytesPerPartition: 4_194_304 };
const CATCH_UP_WAIT_MS = 50;
const FOLLOW_WAIT_MS = 1_000;

type Listener<T> = (key: string, value: T | undefined) => void;

/** One table in memory. */
class MemoryTable<T> implements ReadTable<T> {
  readonly entries = new Map<string, T>();
  private readonly listeners: Listener<T>[] = [];
  /** Where to read on, and what must be read before the table is complete. */
  progress: { offset: number; readonly end: number } | undefined;

  constructor(readonly topic: Topic<T>) {}

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  values(): Iterable<T> {
    return this.entries.values();
  }

  onChange(listener: Listener<T>): void {
    this.listeners.push(listener);
  }

  set(key: string, value: T | undefined): void {
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, value);
    for (const listener of this.listeners) listener(key, value);
  }

  get complete(): boolean {
    return this.progress !== undefined && this.progress.offset >= this.progress.end;
  }
}

/**
 * Keeps tables up to date from their topics (one partition each, compacted), with one connection for all of them. Goes on by
 * itself after any failure; what was read stays usable meanwhile.
 */
export class TablesReader {
  private readonly tables = new Map<string, MemoryTable<unknown>>();
  private cluster: Cluster | undefined;
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: KafkaClient,
    private readonly codec: Codec,
    topics: readonly Topic<unknown>[],
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {
    for (const topic of topics) this.tables.set(topic.name, new MemoryTable(topic));
  }

  /** The table of one of the topics. @throws when the topic is not among them. */
  table<T>(topic: Topic<T>): ReadTable<T> {
    const table = this.tables.get(topic.name);
    if (!table) throw new Error(`no table of topic ${topic.name}`);
    return table as unknown as ReadTable<T>;
  }

  /** Whether every table has everything that was there at the start. */
  get ready(): boolean {
    return [...this.tables.values()].every(({ complete }) => complete);
  }

  /** Resolves when the tables are complete; they are followed until {@link stop}. */
  async start(): Promise<void> {
    if (this.tables.size === 0) return;
    this.loop = this.follow();
    while (!this.ready && !this.stopping) await sleep(this.clock, 10);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.cluster?.disconnect();
    await this.loop;
  }

  private async follow(): Promise<void> {
    while (!this.stopping) {
      try {
        const cluster = await this.open();
        await this.readOn(cluster);
      } catch (error) {
        if (this.stopping) return;
        this.failed(error);
        await this.cluster?.disconnect().catch(() => undefined);
        this.cluster = undefined;
        await sleep(this.clock, RETRY_MS);
      }
    }
  }

  private async open(): Promise<Cluster> {
    if (this.cluster) return this.cluster;
    const cluster = this.client.createCluster();
    this.cluster = cluster;
    await cluster.connect();
    await cluster.addMultipleTargetTopics([...this.tables.keys()]);
    for (const [name, table] of this.tables) {
      if (table.progress) continue;
      const { start, end } = await boundsOf(cluster, name, 0);
      table.progress = { offset: start, end };
    }
    return cluster;
  }

  private async readOn(cluster: Cluster): Promise<void> {
    const positions = [...this.tables].map(([topic, { progress }]) => ({
      topic,
      partition: 0,
      offset: progress?.offset ?? 0,
    }));
    const groups = groupByLeader(cluster, positions);
    if (groups.size === 0) throw new Error('the tables have no leader');
    // Tables led by different brokers are polled side by side, so that none waits for another's long poll.
    await Promise.all(
      [...groups].map(async ([nodeId, group]) => {
        const broker = await cluster.findBroker({ nodeId });
        const maxWaitMs = this.ready ? FOLLOW_WAIT_MS : CATCH_UP_WAIT_MS;
        for (const { topic, records, nextOffset } of await fetchFrom(broker, group, {
          ...FETCH,
          maxWaitMs,
        })) {
          const table = this.tables.get(topic);
          if (!table?.progress) continue;
          for (const record of records) await this.apply(table, record);
          table.progress.offset = nextOffset;
        }
      }),
    );
  }

  private async apply(table: MemoryTable<unknown>, record: RawRecord): Promise<void> {
    const key = record.key?.toString();
    if (key === undefined) return;
    if (!record.value) {
      table.set(key, undefined);
      return;
    }
    try {
      await this.codec.learn(record.value);
      table.set(key, this.codec.decode(table.topic.schema, record.value));
    } catch (error) {
      // One unreadable entry must not hide the others; an unreachable registry is waited for by the caller.
      if (error instanceof LedgerwireError && error.disposition === 'retry') throw error;
      this.failed(error);
    }
  }
}
