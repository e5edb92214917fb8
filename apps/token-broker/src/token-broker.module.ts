import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { topics } from '#libs/contracts';
import { systemRandom } from '#libs/core';
import { type Database, openDatabase } from '#libs/persistence';
import { OPERATOR_TOKEN, SERVICE_GRANTS, type ServiceConfig, type ServiceContext } from '#libs/platform';
import {
  kafkaOptionsOf,
  LOG_PRODUCER,
  type LogProducer,
  registryOptionsOf,
  StreamsModule,
} from '#libs/streams';
import { createVendorMetrics, noFaultPoints, UndiciTransport } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { appWebhookKeysFrom, authCallsFrom } from './configured-vendors.js';
import { ConnectController } from './connect/connect.controller.js';
import { ConnectionsController } from './connections/connections.controller.js';
import { CONNECT_LINK_POLICY, PUBLIC_BASE_URL } from './injection-tokens.js';
import { InternalController } from './internal/internal.controller.js';
import { LogConnectionPublisher } from './publish/connection-publisher.js';
import type { tokenBrokerConfig } from './token-broker.config.js';
import { TokenBrokerMetrics } from './token-broker.metrics.js';
import { TokenBroker } from './token-broker.js';
import { defaultRefreshSettings } from './tokens/refresh-settings.js';
import { VendorAccess } from './vendor-access.js';

/** Context of token-broker. */
export type TokenBrokerContext = ServiceContext<ServiceConfig<typeof tokenBrokerConfig>>;

const DATABASE = Symbol('DATABASE');

/** Puts token-broker together; the only place that names concrete adapters. */
@Module({})
export class TokenBrokerModule implements OnApplicationBootstrap {
  constructor(@Inject(TokenBroker) private readonly broker: TokenBroker) {}

  static forContext(context: TokenBrokerContext): DynamicModule {
    const { config } = context;
    const publicBaseUrl = config.http.publicBaseUrl ?? `http://localhost:${config.http.port}`;
    return {
      module: TokenBrokerModule,
      imports: [
        StreamsModule.forService(context, {
          service: 'token-broker',
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          produces: [topics.connections, topics.outcomes],
        }),
      ],
      controllers: [ConnectController, ConnectionsController, InternalController],
      providers: [
        { provide: PUBLIC_BASE_URL, useValue: publicBaseUrl },
        { provide: CONNECT_LINK_POLICY, useValue: config.broker.connectLinks },
        { provide: SERVICE_GRANTS, useValue: config.services.grants },
        { provide: OPERATOR_TOKEN, useValue: config.operator.token },
        { provide: DATABASE, useFactory: () => openServiceDatabase(context) },
        {
          provide: TokenBroker,
          inject: [DATABASE, LOG_PRODUCER],
          useFactory: (database: Database, producer: LogProducer) =>
            createBroker(context, publicBaseUrl, database, producer),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.broker.start();
  }
}

async function openServiceDatabase({
  config,
  instance,
  health,
  lifecycle,
}: TokenBrokerContext): Promise<Database> {
  const database = await openDatabase({
    url: config.database.url.reveal(),
    poolSize: config.database.poolSize,
    applicationName: `token-broker ${instance}`,
  });
  lifecycle.onShutdown('close', 'database', () => database.close());
  health.register({
    name: 'database',
    kind: 'ready',
    check: async () => {
      try {
        await database.ping();
        return { up: true };
      } catch {
        return { up: false, details: { reason: 'the database does not answer' } };
      }
    },
  });
  return database;
}

function createBroker(
  context: TokenBrokerContext,
  publicBaseUrl: string,
  database: Database,
  producer: LogProducer,
): TokenBroker {
  const { config, clock, logger, registry, lifecycle } = context;
  const transport = new UndiciTransport({ clock });
  const metrics = createVendorMetrics(registry);
  const broker = new TokenBroker({
    database,
    masterKeys: config.broker.masterKeys,
    vendors: new VendorAccess(
      vendors,
      authCallsFrom(config.vendors, { transport, clock, metrics, publicBaseUrl }),
    ),
    appWebhookKeys: appWebhookKeysFrom(config.vendors),
    publisher: new LogConnectionPublisher(producer),
    publicBaseUrl,
    webhookBaseUrl: config.broker.ingressUrl,
    settings: defaultRefreshSettings,
    clock,
    random: systemRandom,
    metrics: new TokenBrokerMetrics(registry),
    logger,
    faultPoints: noFaultPoints,
  });
  lifecycle.onShutdown('drain', 'token-broker', () => broker.stop());
  lifecycle.onShutdown('close', 'vendor-transport', () => transport.close());
  return broker;
}
