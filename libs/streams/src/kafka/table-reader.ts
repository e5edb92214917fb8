import type { Topic } from '#libs/contracts';
import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { ReadTable } from '../api/table.js';
import type { Codec } from '../codec/codec.js';
import type { RawRecord } from '../log/raw-record.js';
import type { KafkaClient } from './kafka-client.js';
import type { Cluster } from './kafkajs-internals.js';
import { boundsOf, fetchFrom, groupByLeader } from './partition-reader.js';

const RETRY_MS = 500;
const FETCH = { maxWaitMs: 1_000, maxBytes: 4_194_304, maxBytesPerPartition: 4_194_304 };

/** Keeps a {@link ReadTable} up to date from its topic (one partition, compacted). */
export class TableReader<T> implements ReadTable<T> {
  private readonly entries = new Map<string, T>();
  private readonly listeners: ((key: string, value: T | undefined) => void)[] = [];
  private cluster: Cluster | undefined;
  private stopping = false;
  private complete = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: KafkaClient,
    private readonly codec: Codec,
    private readonly topic: Topic<T>,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Whether everything that was there at the start has been read. */
  get ready(): boolean {
    return this.complete;
  }

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  values(): Iterable<T> {
    return this.entries.values();
  }

  onChange(listener: (key: string, value: T | undefined) => void): void {
    this.listeners.push(listener);
  }

  /** Resolves when the table is complete; it is kept up to date until {@link stop}. */
  async start(): Promise<void> {
    this.loop = this.follow();
    while (!this.complete && !this.stopping) await sleep(this.clock, 10);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.cluster?.disconnect();
    await this.loop;
  }

  private async follow(): Promise<void> {
    let offset: number | undefined;
    let end = 0;
    while (!this.stopping) {
      try {
        const cluster = await this.open();
        if (offset === undefined) {
          const bounds = await boundsOf(cluster, this.topic.name, 0);
          offset = bounds.start;
          end = bounds.end;
        }
        offset = await this.readOn(cluster, offset);
        if (offset >= end) this.complete = true;
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
    await cluster.addMultipleTargetTopics([this.topic.name]);
    return cluster;
  }

  private async readOn(cluster: Cluster, offset: number): Promise<number> {
    const position = { topic: this.topic.name, partition: 0, offset };
    const nodeId = [...groupByLeader(cluster, [position]).keys()][0];
    if (nodeId === undefined) throw new Error(`topic ${this.topic.name} has no leader`);
    const broker = await cluster.findBroker({ nodeId });
    const wait = this.complete ? FETCH.maxWaitMs : 50;
    const [result] = await fetchFrom(broker, [position], { ...FETCH, maxWaitMs: wait });
    for (const record of result?.records ?? []) await this.apply(record);
    return result?.nextOffset ?? offset;
  }

  private async apply(record: RawRecord): Promise<void> {
    const key = record.key?.toString();
    if (key === undefined) return;
    if (!record.value) {
      this.entries.delete(key);
      this.tell(key, undefined);
      return;
    }
    try {
      await this.codec.learn(record.value);
      const value = this.codec.decode(this.topic.schema, record.value);
      this.entries.set(key, value);
      this.tell(key, value);
    } catch (error) {
      // One unreadable entry must not hide the others; an unreachable registry is waited for by the caller.
      if (error instanceof LedgerwireError && error.disposition === 'retry') throw error;
      this.failed(error);
    }
  }

  private tell(key: string, value: T | undefined): void {
    for (const listener of this.listeners) listener(key, value);
  }
}
