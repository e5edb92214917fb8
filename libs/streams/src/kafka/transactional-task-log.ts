import { CompressionTypes } from 'kafkajs';
import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import type { InputPosition, TaskLog, TaskLogFactory, TaskTransaction } from '../log/task-log.js';
import type { KafkaClient } from './kafka-client.js';
import type { Broker, Cluster, ProducerIdentity, ProtocolError } from './kafkajs-internals.js';
import { groupByLeader, readToEnd } from './partition-reader.js';
import { partitionOfKey } from './partitioner.js';

/** Settings of {@link KafkaTaskLogFactory}. */
export interface TaskLogOptions {
  readonly service: string;
  /** Partitions of every topic of the chain. */
  readonly partitions: number;
  /** All topics that tasks write to or restore from. */
  readonly topics: readonly string[];
  /** The broker aborts a transaction that is open for longer. */
  readonly transactionTimeoutMs: number;
}

/** Between tries while the broker still writes the markers of the former transaction (tulios/kafkajs 1315). */
const CONCURRENT_RETRY_MS = 3;
const CONCURRENT_DEADLINE_MS = 20_000;
const COMPRESS_FROM_BYTES = 8_192;
/** The broker still completes or aborts the former transaction, or loads its own log: nothing was done, ask again. */
const NOT_DONE_YET = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);

/** Opens {@link KafkaTaskLog}s: one transactional producer per task, `<service>.<partition>`. */
export class KafkaTaskLogFactory implements TaskLogFactory {
  constructor(
    private readonly client: KafkaClient,
    private readonly options: TaskLogOptions,
    private readonly clock: Clock,
  ) {}

  partitionOf(key: string): number {
    return partitionOfKey(key, this.options.partitions);
  }

  async open(partition: number): Promise<TaskLog> {
    const cluster = this.client.createCluster();
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics(this.options.topics);
      const transactionalId = `${this.options.service}.${partition}`;
      const transactions = await cluster.findGroupCoordinator({
        groupId: transactionalId,
        coordinatorType: 1,
      });
      const group = await cluster.findGroupCoordinator({ groupId: this.options.service });
      const producer = await untilDone(this.clock, () =>
        transactions.initProducerId({
          transactionalId,
          transactionTimeout: this.options.transactionTimeoutMs,
        }),
      );
      return new KafkaTaskLog(this.options, partition, this.clock, cluster, transactions, group, {
        transactionalId,
        ...producer,
      });
    } catch (error) {
      await cluster.disconnect();
      throw error;
    }
  }
}

/**
 * A task's transactional producer over kafkajs's protocol requests. kafkajs speaks EndTxn v1 and TxnOffsetCommit v1, so there
 * is no fencing by group generation (KIP-447) and no epoch per transaction (KIP-890 part 2): the first commit that does not
 * surely succeed makes this object useless for ever, and nothing is retried but requests that the broker says it has not begun.
 */
class KafkaTaskLog implements TaskLog {
  private readonly sequences = new Map<string, number>();
  private usable = true;

  constructor(
    private readonly options: TaskLogOptions,
    private readonly partition: number,
    private readonly clock: Clock,
    private readonly cluster: Cluster,
    private readonly transactions: Broker,
    private readonly group: Broker,
    private readonly producer: ProducerIdentity,
  ) {}

  async positions(topics: readonly string[]): Promise<InputPosition[]> {
    const { responses } = await this.group.offsetFetch({
      groupId: this.options.service,
      topics: topics.map((topic) => ({ topic, partitions: [{ partition: this.partition }] })),
    });
    return responses.flatMap(({ topic, partitions }) =>
      partitions
        .filter(({ offset }) => Number(offset) >= 0)
        .map(({ offset, metadata }) => ({ topic, offset: Number(offset), metadata })),
    );
  }

  async restore(topic: string, onRecord: (key: string, value: Buffer | null) => void): Promise<void> {
    await readToEnd(this.cluster, topic, this.partition, (record) => {
      if (record.key) onRecord(record.key.toString(), record.value);
    });
  }

