import { type DynamicModule, Module } from '@nestjs/common';
import { type Connection, type MessageCommand, topics } from '#libs/contracts';
import { LedgerwireError, systemRandom } from '#libs/core';
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
  routePath,
  TokenClient,
  UndiciTransport,
  type VendorMessaging,
  VendorRuntime,
} from '#libs/vendor-kit';
import { defaultSenderSettings, SENDER_TOOLS, type SenderTools } from './sender-tools.js';
import { messagingVendor, type twilioSenderConfig } from './twilio-sender.config.js';
import { SenderMetrics } from './twilio-sender.metrics.js';
import { TwilioSenderPipeline } from './twilio-sender.pipeline.js';

/** Context of twilio-sender. */
export type TwilioSenderContext = ServiceContext<ServiceConfig<typeof twilioSenderConfig>>;

/** Name of the consumer group and prefix of the state topics. */
const SERVICE = 'twilio-sender';
/** token-broker may have to refresh a token first. */
const TOKEN_BROKER_TIMEOUT_MS = 15_000;

/** Puts twilio-sender together; the only place that names concrete adapters. */
@Module({})
export class TwilioSenderModule {
  static forContext(context: TwilioSenderContext): DynamicModule {
    const { config } = context;
    return {
      module: TwilioSenderModule,
      imports: [
        StreamsModule.forService(context, {
          service: SERVICE,
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          stateFolder: config.state.folder,
          pipelines: [TwilioSenderPipeline],
          // All messages of a company are of one connection: its burst is worked off from memory, and not parked first.
          settings: { maxBacklog: 8_000, maxWaitingPerKey: 2_000 },
          tables: [topics.connections],
        }),
      ],
      controllers: [TwilioSenderPipeline],
      providers: [
        {
          provide: SENDER_TOOLS,
          inject: [CONNECTIONS_TABLE],
          useFactory: (connections: ReadTable<Connection>) => createTools(context, connections),
        },
      ],
    };
  }
}

function createTools(context: TwilioSenderContext, connections: ReadTable<Connection>): SenderTools {
  const { config, registry, logger } = context;
  const runtime = createRuntime(context);
  return {
    messaging: messagingOf(),
    connections,
    settings: { ...defaultSenderSettings, reconcileGraceMs: config.reconciliation.graceMs },
    metrics: new SenderMetrics(registry),
    random: systemRandom,
    logger,
    callFor: (connection) => runtime.callFor(connection),
    statusCallbackUrl: statusCallbacks(config.http.publicBaseUrl),
  };
}

function createRuntime({ config, clock, registry, lifecycle }: TwilioSenderContext): VendorRuntime {
  const transport = new UndiciTransport({ clock });
  const tokenTransport = new UndiciTransport({ clock, totalTimeoutMs: TOKEN_BROKER_TIMEOUT_MS });
  const runtime = new VendorRuntime({
    vendor: messagingVendor,
    baseUrls: baseUrlsOf(messagingVendor, config.vendorUrls),
    transport,
    tokens: new TokenClient({
      brokerUrl: config.tokenBroker.url,
      serviceToken: config.tokenBroker.serviceToken.reveal(),
      transport: tokenTransport,
      clock,
    }),
    clock,
    metrics: createVendorMetrics(registry),
  });
  lifecycle.onShutdown('close', 'vendor-transport', async () => {
    runtime.dispose();
    await Promise.all([transport.close(), tokenTransport.close()]);
  });
  return runtime;
}

function messagingOf(): VendorMessaging {
  if (messagingVendor.messaging) return messagingVendor.messaging;
  throw halted(`${messagingVendor.manifest.name} carries no messages in this build`);
}

/** Callbacks come to ingress, whose public URL the vendor signs. */
function statusCallbacks(publicBaseUrl: string | undefined): (command: MessageCommand) => string {
  if (publicBaseUrl === undefined) {
    throw halted('PUBLIC_BASE_URL is not set: it must be the URL under which the vendor reaches ingress');
  }
  const route = messagingVendor.webhooks?.routes.find(({ name }) => name === 'status');
  if (!route) throw halted(`${messagingVendor.manifest.name} has no route for status callbacks`);
  return ({ connectionId, commandId }) => `${publicBaseUrl}${routePath(route, { connectionId, commandId })}`;
}

function halted(message: string): LedgerwireError {
  return new LedgerwireError(message, { code: 'config-invalid', disposition: 'halt' });
}
