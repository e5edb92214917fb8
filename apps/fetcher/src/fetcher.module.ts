import { type DynamicModule, Module } from '@nestjs/common';
import { changeNoticesOf, type Connection, contactWishesOf, fetcherNameOf, topics } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { ServiceConfig, ServiceContext } from '#libs/platform';
import {
  CONNECTIONS_TABLE,
  kafkaOptionsOf,
  type ReadTable,
  registryOptionsOf,
  StreamsModule,
} from '#libs/streams';
import {
  baseUrlsOf,
  createVendorMetrics,
  TokenClient,
  UndiciTransport,
  type VendorDefinition,
  type VendorMetrics,
  VendorRuntime,
} from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { describeLimits } from './describe-limits.js';
import { EntityLoader } from './entity-loader.js';
import type { fetcherConfig } from './fetcher.config.js';
import { FetcherMetrics } from './fetcher.metrics.js';
import { FetcherPipeline } from './fetcher.pipeline.js';
import { defaultFetcherSettings, FETCHER_TOOLS, type FetcherTools } from './fetcher-tools.js';

/** Context of fetcher. */
export type FetcherContext = ServiceContext<ServiceConfig<typeof fetcherConfig>>;

/** token-broker may have to refresh a token first. */
const TOKEN_BROKER_TIMEOUT_MS = 15_000;

/** Puts fetcher together for one vendor; the only place that names concrete adapters. */
@Module({})
export class FetcherModule {
  static forContext(context: FetcherContext): DynamicModule {
    const { config } = context;
    const { vendor } = config.source;
    return {
      module: FetcherModule,
      imports: [
        StreamsModule.forService(context, {
          service: fetcherNameOf(vendor),
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          stateFolder: config.state.folder,
          pipelines: [FetcherPipeline],
          bindings: {
            [topics.changeNotices.name]: changeNoticesOf(vendor),
            [topics.contactWishes.name]: contactWishesOf(vendor),
          },
          tables: [topics.connections],
        }),
      ],
      controllers: [FetcherPipeline],
      providers: [
        {
          provide: FETCHER_TOOLS,
          inject: [CONNECTIONS_TABLE],
          useFactory: (connections: ReadTable<Connection>) =>
            createTools(context, vendors.get(vendor), connections),
        },
      ],
    };
  }
}

function createTools(
  context: FetcherContext,
  vendor: VendorDefinition,
  connections: ReadTable<Connection>,
): FetcherTools {
  const { source, manifest } = vendor;
  if (!source) {
    throw new LedgerwireError(`${manifest.name} has no books that can be read`, {
      code: 'config-invalid',
      disposition: 'halt',
    });
  }
  const metrics = createVendorMetrics(context.registry);
  const runtime = createRuntime(context, vendor, metrics);
  return {
    vendor,
    source,
    contactWishes: vendor.contactWishes,
    connections,
    loader: new EntityLoader({
      source,
      connectionOf: (connectionId) => connections.get(connectionId),
      callFor: (connection) => runtime.callFor(connection),
      onBatch: (entityType, keys) => metrics.batch(manifest.id, entityType, keys),
    }),
    settings: defaultFetcherSettings,
    metrics: new FetcherMetrics(context.registry),
    logger: context.logger,
    callFor: (connection, options) => runtime.callFor(connection, options),
  };
}

function createRuntime(
  context: FetcherContext,
  vendor: VendorDefinition,
  metrics: VendorMetrics,
): VendorRuntime {
  const { config, clock, lifecycle, health } = context;
  const transport = new UndiciTransport({ clock });
  const tokenTransport = new UndiciTransport({ clock, totalTimeoutMs: TOKEN_BROKER_TIMEOUT_MS });
  const runtime = new VendorRuntime({
    vendor,
    baseUrls: baseUrlsOf(vendor, config.vendorUrls),
    transport,
    tokens: new TokenClient({
      brokerUrl: config.tokenBroker.url,
      serviceToken: config.tokenBroker.serviceToken.reveal(),
      transport: tokenTransport,
      clock,
    }),
    clock,
    metrics,
  });
  // An open breaker parks its connection's work; the service stays ready, and the page shows it.
  health.register({
    name: 'circuit-breakers',
    kind: 'ready',
    check: () => ({ up: true, details: { notClosed: runtime.troubledBreakers().length } }),
  });
  health.register({
    name: 'vendor-limits',
    kind: 'ready',
    check: () => ({ up: true, details: describeLimits(runtime.limitUsage()) }),
  });
  lifecycle.onShutdown('close', 'vendor-transport', async () => {
    runtime.dispose();
    await Promise.all([transport.close(), tokenTransport.close()]);
  });
  return runtime;
}
