import type { RawHeader, RawRecord } from '../log/raw-record.js';
import { committedIn } from './committed-messages.js';
import {
  type Broker,
  type Cluster,
  type FetchedMessage,
  type FetchedPartition,
  READ_COMMITTED,
} from './kafkajs-internals.js';

/** From where to read one partition. */
export interface ReadPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What one fetch brought for one partition. */
export interface ReadResult extends ReadPosition {
  /** Committed records; control records and aborted transactions are gone. */
  readonly records: readonly RawRecord[];
  /** Where to read next: beyond everything seen, hidden records included. */
  readonly nextOffset: number;
  /** Up to here all is committed or aborted; records behind it are not handed out yet. */
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

/** Bounds of one fetch request. */
export interface FetchLimits {
  /** How long the broker may wait for the first byte. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

const NO_BYTES = Buffer.alloc(0);
const EARLIEST = -2;
const LATEST = -1;

/** Reads committed records of partitions whose leader is the given broker, in one request. */
export async function fetchFrom(
  broker: Broker,
  positions: readonly ReadPosition[],
  limits: FetchLimits,
): Promise<ReadResult[]> {
  const { responses } = await broker.fetch({
    isolationLevel: READ_COMMITTED,
    maxWaitTime: limits.maxWaitMs,
    minBytes: 1,
    maxBytes: limits.maxBytes,
    topics: positions.map(({ topic, partition, offset }) => ({
      topic,
      partitions: [{ partition, fetchOffset: String(offset), maxBytes: limits.maxBytesPerPartition }],
    })),
  });
  const wanted = new Map(positions.map((position) => [`${position.topic}/${position.partition}`, position]));
  return responses.flatMap(({ topicName, partitions }) =>
    partitions.flatMap((data) => {
      const position = wanted.get(`${topicName}/${data.partition}`);
      if (!position) return [];
      const messages = committedIn(data, position.offset);
      return [
        {
          ...position,
          records: messages.map((message) => toRawRecord(topicName, data.partition, message)),
          nextOffset: nextOffsetOf(data, position, positions.length === 1),
          lastStableOffset: Number(data.lastStableOffset ?? data.highWatermark),
          highWatermark: Number(data.highWatermark),
        },
      ];
    }),
  );
}

/**
 * Beyond the last batch that came, whatever compaction has left of it: a batch keeps its last offset when its last records are
 * gone, and an empty one is kept as long as its producer lives (Kafka's Cleaner, `RETAIN_EMPTY`). Of an empty batch nothing comes:
 * a broker that has committed records behind `offset` and is asked for this partition alone sends its first batch whole (KIP-74),
 * so that one without a record is the only cause.
 */
function nextOffsetOf(data: FetchedPartition, { offset }: ReadPosition, alone: boolean): number {
  const last = data.messages.at(-1);
  if (last?.batchContext) {
    const { firstOffset, lastOffsetDelta } = last.batchContext;
    return Math.max(offset, Number(firstOffset) + lastOffsetDelta + 1);
  }
  if (last) return Math.max(offset, Number(last.offset) + 1);
  return alone && offset < Number(data.lastStableOffset ?? 0) ? offset + 1 : offset;
}

/** Groups positions by the node that leads their partition; metadata must know the topics. */
export function groupByLeader<P extends { readonly topic: string; readonly partition: number }>(
  cluster: Cluster,
  positions: readonly P[],
): Map<string, P[]> {
  const groups = new Map<string, P[]>();
  for (const position of positions) {
    const metadata = cluster
      .findTopicPartitionMetadata(position.topic)
      .find(({ partitionId }) => partitionId === position.partition);
    if (!metadata || metadata.leader < 0) continue;
    const node = String(metadata.leader);
    const group = groups.get(node);
    if (group) group.push(position);
    else groups.set(node, [position]);
  }
  return groups;
}

/** First and (committed) end offset of a partition. */
export async function boundsOf(
  cluster: Cluster,
  topic: string,
  partition: number,
): Promise<{ start: number; end: number }> {
  const broker = await leaderOf(cluster, topic, partition);
  const [start, end] = await Promise.all(
    [EARLIEST, LATEST].map(async (timestamp) => {
      const { responses } = await broker.listOffsets({
        isolationLevel: READ_COMMITTED,
        topics: [{ topic, partitions: [{ partition, timestamp }] }],
      });
      return Number(responses[0]?.partitions[0]?.offset ?? 0);
    }),
  );
  return { start: start ?? 0, end: end ?? 0 };
}

/** The offset of the first record at or after a time (epoch milliseconds); undefined when there is none. */
export async function offsetOfTime(
  cluster: Cluster,
  topic: string,
  partition: number,
  time: number,
): Promise<number | undefined> {
  const broker = await leaderOf(cluster, topic, partition);
  const { responses } = await broker.listOffsets({
    isolationLevel: READ_COMMITTED,
    topics: [{ topic, partitions: [{ partition, timestamp: time }] }],
  });
  const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
  return offset < 0 ? undefined : offset;
}

/**
 * Reads a partition from an offset to the end it has now, portion by portion.
 * @returns the next offset to read
 */
export async function readToEnd(
  cluster: Cluster,
  from: ReadPosition,
  onRecords: (records: readonly RawRecord[]) => void,
): Promise<number> {
  const { topic, partition } = from;
  const { end } = await boundsOf(cluster, topic, partition);
  const broker = await leaderOf(cluster, topic, partition);
  let { offset } = from;
  while (offset < end) {
    const [result] = await fetchFrom(broker, [{ topic, partition, offset }], {
      maxWaitMs: 100,
      // Small portions: what is decoded of one is garbage before the next comes, so that a large store costs little memory.
      maxBytes: 262_144,
      maxBytesPerPartition: 262_144,
    });
    if (!result) continue;
    onRecords(result.records);
    offset = result.nextOffset;
  }
  return offset;
}

/** A connection to the leader of a partition. @throws when it has none at the moment. */
export async function leaderOf(cluster: Cluster, topic: string, partition: number): Promise<Broker> {
  await cluster.addMultipleTargetTopics([topic]);
  const node = [...groupByLeader(cluster, [{ topic, partition }]).keys()][0];
  if (node === undefined) {
    await cluster.refreshMetadata();
    throw new Error(`partition ${topic}/${partition} has no leader`);
  }
  return cluster.findBroker({ nodeId: node });
}

function toRawRecord(topic: string, partition: number, message: FetchedMessage): RawRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: toHeaders(message.headers),
  };
}

function toHeaders(headers: FetchedMessage['headers']): RawHeader[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.map((one: Buffer | null): RawHeader => [name, one ?? NO_BYTES])
      : // The protocol allows a header without a value; nobody reads one, and a dead letter keeps its name.
        [[name, (value as Buffer | null) ?? NO_BYTES] as const],
  );
}
