import { AssignerProtocol } from 'kafkajs';
import type { GroupOptions, KafkaConnector } from '../../kafka/kafka-client.js';
import type {
  Broker,
  Cluster,
  ConsumerGroup,
  ProduceAnswer,
  ProducerIdentity,
} from '../../kafka/kafkajs-internals.js';
import { decodeProduceRequest } from './produce-decoding.js';
import type { JoinAnswer } from './group-coordinator.js';
import { connectionError } from './protocol-error.js';
import type { SimulatedKafka } from './simulated-kafka.js';
import type { SimulatedProcess } from './simulated-process.js';

/** Records that one fetch brings of a partition at most; small, so that reading on is exercised. */
const FETCHED_RECORDS = 20;
const REQUEST_TIMEOUT_MS = 10_000;
const ADDRESS = { nodeId: '0', host: 'simulated', port: 9092 } as const;

/** What one process sees of the simulated Kafka: kafkajs's protocol requests, over the simulated network. */
export function connectorFor(process: SimulatedProcess, kafka: SimulatedKafka): KafkaConnector {
  return {
    createCluster: () => new SimulatedCluster(process, kafka),
    createGroup: (_cluster, options) => new SimulatedGroup(process, kafka, options),
  };
}

class SimulatedCluster implements Cluster {
  readonly targetTopics = new Set<string>();
  readonly brokerPool = { metadata: { clusterId: 'simulated' } };
  private readonly broker: Broker;
  private connected = false;

  constructor(
    private readonly process: SimulatedProcess,
    private readonly kafka: SimulatedKafka,
  ) {
    this.broker = new SimulatedBroker(process, kafka);
  }

  async connect(): Promise<void> {
    if (this.connected) return;
    await this.ask('connect');
    this.connected = true;
  }

  disconnect(): Promise<void> {
    this.connected = false;
    return Promise.resolve();
  }

  isConnected(): boolean {
    return this.connected;
  }

  async addMultipleTargetTopics(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.targetTopics.has(topic));
    if (unknown.length === 0) return;
    await this.ask('metadata');
    for (const topic of unknown) this.targetTopics.add(topic);
  }

  refreshMetadata(): Promise<void> {
    return this.ask('metadata');
  }

  refreshMetadataIfNecessary(): Promise<void> {
    return Promise.resolve();
  }

  removeBroker(): void {
    // Connections of the simulated network need no repair.
  }

  findControllerBroker(): Promise<Broker> {
    return Promise.resolve(this.broker);
  }

  findBroker(): Promise<Broker> {
    return Promise.resolve(this.broker);
  }

  async findGroupCoordinator(): Promise<Broker> {
    await this.ask('find coordinator');
    return this.broker;
  }

  findTopicPartitionMetadata(): readonly { partitionId: number; leader: number }[] {
    return Array.from({ length: this.kafka.partitions }, (_, partitionId) => ({ partitionId, leader: 0 }));
  }

  private ask(name: string): Promise<void> {
    return this.process.request(
      { name, timeoutMs: REQUEST_TIMEOUT_MS, failure: connectionError },
      () => undefined,
    );
  }
}

class SimulatedBroker implements Broker {
  readonly nodeId = ADDRESS.nodeId;
  /** Produce requests come as bytes. */
  readonly connectionPool: Broker['connectionPool'] = { send: ({ request }) => this.produce(request) };

  constructor(
    private readonly process: SimulatedProcess,
    private readonly kafka: SimulatedKafka,
  ) {}

  fetch(request: Parameters<Broker['fetch']>[0]): ReturnType<Broker['fetch']> {
    return this.ask('fetch', () => this.awaitRecords(request));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }

  initProducerId(request: Parameters<Broker['initProducerId']>[0]): ReturnType<Broker['initProducerId']> {
    const { transactionalId = '', transactionTimeout } = request;
    return this.ask(`InitProducerId ${transactionalId}`, () =>
      this.kafka.transactions.initProducerId(transactionalId, transactionTimeout),
    );
  }

  addPartitionsToTxn(request: Parameters<Broker['addPartitionsToTxn']>[0]): Promise<unknown> {
    const wanted = request.topics.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    return this.ask(`AddPartitionsToTxn ${identityText(request)}`, () =>
      this.kafka.transactions.addPartitions(request, wanted),
    );
  }

  addOffsetsToTxn(request: Parameters<Broker['addOffsetsToTxn']>[0]): Promise<unknown> {
    return this.ask(`AddOffsetsToTxn ${identityText(request)}`, () =>
      this.kafka.transactions.addOffsets(request, request.groupId),
    );
  }

