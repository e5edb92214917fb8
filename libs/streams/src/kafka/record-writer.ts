import { type Clock, LedgerwireError } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import { type Cluster, sendProduce } from './kafkajs-internals.js';
import { groupByLeader } from './partition-reader.js';
import { partitionOfKey } from './partitioner.js';
import { encodeProduceRequest, type PartitionRecords, type WriterIdentity } from './produce-request.js';

/** Where a partition stands after a write. */
export interface WrittenPartition {
  readonly topic: string;
  readonly partition: number;
  /** The offset after the last record written. */
  readonly nextOffset: number;
}

const ACKNOWLEDGE_WITHIN_MS = 10_000;
const NO_KEY = Buffer.alloc(0);
/** Sequences are 32 bits and wrap to 0. */
const SEQUENCES = 2_147_483_648;

/** Writes records with sequence numbers, so that the broker drops what it has already. `acks=all`. */
export class RecordWriter {
  private readonly sequences = new Map<string, number>();

  constructor(
    private readonly cluster: Cluster,
    private readonly identity: WriterIdentity,
    private readonly clock: Clock,
  ) {}

  /**
   * Chooses partitions and gives out sequence numbers; what is prepared must be written in the order of preparation.
   * @throws LedgerwireError `topic-missing` (halt).
   */
  prepare(records: readonly RawOutput[]): PartitionRecords[] {
    const byTopic = new Map<string, Map<number, RawOutput[]>>();
    const counts = new Map<string, number>();
    for (const record of records) {
      const { topic } = record;
      let groups = byTopic.get(topic);
      if (!groups) {
        groups = new Map();
        byTopic.set(topic, groups);
      }
      let { partition } = record;
      if (partition === undefined) {
        const count = counts.get(topic) ?? this.partitionCountOf(topic);
        counts.set(topic, count);
        partition = partitionOfKey(record.key ?? NO_KEY, count);
      }
      const group = groups.get(partition);
      if (group) group.push(record);
      else groups.set(partition, [record]);
    }
    return [...byTopic].flatMap(([topic, groups]) =>
      [...groups].map(([partition, group]) => ({
        topic,
        partition,
        records: group,
        firstSequence: this.nextSequence(idOf({ topic, partition }), group.length),
      })),
    );
  }

  /**
   * Writes prepared records, one request per broker. Writing the same again does nothing at the broker.
   * @throws Error, before anything is written, when a partition has no leader at the moment
   */
  async write(prepared: readonly PartitionRecords[]): Promise<WrittenPartition[]> {
    const counts = new Map(prepared.map((group) => [idOf(group), group.records.length]));
    const byLeader = groupByLeader(this.cluster, prepared);
    const led = [...byLeader.values()].reduce((sum, groups) => sum + groups.length, 0);
    if (led < prepared.length) throw new Error('a partition has no leader at the moment');
    const answers = await Promise.all(
      [...byLeader].map(async ([nodeId, groups]) => {
        const broker = await this.cluster.findBroker({ nodeId });
        const body = encodeProduceRequest(groups, this.identity, ACKNOWLEDGE_WITHIN_MS, this.clock.now());
        const { topics } = await sendProduce(broker, body);
        return topics.flatMap(({ topicName: topic, partitions }) =>
          partitions.map(({ partition, baseOffset }) => {
            const count = counts.get(idOf({ topic, partition })) ?? 0;
            return { topic, partition, nextOffset: Number(baseOffset) + count };
          }),
        );
      }),
    );
    return answers.flat();
  }

  private nextSequence(partition: string, count: number): number {
    const sequence = this.sequences.get(partition) ?? 0;
    this.sequences.set(partition, (sequence + count) % SEQUENCES);
    return sequence;
  }

  private partitionCountOf(topic: string): number {
    const count = this.cluster.findTopicPartitionMetadata(topic).length;
    if (count > 0) return count;
    throw new LedgerwireError(`topic ${topic} is not there; run the setup job`, {
      code: 'topic-missing',
      disposition: 'halt',
    });
  }
}

function idOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
