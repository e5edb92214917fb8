import type { Topic } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { LogReader, PartitionBounds } from '../api/log-reader.js';
import type { Codec } from '../codec/codec.js';
import type { RawRecord } from '../log/raw-record.js';
import type { KafkaClient } from './kafka-client.js';
import type { Cluster } from './kafkajs-internals.js';
import { boundsOf, fetchFrom, leaderOf, offsetOfTime } from './partition-reader.js';

const LIMITS = { maxWaitMs: 200, maxBytes: 4_194_304, maxBytesPerPartition: 4_194_304 };

/** {@link LogReader} over a connection of its own, which is made when it is first needed. */
export class KafkaLogReader implements LogReader {
  private connected: Promise<Cluster> | undefined;

  constructor(
    private readonly client: KafkaClient,
    private readonly codec: Codec,
  ) {}

  async topics(): Promise<readonly string[]> {
    const admin = this.client.kafka.admin();
    try {
      await admin.connect();
      return await admin.listTopics();
    } catch (cause) {
      throw unavailable(cause);
    } finally {
      await admin.disconnect();
    }
  }

  partitionsOf(topic: string): Promise<number> {
    return this.ask(topic, (cluster) => Promise.resolve(cluster.findTopicPartitionMetadata(topic).length));
  }

  bounds(topic: string, partition: number): Promise<PartitionBounds> {
    return this.ask(topic, (cluster) => boundsOf(cluster, topic, partition));
  }

  offsetAt(topic: string, partition: number, time: number): Promise<number> {
    return this.ask(topic, async (cluster) => {
      const offset = await offsetOfTime(cluster, topic, partition, time);
      return offset ?? (await boundsOf(cluster, topic, partition)).end;
    });
  }

  async readAt(topic: string, partition: number, offset: number): Promise<RawRecord | undefined> {
    const { start, end } = await this.bounds(topic, partition);
    if (offset < start || offset >= end) return undefined;
    for await (const records of this.readSpan(topic, partition, { from: offset, to: offset + 1 })) {
      const record = records.find((candidate) => candidate.offset === offset);
      if (record) return record;
    }
    return undefined;
  }

  async *readSpan(
    topic: string,
    partition: number,
    span: { readonly from: number; readonly to: number },
  ): AsyncIterable<readonly RawRecord[]> {
    const { start, end } = await this.bounds(topic, partition);
    const to = Math.min(span.to, end);
    let offset = Math.max(span.from, start);
    while (offset < to) {
      const position = { topic, partition, offset };
      const [result] = await this.ask(topic, async (cluster) =>
        fetchFrom(await leaderOf(cluster, topic, partition), [position], LIMITS),
      );
      if (!result) continue;
      const records = result.records.filter((record) => record.offset >= offset && record.offset < to);
      if (records.length > 0) yield records;
      offset = result.nextOffset;
    }
  }

  async decode<T>(topic: Topic<T>, record: RawRecord): Promise<T> {
    if (!record.value) {
      throw new LedgerwireError('the record has no value', {
        code: 'undecodable',
        disposition: 'dead-letter',
      });
    }
    if (!this.codec.knows(record.value)) await this.codec.learn(record.value);
    return this.codec.decode(topic.schema, record.value);
  }

  async close(): Promise<void> {
    const connected = this.connected;
    this.connected = undefined;
    await connected?.then((cluster) => cluster.disconnect()).catch(() => undefined);
  }

  private async ask<T>(topic: string, request: (cluster: Cluster) => Promise<T>): Promise<T> {
    try {
      const cluster = await this.open();
      await cluster.addMultipleTargetTopics([topic]);
      await cluster.refreshMetadataIfNecessary();
      if (cluster.findTopicPartitionMetadata(topic).length === 0) throw missing(topic);
      return await request(cluster);
    } catch (error) {
      if (error instanceof LedgerwireError) throw error;
      if (isMissing(error)) throw missing(topic);
      await this.close();
      throw unavailable(error);
    }
  }

  private open(): Promise<Cluster> {
    this.connected ??= (async () => {
      const cluster = this.client.createCluster();
      await cluster.connect();
      return cluster;
    })();
    return this.connected;
  }
}

function unavailable(cause: unknown): LedgerwireError {
  return new LedgerwireError('the log is not available: it cannot be read', {
    code: 'log-unavailable',
    disposition: 'retry',
    cause,
  });
}

function missing(topic: string): LedgerwireError {
  return new LedgerwireError(`there is no topic ${topic}`, {
    code: 'topic-missing',
    disposition: 'dead-letter',
  });
}

function isMissing(error: unknown): boolean {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'INVALID_TOPIC_EXCEPTION';
}
