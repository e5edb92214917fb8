import { type DynamicModule, Module } from '@nestjs/common';
import { changeNoticesOf, type Connection, topics } from '#libs/contracts';
import type { ServiceConfig, ServiceContext } from '#libs/platform';
import {
  CONNECTIONS_TABLE,
  kafkaOptionsOf,
  LOG_PRODUCER,
  type LogProducer,
  type ReadTable,
  registryOptionsOf,
  StreamsModule,
} from '#libs/streams';
import { TokenClient, UndiciTransport } from '#libs/vendor-kit';
import type { ingressConfig } from './ingress.config.js';
import { IngressMetrics } from './ingress.metrics.js';
import { ConnectionDirectory } from './intake/connection-directory.js';
import { intakeLog, keysLog } from './intake/intake-log.js';
import { tokenBrokerKeys } from './intake/token-broker-keys.js';
import { TraceIds } from './intake/trace-ids.js';
import { VerificationKeys } from './intake/verification-keys.js';
import { WebhookIntake } from './intake/webhook-intake.js';
import { webhookVendors } from './webhook-vendors.js';

/** Context of ingress. */
export type IngressContext = ServiceContext<ServiceConfig<typeof ingressConfig>>;

/** Keys are asked for again at most this often per vendor or connection after a refused signature. */
const RENEWAL_PAUSE_MS = 5_000;

/** Within the time that a first webhook of a vendor can wait for its keys. */
const TOKEN_BROKER_TIMEOUT_MS = 3_000;

/** Less than the shortest deadline of a vendor (Xero: 5 s), so that the producer gives up first and says why. */
const PRODUCE_DEADLINE_MS = 3_500;

/**
 * While the broker writes one request, webhooks that come meanwhile can be on their way in another. What a vendor sends after it was
 * answered lies behind what was answered; webhooks that it sends side by side have no order over HTTP either.
 */
const PRODUCE_REQUESTS = 2;

/** Puts ingress together; the only place that names concrete adapters. */
@Module({})
export class IngressModule {
  static forContext(context: IngressContext): DynamicModule {
    const { config } = context;
    return {
      module: IngressModule,
      imports: [
        StreamsModule.forService(context, {
          service: 'ingress',
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          tables: [topics.connections],
          produces: [
            ...webhookVendors.flatMap(({ id, hasNotices }) => (hasNotices ? [changeNoticesOf(id)] : [])),
            topics.deliveryReports,
            topics.communications,
            topics.outcomes,
            topics.deadLetters,
          ],
          produceDeadlineMs: PRODUCE_DEADLINE_MS,
          produceRequests: PRODUCE_REQUESTS,
        }),
      ],
      providers: [
        { provide: IngressMetrics, useFactory: () => new IngressMetrics(context.registry) },
        {
          provide: WebhookIntake,
          inject: [LOG_PRODUCER, CONNECTIONS_TABLE, IngressMetrics],
          useFactory: (producer: LogProducer, connections: ReadTable<Connection>, metrics: IngressMetrics) =>
            createIntake(context, producer, connections, metrics),
        },
      ],
    };
  }
}

function createIntake(
  context: IngressContext,
  producer: LogProducer,
  connections: ReadTable<Connection>,
  metrics: IngressMetrics,
): WebhookIntake {
  const { config, clock, logger } = context;
  const tokens = new TokenClient({
    brokerUrl: config.tokenBroker.url,
    serviceToken: config.tokenBroker.serviceToken.reveal(),
    transport: new UndiciTransport({ totalTimeoutMs: TOKEN_BROKER_TIMEOUT_MS }),
    clock,
  });
  const keys = new VerificationKeys(
    tokenBrokerKeys(tokens),
    clock,
    { maxAgeMs: config.intake.keysMaxAgeMs, renewalPauseMs: RENEWAL_PAUSE_MS },
    keysLog(logger, clock),
  );
  return new WebhookIntake({
    keys,
    proofs: tokens,
    directory: new ConnectionDirectory(connections),
    producer,
    traces: new TraceIds(),
    metrics,
    clock,
    log: intakeLog(logger, clock),
    maxPendingBytes: config.intake.maxPendingBytes,
  });
}
