import { type DynamicModule, Module } from '@nestjs/common';
import { changeNoticesOf, type Connection, type FlowDefinition, topics } from '#libs/contracts';
import { defaultTemplateLimits, type TemplateRenderer, WorkerRenderer } from '#libs/flows';
import type { ServiceConfig, ServiceContext } from '#libs/platform';
import { type Database, openDatabase } from '#libs/persistence';
import {
  CONNECTIONS_TABLE,
  FLOWS_TABLE,
  kafkaOptionsOf,
  LOG_PRODUCER,
  LOG_READER,
  type LogProducer,
  type LogReader,
  type RawLogProducer,
  type ReadTable,
  registryOptionsOf,
  StreamsModule,
} from '#libs/streams';
import { UndiciTransport } from '#libs/vendor-kit';
import { vendors } from '#libs/vendors';
import { FlowTrialsController } from './api/flow-trials.controller.js';
import { FlowsController } from './api/flows.controller.js';
import { OperationsController } from './api/operations.controller.js';
import { OutcomesController } from './api/outcomes.controller.js';
import { OverviewController } from './api/overview.controller.js';
import { DatabasePatience } from './audit/database-patience.js';
import { TrailPruner } from './audit/trail-pruner.js';
import type { consoleConfig } from './console.config.js';
import { ConsoleMetrics } from './console.metrics.js';
import { type AuditPorts, ConsolePipeline } from './console.pipeline.js';
import { EventStreams } from './feed/event-streams.js';
import { LiveFeed } from './feed/live-feed.js';
import { FlowBook } from './flows/flow-book.js';
import { FlowPublisher } from './flows/flow-publisher.js';
import { DeadLetterRequeue } from './operations/dead-letter-requeue.js';
import { NewestRecords } from './operations/newest-records.js';
import { Operations } from './operations/operations.js';
import { ParkedWorkList } from './operations/parked-work.js';
import { ReplayPortions } from './operations/replay-portion.js';
import { ReplayRunner } from './operations/replay-runner.js';
import { WebhookReturn } from './operations/webhook-return.js';
import { OperatorAccess } from './security/operator-access.js';
import { ServiceHealth } from './summary/service-health.js';
import { ConnectionList } from './summary/connection-list.js';
import { SummaryReader } from './summary/summary.js';
import { AUDIT_PORTS, DATABASE } from './tokens.js';
import { EntityFinder } from './trials/entity-finder.js';
import { FlowTrial } from './trials/flow-trial.js';
import { RecordFinder } from './trials/record-finder.js';
import { PagesController } from './web/pages.controller.js';
import { SignInController } from './web/sign-in.controller.js';

/** Context of console. */
export type ConsoleContext = ServiceContext<ServiceConfig<typeof consoleConfig>>;

/** Everything that answers HTTP requests besides what every service has. */
export const httpControllers = [
  OutcomesController,
  FlowsController,
  FlowTrialsController,
  OverviewController,
  OperationsController,
  SignInController,
  PagesController,
];

/** What webhooks announced, of every vendor whose books are read. */
export const noticeTopics = vendors.all
  .filter(({ source }) => source !== undefined)
  .map(({ manifest }) => changeNoticesOf(manifest.id));

/** Puts console together; the only place that names concrete adapters. */
@Module({})
export class ConsoleModule {
  static forContext(context: ConsoleContext): DynamicModule {
    const { config } = context;
    return {
      module: ConsoleModule,
      imports: [
        StreamsModule.forService(context, {
          service: context.name,
          kafka: kafkaOptionsOf(config.kafka),
          registry: registryOptionsOf(config.registry),
          stateFolder: config.state.folder,
          pipelines: [ConsolePipeline],
          bindings: { [topics.changeNotices.name]: noticeTopics },
          settings: {
            // All records of a task are one lane: to park what waits would only write it twice more.
            maxWaitingPerKey: Number.MAX_SAFE_INTEGER,
            // Rows are in PostgreSQL before progress is committed, and a row that comes again changes nothing.
            commitLingerMs: 200,
          },
          tables: [topics.connections, topics.flows],
          produces: [topics.flows, topics.outcomes, topics.operatorRequests],
        }),
      ],
      controllers: [ConsolePipeline, ...httpControllers],
      providers: [...dataProviders(context), ...operatorProviders(context)],
    };
  }
}

function dataProviders(context: ConsoleContext) {
  const { config, clock, logger, health } = context;
  return [
    {
      provide: DATABASE,
      useFactory: async (): Promise<Database> => {
        const database = await openDatabase({
          url: config.database.url.reveal(),
          applicationName: `console ${context.instance}`,
          poolSize: config.database.poolSize,
        });
        context.lifecycle.onShutdown('close', 'database', () => database.close());
        health.register({
          name: 'database',
          kind: 'ready',
          check: async () => {
            await database.ping();
            return { up: true };
          },
        });
        return database;
      },
    },
    {
      provide: LiveFeed,
      inject: [DATABASE],
      useFactory: (database: Database) => new LiveFeed(database.outcomes, clock),
    },
    {
      provide: ConsoleMetrics,
      inject: [LiveFeed],
      useFactory: (feed: LiveFeed) => new ConsoleMetrics(context.registry, () => feed.listenerCount),
    },
    {
      provide: EventStreams,
      inject: [DATABASE, LiveFeed],
      useFactory: (database: Database, feed: LiveFeed) => {
        const streams = new EventStreams({ feed, source: database.outcomes, clock });
        context.lifecycle.onShutdown('stop-intake', 'event-streams', () => streams.close());
        return streams;
      },
    },
    {
      provide: AUDIT_PORTS,
      inject: [DATABASE, LiveFeed, ConsoleMetrics],
      useFactory: (database: Database, feed: LiveFeed, metrics: ConsoleMetrics): AuditPorts => ({
        outcomes: database.outcomes,
        deadLetters: database.deadLetters,
        patience: new DatabasePatience({
          clock,
          onChange: (available, error) =>
            available
              ? logger.info({ event: 'database.back' })
              : logger.warn({ event: 'database.away', error }),
        }),
        written: (kind, rows, durationMs) => {
          metrics.written(kind, rows, durationMs);
          if (kind === 'outcome') feed.nudge();
        },
      }),
    },
    {
      provide: TrailPruner,
      inject: [DATABASE],
      useFactory: (database: Database) => startPruner(context, database),
    },
    {
      provide: ConnectionList,
      inject: [CONNECTIONS_TABLE, DATABASE],
      useFactory: (connections: ReadTable<Connection>, database: Database) =>
        new ConnectionList(connections, database.outcomes),
    },
    {
      provide: SummaryReader,
      inject: [DATABASE],
      useFactory: (database: Database) =>
        new SummaryReader(database.outcomes, new ServiceHealth(config.operator.watched, clock), clock),
    },
  ];
}

