import { type Clock, LedgerwireError, sleep } from '#libs/core';
import type { RawRecord } from '../log/raw-record.js';
import type { InputPosition, TaskLog, TaskLogFactory, TaskTransaction } from '../log/task-log.js';
import type { KafkaConnector } from './kafka-client.js';
import type { Broker, Cluster, ProducerIdentity, ProtocolError } from './kafkajs-internals.js';
import { boundsOf, readToEnd } from './partition-reader.js';
import { partitionOfKey } from './partitioner.js';
import type { PartitionRecords } from './produce-request.js';
import { RecordWriter } from './record-writer.js';

/** Settings of {@link KafkaTaskLogFactory}. */
export interface TaskLogOptions {
  readonly service: string;
  /** Input topics; they and the state topics are co-partitioned. */
  readonly inputs: readonly string[];
  /** All topics that tasks write to or restore from. */
  readonly topics: readonly string[];
  /** The broker aborts a transaction that is open for longer. */
  readonly transactionTimeoutMs: number;
}

/** Between tries while the broker still writes the markers of the former transaction (tulios/kafkajs 1315). */
const CONCURRENT_RETRY_MS = 3;
const CONCURRENT_DEADLINE_MS = 20_000;
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
  private partitions = 0;

  constructor(
    private readonly client: KafkaConnector,
    private readonly options: TaskLogOptions,
    private readonly clock: Clock,
  ) {}

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  async open(partition: number): Promise<TaskLog> {
    const cluster = this.client.createCluster();
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics(this.options.topics);
      this.partitions = this.commonPartitionCount(cluster);
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

  /** A key must be in the same partition of every input, or its state would not be found. */
  private commonPartitionCount(cluster: Cluster): number {
    const counts = this.options.inputs.map((topic) => cluster.findTopicPartitionMetadata(topic).length);
    const [count] = counts;
    if (count !== undefined && count > 0 && counts.every((other) => other === count)) return count;
    const found = this.options.inputs.map((topic, i) => `${topic} ${counts[i] ?? 0}`).join(', ');
    throw new LedgerwireError(
      `the inputs of ${this.options.service} differ in their number of partitions: ${found}`,
      {
        code: 'not-copartitioned',
        disposition: 'halt',
      },
    );
  }
}

/**
 * A task's transactional producer over kafkajs's protocol requests. kafkajs speaks EndTxn v1 and TxnOffsetCommit v1, so there
 * is no fencing by group generation (KIP-447) and no epoch per transaction (KIP-890 part 2): the first commit that does not
 * surely succeed makes this object useless for ever, and nothing is retried but requests that the broker says it has not begun.
 */
class KafkaTaskLog implements TaskLog {
  private readonly writer: RecordWriter;
  readonly logId: string;
  private usable = true;

  constructor(
    private readonly options: TaskLogOptions,
    private readonly partition: number,
    private readonly clock: Clock,
    private readonly cluster: Cluster,
    private readonly transactions: Broker,
    private readonly group: Broker,
    private readonly producer: ProducerIdentity,
  ) {
    this.logId = cluster.brokerPool.metadata?.clusterId ?? 'unnamed cluster';
    this.writer = new RecordWriter(cluster, producer, clock);
  }

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

  bounds(topic: string): Promise<{ start: number; end: number }> {
    return boundsOf(this.cluster, topic, this.partition);
  }

  restore(
    topic: string,
    fromOffset: number,
    onRecords: (records: readonly RawRecord[]) => void,
  ): Promise<number> {
    return readToEnd(this.cluster, { topic, partition: this.partition, offset: fromOffset }, onRecords);
  }

  async commit(transaction: TaskTransaction): Promise<ReadonlyMap<string, number>> {
    if (!this.usable)
      throw new LedgerwireError('the task log is closed', { code: 'task-log-closed', disposition: 'retry' });
    // Not usable until the broker has said yes to every part: an exception anywhere leaves it closed.
    this.usable = false;
    const prepared = this.writer.prepare(transaction.records);
    // In this order, because the coordinator refuses a second change of one transaction while it writes down the first.
    await this.addPartitions(prepared);
    const [written] = await Promise.all([
      this.writer.write(prepared),
      this.addOffsets(transaction.positions).then(() => this.commitOffsets(transaction.positions)),
    ]);
    await this.transactions.endTxn({ ...this.producer, transactionResult: true });
    this.usable = true;
    const own = written.filter(({ partition }) => partition === this.partition);
    return new Map(own.map(({ topic, nextOffset }) => [topic, nextOffset]));
  }

  async close(): Promise<void> {
    this.usable = false;
    await this.cluster.disconnect();
  }

  private async addPartitions(prepared: readonly PartitionRecords[]): Promise<void> {
    if (prepared.length === 0) return;
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of prepared) {
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
