import { type DynamicModule, Global, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { type Topic, topics } from '#libs/contracts';
import type { ServiceContext } from '#libs/platform';
import type { KafkaConnectionOptions } from '../kafka/kafka-client.js';
import type { RegistryOptions } from '../codec/registry-codec.js';
import type { GroupSettings } from '../streams-runtime.js';
import type { TaskSettings } from '../task/task-settings.js';
import type { TopicBindings } from '../task/topology-builder.js';
import { StreamsParts } from './streams-parts.js';
import { StreamsServer } from './streams-server.js';
import { CONNECTIONS_TABLE, FLOWS_TABLE, LOG_PRODUCER, LOG_READER } from './streams.tokens.js';

/** What a service uses of the streams runtime. */
export interface StreamsModuleOptions {
  /** Consumer group, prefix of state topics and transactional ids. */
  readonly service: string;
  readonly kafka: Omit<KafkaConnectionOptions, 'clientId' | 'onLog'>;
  readonly registry: RegistryOptions;
  /** Decorated pipeline classes; they must be controllers of the app's module too. */
  readonly pipelines?: readonly (abstract new (...parameters: never[]) => object)[];
  /** Topics that stand for others, e.g. the notices of the fetcher's vendor. */
  readonly bindings?: TopicBindings;
  /** Tables to hold in memory. */
  readonly tables?: readonly Topic<unknown>[];
  /** Topics that the service writes outside of tasks. */
  readonly produces?: readonly Topic<unknown>[];
  readonly produceDeadlineMs?: number;
  /** How many of its produce requests may be under way at once (1); see `GatheringProducer` for what that does to order. */
  readonly produceRequests?: number;
  /** Folder for the local files of large stores, this process's own; undefined keeps them in memory. */
  readonly stateFolder?: string | undefined;
  readonly settings?: Partial<TaskSettings>;
  readonly group?: Partial<GroupSettings>;
}

/**
 * The streams runtime in a Nest service: provides {@link StreamsServer} (connect it as strategy when there are pipelines), the
 * tables under `CONNECTIONS_TABLE` and `FLOWS_TABLE`, `LOG_PRODUCER` and `LOG_READER`.
 */
@Global()
@Module({})
export class StreamsModule implements OnApplicationBootstrap {
  constructor(@Inject(StreamsParts) private readonly parts: StreamsParts) {}

  /** @param context of the service, for its log, metrics, health and lifecycle. */
  static forService(context: ServiceContext<unknown>, options: StreamsModuleOptions): DynamicModule {
    const parts = new StreamsParts(context, options);
    const tables = new Set(options.tables?.map(({ name }) => name));
    const providers = [
      { provide: StreamsParts, useValue: parts },
      { provide: StreamsServer, useValue: parts.server },
      { provide: LOG_PRODUCER, useValue: parts.producer },
      { provide: LOG_READER, useValue: parts.reader },
      ...(tables.has(topics.connections.name)
        ? [{ provide: CONNECTIONS_TABLE, useValue: parts.tables.table(topics.connections) }]
        : []),
      ...(tables.has(topics.flows.name)
        ? [{ provide: FLOWS_TABLE, useValue: parts.tables.table(topics.flows) }]
        : []),
    ];
    return { module: StreamsModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  /** Reading the tables goes on in the background, so that the probes answer meanwhile. */
  onApplicationBootstrap(): void {
    void this.parts.start();
  }
}
