import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import kafkajs, { type Logger } from 'kafkajs';

/**
 * The parts of kafkajs 2.2.4 below its public surface that the runtime stands on. Its protocol layer (requests, connections,
 * metadata) is sound; its consumer runner and transaction manager are where the known faults are (tulios/kafkajs 1720, 1527,
 * 558, 660, 1639, 1315), so both are ours. The release is pinned: the project has been without a maintainer since 2023, and
 * this file is the seam behind which another client can take its place.
 */
const require = createRequire(import.meta.url);

/** Thrown by kafkajs for an error code of the broker. */
export interface ProtocolError extends Error {
  readonly type?: string;
  readonly code?: number | string;
  readonly retriable?: boolean;
}

/** A record as kafkajs decodes it. */
export interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | readonly Buffer[]>>;
  readonly isControlRecord?: boolean;
  /** The batch that it came in; not there for the formats before Kafka 0.11. */
  readonly batchContext?: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
}

/** A transaction that was given up: whose, and where its records begin. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** One partition of a fetch answer. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  /** Up to here all is committed or aborted. */
  readonly lastStableOffset?: string;
  /** Those that reach into what was fetched, in the order in which they ended. */
  readonly abortedTransactions?: readonly AbortedTransaction[];
  readonly messages: readonly FetchedMessage[];
}

interface TopicPartitions<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

/** One connection pool to one broker, as a set of protocol requests. Each rejects with {@link ProtocolError}. */
export interface Broker {
  readonly nodeId: string;
  readonly connectionPool: {
    send(exchange: { readonly request: object; readonly response: object }): Promise<unknown>;
  };
  disconnect(): Promise<void>;
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly TopicPartitions<{ partition: number; fetchOffset: string; maxBytes: number }>[];
  }): Promise<{ responses: readonly { topicName: string; partitions: readonly FetchedPartition[] }[] }>;
  initProducerId(request: {
    transactionalId: string | undefined;
    transactionTimeout: number;
  }): Promise<{ producerId: string; producerEpoch: number }>;
  addPartitionsToTxn(
    request: ProducerIdentity & { topics: readonly TopicPartitions<number>[] },
  ): Promise<unknown>;
  addOffsetsToTxn(request: ProducerIdentity & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: ProducerIdentity & {
      groupId: string;
      topics: readonly TopicPartitions<{ partition: number; offset: string; metadata: string }>[];
    },
  ): Promise<unknown>;
  endTxn(request: ProducerIdentity & { transactionResult: boolean }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly TopicPartitions<{ partition: number }>[];
  }): Promise<{
    responses: readonly TopicPartitions<{ partition: number; offset: string; metadata: string }>[];
  }>;
  listOffsets(request: {
    isolationLevel: number;
    topics: readonly TopicPartitions<{ partition: number; timestamp: number }>[];
  }): Promise<{ responses: readonly TopicPartitions<{ partition: number; offset: string }>[] }>;
}

/** What a transactional request says about its sender. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Where the broker put the records of a Produce request. */
export interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
  }[];
}