function operatorProviders(context: ConsoleContext) {
  const { config, clock, logger } = context;
  return [
    {
      provide: OperatorAccess,
      useFactory: () =>
        new OperatorAccess({
          token: config.operator.token,
          sessionHours: config.operator.sessionHours,
          secure: config.http.publicBaseUrl?.startsWith('https://') ?? false,
          clock,
        }),
    },
    {
      provide: FlowBook,
      inject: [DATABASE, LOG_PRODUCER, FLOWS_TABLE, CONNECTIONS_TABLE],
      useFactory: (
        database: Database,
        producer: LogProducer,
        published: ReadTable<FlowDefinition>,
        connections: ReadTable<Connection>,
      ) =>
        new FlowBook({
          store: database.flows,
          producer,
          published,
          connections,
          withRenderer,
          clock,
          onPublishFailed: (error) => logger.warn({ event: 'flow.publish-failed', error }),
        }),
    },
    {
      provide: Operations,
      inject: [DATABASE, LOG_PRODUCER, LOG_READER],
      useFactory: (database: Database, producer: LogProducer & RawLogProducer, reader: LogReader) => {
        const { deadLetters, outcomes, replays } = database;
        const requeue = new DeadLetterRequeue({
          deadLetters,
          reader,
          producer,
          webhooks: createWebhookReturn(context),
          clock,
          service: context.name,
        });
        startReplays(context, database, producer, reader);
        const parked = new ParkedWorkList(reader, producer, clock);
        return new Operations({
          parked,
          requeue,
          replays,
          outcomes,
          reader,
          producer,
          clock,
          service: context.name,
        });
      },
    },
    {
      provide: FlowTrial,
      inject: [DATABASE, LOG_READER, CONNECTIONS_TABLE],
      useFactory: ({ outcomes }: Database, reader: LogReader, connections: ReadTable<Connection>) =>
        new FlowTrial({
          records: new RecordFinder({ outcomes, reader }),
          entities: new EntityFinder(reader),
          connections,
          withRenderer,
          measureOf: (vendor) => vendors.find(vendor)?.messaging?.segmentsOf,
          clock,
        }),
    },
    {
      provide: FlowPublisher,
      inject: [FlowBook],
      useFactory: (book: FlowBook) => new FlowPublisher(book, context),
    },
  ];
}

function createWebhookReturn({ config, clock, lifecycle }: ConsoleContext): WebhookReturn {
  const transport = new UndiciTransport({ clock });
  lifecycle.onShutdown('close', 'ingress-transport', () => transport.close());
  return new WebhookReturn({ ...config.ingress, transport });
}

/** Replays go on from start to stop of the process, whoever asked for them. */
function startReplays(
  { clock, lifecycle, logger }: ConsoleContext,
  { replays, outcomes }: Database,
  producer: LogProducer & RawLogProducer,
  reader: LogReader,
): void {
  const onFailed = (error: unknown): void => logger.warn({ event: 'replay.step-failed', error });
  const portions = new ReplayPortions({ reader, newest: new NewestRecords({ outcomes, reader }) });
  const runner = new ReplayRunner({ replays, portions, producer, clock, onFailed });
  lifecycle.onShutdown('stop-intake', 'replays', () => runner.stop());
  runner.start();
}

/** Forgets from start to stop of the process. */
function startPruner(
  { clock, lifecycle, logger, config }: ConsoleContext,
  { outcomes, deadLetters }: Database,
): TrailPruner {
  const { retentionDays } = config.trail;
  const pruner = new TrailPruner({
    outcomes,
    deadLetters,
    clock,
    retentionDays,
    onPruned: (rows) => logger.info({ event: 'trail.pruned', retentionDays, ...rows }),
    onFailed: (error) => logger.warn({ event: 'trail.prune-failed', error }),
  });
  lifecycle.onShutdown('stop-intake', 'trail-pruner', () => pruner.stop());
  pruner.start();
  return pruner;
}

/** An operator waits for the check: a busy machine must not make a good template look endless. */
const CHECK_LIMITS = { ...defaultTemplateLimits, renderMs: 2_000 };
const CHECK_DEADLINE_MS = 5_000;

/** Flows are checked now and then: a worker for each check costs less memory than one that waits. */
async function withRenderer<T>(use: (renderer: TemplateRenderer) => Promise<T>): Promise<T> {
  const renderer = new WorkerRenderer({ workers: 1, deadlineMs: CHECK_DEADLINE_MS, limits: CHECK_LIMITS });
  try {
    return await use(renderer);
  } finally {
    await renderer.close();
  }
}