  async commit(transaction: TaskTransaction): Promise<void> {
    if (!this.usable)
      throw new LedgerwireError('the task log is closed', { code: 'task-log-closed', disposition: 'retry' });
    // Not usable until the broker has said yes to every part: an exception anywhere leaves it closed.
    this.usable = false;
    const byPartition = this.groupByPartition(transaction.records);
    // In this order, because the coordinator refuses a second change of one transaction while it writes down the first.
    await this.addPartitions(byPartition);
    await Promise.all([
      this.produce(byPartition),
      this.addOffsets(transaction.positions).then(() => this.commitOffsets(transaction.positions)),
    ]);
    await this.transactions.endTxn({ ...this.producer, transactionResult: true });
    this.usable = true;
  }

  async close(): Promise<void> {
    this.usable = false;
    await this.cluster.disconnect();
  }

  private async addPartitions(byPartition: readonly PartitionOutputs[]): Promise<void> {
    if (byPartition.length === 0) return;
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of byPartition) {
      const partitions = topics.get(topic);
      if (partitions) partitions.push(partition);
      else topics.set(topic, [partition]);
    }
    const request = [...topics].map(([topic, partitions]) => ({ topic, partitions }));
    await untilDone(this.clock, () =>
      this.transactions.addPartitionsToTxn({ ...this.producer, topics: request }),
    );
  }

  private async addOffsets(positions: readonly InputPosition[]): Promise<void> {
    if (positions.length === 0) return;
    await untilDone(this.clock, () =>
      this.transactions.addOffsetsToTxn({ ...this.producer, groupId: this.options.service }),
    );
  }

  private async produce(byPartition: readonly PartitionOutputs[]): Promise<void> {
    await Promise.all(
      [...groupByLeader(this.cluster, byPartition)].map(async ([nodeId, outputs]) => {
        const broker = await this.cluster.findBroker({ nodeId });
        const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
        await broker.produce({
          ...this.producer,
          acks: -1,
          timeout: 10_000,
          compression: bytes >= COMPRESS_FROM_BYTES ? CompressionTypes.ZSTD : CompressionTypes.None,
          topicData: outputs.map(({ topic, partition, records }) => ({
            topic,
            partitions: [
              {
                partition,
                firstSequence: this.nextSequence(`${topic}/${partition}`, records.length),
                messages: records.map(({ key, value, headers }) => ({
                  key,
                  value,
                  headers: Object.fromEntries(headers),
                })),
              },
            ],
          })),
        });
      }),
    );
  }

  private async commitOffsets(positions: readonly InputPosition[]): Promise<void> {
    if (positions.length === 0) return;
    await untilDone(this.clock, () =>
      this.group.txnOffsetCommit({
        ...this.producer,
        groupId: this.options.service,
        topics: positions.map(({ topic, offset, metadata }) => ({
          topic,
          partitions: [{ partition: this.partition, offset: String(offset), metadata }],
        })),
      }),
    );
  }

  private groupByPartition(records: readonly RawOutput[]): PartitionOutputs[] {
    const groups = new Map<string, PartitionOutputs>();
    for (const record of records) {
      const partition =
        record.partition ??
        partitionOfKey(record.key ?? Buffer.alloc(0), this.partitionCountOf(record.topic));
      const id = `${record.topic}/${partition}`;
      let group = groups.get(id);
      if (!group) {
        group = { topic: record.topic, partition, records: [], bytes: 0 };
        groups.set(id, group);
      }
      group.records.push(record);
      group.bytes += record.value?.length ?? 0;
    }
    return [...groups.values()];
  }

  private partitionCountOf(topic: string): number {
    const count = this.cluster.findTopicPartitionMetadata(topic).length;
    if (count > 0) return count;
    throw new LedgerwireError(`topic ${topic} is not there; run the setup job`, {
      code: 'topic-missing',
      disposition: 'halt',
    });
  }

  private nextSequence(partition: string, count: number): number {
    const sequence = this.sequences.get(partition) ?? 0;
    // Sequences are 32 bits and wrap to 0 (KIP-98).
    this.sequences.set(partition, (sequence + count) % 2_147_483_648);
    return sequence;
  }
}

interface PartitionOutputs {
  readonly topic: string;
  readonly partition: number;
  readonly records: RawOutput[];
  bytes: number;
}

/** Repeats a request while the broker answers that it has not begun it. */
async function untilDone<T>(clock: Clock, request: () => Promise<T>): Promise<T> {
  const deadline = clock.now() + CONCURRENT_DEADLINE_MS;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!NOT_DONE_YET.has((error as ProtocolError).type ?? '') || clock.now() > deadline) throw error;
      await sleep(clock, CONCURRENT_RETRY_MS);
    }
  }
}
