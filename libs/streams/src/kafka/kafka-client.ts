import { Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import {
  type Assigner,
  type Cluster,
  type ConsumerGroup,
  createKafkaLogger,
  type InstrumentationEmitter,
  internals,
  promptSocketFactory,
  READ_COMMITTED,
} from './kafkajs-internals.js';
import { type KafkaLogLevel, levelOf } from './kafka-log-level.js';

/** How a service reaches the brokers. */
export interface KafkaConnectionOptions {
  /** `host:port` of one or more brokers. */
  readonly brokers: readonly string[];
  /** Shown in the broker's logs and quotas. */
  readonly clientId: string;
  readonly ssl?: boolean | undefined;
  readonly sasl?: SASLOptions | undefined;
  /** Where kafkajs's own warnings and errors go. */
  readonly onLog?: ((entry: KafkaLogEntry) => void) | undefined;
}

/** A line of kafkajs's log, without payloads. */
export interface KafkaLogEntry {
  readonly level: KafkaLogLevel;
  readonly namespace: string;
  readonly message: string;
}

/** How long membership lasts without a sign of life, and the rest of a consumer group's settings. */
export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly assigner: Assigner;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

const METADATA_MAX_AGE_MS = 300_000;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTION_TIMEOUT_MS = 3_000;

/** Few and quick: whoever calls repeats with a policy of its own, and a doubtful transaction must not be retried at all. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 };

/** What the runtime needs of Kafka; the simulation puts a log in memory behind it. */
export type KafkaConnector = Pick<KafkaClient, 'createCluster' | 'createGroup'>;

/** Makes every object that talks to Kafka, with one set of settings. */
export class KafkaClient {
  /** kafkajs's public client, for its producer and admin. */
  readonly kafka: Kafka;
  private readonly logger;

  constructor(private readonly options: KafkaConnectionOptions) {
    const settings: KafkaConfig = {
      brokers: [...options.brokers],
      clientId: options.clientId,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: RETRY,
      socketFactory: promptSocketFactory(),
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => this.log(entry),
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    };
    this.kafka = new Kafka(settings);
    this.logger = createKafkaLogger({
      level: logLevel.WARN,
      logCreator: () => (entry: LogEntry) => this.log(entry),
    });
  }

  /** Metadata and connections of their own: what long-polls must not share a connection with what commits. */
  createCluster(emitter: InstrumentationEmitter | null = null): Cluster {
    return new internals.Cluster({
      logger: this.logger,
      retry: RETRY,
      socketFactory: promptSocketFactory(),
      brokers: [...this.options.brokers],
      ssl: this.options.ssl,
      sasl: this.options.sasl,
      clientId: this.options.clientId,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: true,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: READ_COMMITTED,
      instrumentationEmitter: emitter,
    });
  }

  /** Membership of a consumer group on the given cluster. */
  createGroup(cluster: Cluster, options: GroupOptions): ConsumerGroup {
    return new internals.ConsumerGroup({
      retry: RETRY,
      cluster,
      groupId: options.groupId,
      topics: [...options.topics],
      topicConfigurations: Object.fromEntries(
        options.topics.map((topic) => [topic, { fromBeginning: true }]),
      ),
      logger: this.logger,
      instrumentationEmitter: new internals.InstrumentationEmitter(),
      assigners: [options.assigner],
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      maxBytesPerPartition: 1_048_576,
      minBytes: 1,
      maxBytes: 10_485_760,
      maxWaitTimeInMs: 1_000,
      autoCommit: false,
      isolationLevel: READ_COMMITTED,
      rackId: '',
      metadataMaxAge: METADATA_MAX_AGE_MS,
    });
  }

  private log(entry: LogEntry): void {
    this.options.onLog?.({
      level: levelOf(entry),
      namespace: entry.namespace,
      message: entry.log.message,
    });
  }
}
