import { type DynamicModule, Module } from '@nestjs/common';
import { type Connection, type FlowDefinition, topics } from '#libs/contracts';
import { WorkerRenderer } from '#libs/flows';
import type { ServiceConfig, ServiceContext } from '#libs/platform';
import {
  CONNECTIONS_TABLE,
  FLOWS_TABLE,
  kafkaOptionsOf,
  type ReadTable,
  registryOptionsOf,
  StreamsModule,
} from '#libs/streams';
import { FlowBook } from './flow-book.js';
import type { mapperConfig } from './mapper.config.js';
import { MapperMetrics } from './mapper.metrics.js';
import { MapperPipeline } from './mapper.pipeline.js';
import { vendors } from '#libs/vendors';
import { defaultMapperSettings, MAPPER_TOOLS, type MapperTools } from './mapper-tools.js';

/** Context of mapper. */
export type MapperContext = ServiceContext<ServiceConfig<typeof mapperConfig>>;

/** Name of the consumer group and prefix of the state topics. */
const SERVICE = 'mapper';

/** Puts mapper together; the only place that names concrete adapters. */
@Module({})
export class MapperModule {
  static forContext(context: MapperContext): DynamicModule {
    const { config } = context;
    return {
      module: MapperModule,
      imports: [
        StreamsModule.forService(context, {
          service: SERVICE,
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          stateFolder: config.state.folder,
          pipelines: [MapperPipeline],
          tables: [topics.connections, topics.flows],
        }),
      ],
      controllers: [MapperPipeline],
      providers: [
        {
          provide: MAPPER_TOOLS,
          inject: [CONNECTIONS_TABLE, FLOWS_TABLE],
          useFactory: (connections: ReadTable<Connection>, flows: ReadTable<FlowDefinition>) =>
            createTools(context, connections, flows),
        },
      ],
    };
  }
}

function createTools(
  { config, clock, lifecycle, logger, registry }: MapperContext,
  connections: ReadTable<Connection>,
  flows: ReadTable<FlowDefinition>,
): MapperTools {
  const renderer = new WorkerRenderer({ ...config.rendering, clock });
  lifecycle.onShutdown('close', 'renderer', () => renderer.close());
  const book = new FlowBook(flows, ({ flowId, version, problems }) =>
    logger.warn({ event: 'flow.invalid', flowId, version, problems: problems.length }),
  );
  return {
    flows: book,
    connections,
    renderer,
    measureOf: (vendor) => vendors.find(vendor)?.messaging?.segmentsOf,
    settings: defaultMapperSettings,
    metrics: new MapperMetrics(registry, () => book.brokenCount()),
  };
}