/** Metadata and connections of a Kafka cluster; every instance has connections of its own. */
export interface Cluster {
  readonly targetTopics: Set<string>;
  readonly brokerPool: { readonly metadata: { readonly clusterId: string | null } | null };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  removeBroker(address: { host: string; port: number }): void;
  findControllerBroker(): Promise<Broker>;
  findBroker(node: { nodeId: string }): Promise<Broker>;
  findGroupCoordinator(of: { groupId: string; coordinatorType?: 0 | 1 }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
}

/** kafkajs's consumer group membership: join, sync, heartbeat, leave, without its fetch loop. */
export interface ConsumerGroup {
  readonly memberId: string | null;
  readonly generationId: number | null;
  readonly coordinator: Broker | null;
  connect(): Promise<void>;
  joinAndSync(): Promise<void>;
  heartbeat(options: { interval: number }): Promise<void>;
  leave(): Promise<void>;
  assigned(): readonly { topic: string; partitions: readonly number[] }[];
}

/** What an assigner sees of a member. */
export interface GroupMember {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** kafkajs's own assigner interface, as ConsumerGroup calls it. */
export interface Assigner {
  readonly name: string;
  readonly version: number;
  protocol(subscription: { topics: readonly string[] }): { name: string; metadata: Buffer };
  assign(group: {
    members: readonly GroupMember[];
    topics: readonly string[];
  }): Promise<readonly { memberId: string; memberAssignment: Buffer }[]>;
}

/** Emits kafkajs's instrumentation events. */
export interface InstrumentationEmitter {
  addListener(event: string, listener: (event: { payload: unknown }) => void): () => void;
}

interface Constructors {
  Cluster: new (options: object) => Cluster;
  ConsumerGroup: new (options: object) => ConsumerGroup;
  InstrumentationEmitter: new () => InstrumentationEmitter;
  RequestQueue: {
    prototype: {
      pending: readonly unknown[];
      throttledUntil: number;
      requestTimeoutIntervalId: NodeJS.Timeout | null;
      inflight: ReadonlyMap<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>;
      scheduleCheckPendingRequests(): void;
      scheduleRequestTimeoutCheck(): void;
      isConnected(): boolean;
      destroy(): void;
    };
  };
}

const load = (path: string): unknown => require(`kafkajs/src/${path}`);

/** kafkajs's table of the brokers' error codes. */
export const brokerErrors = (
  load('protocol/error') as {
    readonly errorCodes: readonly { readonly retriable: boolean; readonly message: string }[];
  }
).errorCodes;

/** The classes themselves. */
export const internals: Constructors = {
  Cluster: load('cluster') as Constructors['Cluster'],
  ConsumerGroup: load('consumer/consumerGroup') as Constructors['ConsumerGroup'],
  InstrumentationEmitter: load('instrumentation/emitter') as Constructors['InstrumentationEmitter'],
  RequestQueue: load('network/requestQueue') as Constructors['RequestQueue'],
};

/** Makes kafkajs's logger from a function of ours. */
export const createKafkaLogger = (load('loggers') as { createLogger: (options: object) => Logger })
  .createLogger;

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' };
const produceResponse = load('protocol/requests/produce/v7/response') as object;

/**
 * Sends a Produce request whose body is encoded already, past kafkajs's encoders, and rejects as kafkajs does. Version 7, with which
 * zstd came (KIP-110), is what kafkajs itself chooses; brokers know it since Kafka 2.1.
 */
export async function sendProduce(broker: Broker, body: Buffer): Promise<ProduceAnswer> {
  // What kafkajs's request writer reads of an Encoder.
  const encoded = { buf: body, buffer: body };
  const request = { ...PRODUCE, encode: () => Promise.resolve(encoded) };
  try {
    return (await broker.connectionPool.send({ request, response: produceResponse })) as ProduceAnswer;
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
}

type SocketFactory = (options: object) => Socket;

const kafkajsSocketFactory = load('network/socketFactory') as () => SocketFactory;

/**
 * kafkajs's plain TCP or TLS sockets, without Nagle's algorithm: with it the end of a request that takes more than one segment
 * waits for the broker's delayed acknowledgement, 40 ms on Linux (measured: every tenth produce request took 38 instead of
 * 4 ms). Java's clients set TCP_NODELAY too.
 */
export function promptSocketFactory(): SocketFactory {
  const create = kafkajsSocketFactory();
  return (options) => create(options).setNoDelay(true);
}

/** READ_COMMITTED of the fetch and list-offsets requests. */
export const READ_COMMITTED = 1;

/** zstd is built into Node; kafkajs takes codecs by registration. */
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => Promise.resolve(zstdCompressSync(encoder.buffer)),
  decompress: (buffer: Buffer) => Promise.resolve(zstdDecompressSync(buffer)),
});

/**
 * tulios/kafkajs 1751: with nothing pending and no throttling, `throttledUntil - now` is hugely negative and every idle
 * connection re-arms a 1 ms timer for ever (2–4 % of a core each). The timer is of use only when something waits or the
 * broker has throttled us.
 */
const original = internals.RequestQueue.prototype.scheduleCheckPendingRequests;
internals.RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(
  this: Constructors['RequestQueue']['prototype'],
): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this);
};

/**
 * kafkajs looks for overdue requests every 100 ms on every connection. Ours time out after seconds, so that a second is often
 * enough, and an idle service stays idle.
 */
const TIMEOUT_CHECK_MS = 1_000;
internals.RequestQueue.prototype.scheduleRequestTimeoutCheck = function schedule(
  this: Constructors['RequestQueue']['prototype'],
): void {
  this.destroy();
  this.requestTimeoutIntervalId = setInterval(() => {
    for (const request of this.inflight.values()) {
      if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
    }
    if (!this.isConnected()) this.destroy();
  }, TIMEOUT_CHECK_MS);
};

/**
 * Closes the connections of a cluster when a request was never answered. kafkajs gives the request up and goes on writing to the same
 * connection, which may have died without a word (tulios/kafkajs 660, 659); whoever asks next gets a new one.
 */
export async function dropDeadConnections(
  cluster: Pick<Cluster, 'disconnect'>,
  error: unknown,
): Promise<boolean> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name !== 'KafkaJSRequestTimeoutError') continue;
    await cluster.disconnect().catch(() => undefined);
    return true;
  }
  return false;
}