  txnOffsetCommit(request: Parameters<Broker['txnOffsetCommit']>[0]): Promise<unknown> {
    const offsets = request.topics.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, ...partition })),
    );
    return this.ask(`TxnOffsetCommit ${identityText(request)}`, () =>
      this.kafka.transactions.commitOffsets(request, request.groupId, offsets),
    );
  }

  endTxn(request: Parameters<Broker['endTxn']>[0]): Promise<unknown> {
    return this.ask(`EndTxn ${identityText(request)}`, () =>
      this.kafka.transactions.endTransaction(request, request.transactionResult),
    );
  }

  offsetFetch({ groupId, topics }: Parameters<Broker['offsetFetch']>[0]): ReturnType<Broker['offsetFetch']> {
    return this.ask('OffsetFetch', () => ({
      responses: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => {
          const { offset = '-1', metadata = '' } =
            this.kafka.committedOffset(groupId, topic, partition) ?? {};
          return { partition, offset, metadata };
        }),
      })),
    }));
  }

  listOffsets({ topics }: Parameters<Broker['listOffsets']>[0]): ReturnType<Broker['listOffsets']> {
    return this.ask('ListOffsets', () => ({
      responses: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => ({
          partition,
          offset: String(timestamp < -1 ? 0 : this.kafka.log(topic, partition).lastStableOffset),
        })),
      })),
    }));
  }

  private async produce(request: object): Promise<ProduceAnswer> {
    const { encode } = request as { encode(): Promise<{ readonly buffer: Buffer }> };
    const { buffer } = await encode();
    const { transactionalId = '', producerId, producerEpoch, batches } = decodeProduceRequest(buffer);
    const identity = { transactionalId, producerId, producerEpoch };
    return this.ask(`Produce ${identityText(identity)} to ${batches.length} partitions`, () => ({
      topics: batches.map(({ topic, partition, ...batch }) => {
        const offset = this.kafka.transactions.produce(identity, topic, partition, batch);
        return { topicName: topic, partitions: [{ partition, baseOffset: String(offset) }] };
      }),
    }));
  }

  /** A long poll: answered as soon as there is something to read, or after the longest wait. */
  private awaitRecords(request: Parameters<Broker['fetch']>[0]): ReturnType<Broker['fetch']> {
    const wanted = request.topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => ({ topic, partition, offset: Number(fetchOffset) })),
    );
    const logs = wanted.map(({ topic, partition }) => this.kafka.log(topic, partition));
    const ready = (): boolean => wanted.some(({ offset }, i) => (logs[i]?.lastStableOffset ?? 0) > offset);
    return new Promise((resolve) => {
      const answer = (): void => {
        cancel();
        for (const stop of stops) stop();
        const responses = wanted.map(({ topic, partition, offset }) => ({
          topicName: topic,
          partitions: [this.kafka.log(topic, partition).fetch(partition, offset, FETCHED_RECORDS)],
        }));
        resolve({ responses });
      };
      const cancel = this.kafka.surroundings.queue.schedule(request.maxWaitTime, answer);
      const stops = logs.map((log) =>
        log.changed(() => {
          if (ready()) answer();
        }),
      );
      if (ready()) answer();
    });
  }

  private ask<T>(name: string, serve: () => T | Promise<T>): Promise<T> {
    return this.process.request({ name, timeoutMs: REQUEST_TIMEOUT_MS, failure: connectionError }, serve);
  }
}

class SimulatedGroup implements ConsumerGroup {
  readonly coordinator = null;
  memberId: string | null = null;
  generationId: number | null = null;
  private assignment: Buffer = Buffer.alloc(0);

  constructor(
    private readonly process: SimulatedProcess,
    private readonly kafka: SimulatedKafka,
    private readonly options: GroupOptions,
  ) {}

  connect(): Promise<void> {
    return Promise.resolve();
  }

  async joinAndSync(): Promise<void> {
    for (;;) {
      try {
        const answer = await this.join();
        this.memberId = answer.memberId;
        this.generationId = answer.generation;
        this.assignment = answer.assignment;
        return;
      } catch (error) {
        const { type } = error as { type?: string };
        if (type === undefined) throw error;
        if (type === 'UNKNOWN_MEMBER_ID') this.memberId = null;
      }
    }
  }

  async heartbeat(): Promise<void> {
    const { memberId, generationId } = this;
    await this.ask('heartbeat', () =>
      this.kafka.group(this.options.groupId).heartbeat(memberId ?? '', generationId ?? -1),
    );
  }

  async leave(): Promise<void> {
    const { memberId } = this;
    if (memberId !== null)
      await this.ask('leave', () => this.kafka.group(this.options.groupId).leave(memberId));
  }

  assigned(): readonly { topic: string; partitions: readonly number[] }[] {
    if (this.assignment.length === 0) return [];
    const decoded = AssignerProtocol.MemberAssignment.decode(this.assignment);
    return Object.entries(decoded?.assignment ?? {}).map(([topic, partitions]) => ({ topic, partitions }));
  }

  private join(): Promise<JoinAnswer> {
    const { groupId, topics, assigner, sessionTimeoutMs, rebalanceTimeoutMs } = this.options;
    const { metadata } = assigner.protocol({ topics });
    const memberId = this.memberId ?? undefined;
    return this.ask('join', () =>
      this.kafka
        .group(groupId)
        .join({ memberId, topics, metadata, assigner, sessionTimeoutMs, rebalanceTimeoutMs }),
    );
  }

  private ask<T>(name: string, serve: () => T | Promise<T>): Promise<T> {
    const kind = { name, timeoutMs: REQUEST_TIMEOUT_MS, failure: connectionError };
    return this.process.request(kind, serve);
  }
}

function identityText({ transactionalId, producerEpoch }: ProducerIdentity): string {
  return `${transactionalId} (epoch ${producerEpoch})`;
}
