import { codeOf, dispositionOf, sleep } from '#libs/core';
import type { ServiceContext } from '#libs/platform';
import { RegistryCodec } from '../codec/registry-codec.js';
import { GatheringProducer } from '../kafka/gathering-producer.js';
import { KafkaClient } from '../kafka/kafka-client.js';
import { KafkaLogReader } from '../kafka/kafka-log-reader.js';
import { TablesReader } from '../kafka/tables-reader.js';
import { createStreamsMetrics } from '../streams.metrics.js';
import { StreamsRuntime } from '../streams-runtime.js';
import type { Topology } from '../task/topology.js';
import { StreamsServer } from './streams-server.js';
import type { StreamsModuleOptions } from './streams.module.js';

const RETRY_MS = 1_000;
/** A consumer that has had no answer for so long is deaf, whatever it thinks (tulios/kafkajs 660, 659): restart it. */
const DEAF_AFTER_MS = 60_000;

/** Makes and owns the parts of the runtime that one service uses. */
export class StreamsParts {
  readonly client: KafkaClient;
  readonly codec: RegistryCodec;
  readonly tables: TablesReader;
  readonly producer: GatheringProducer;
  readonly reader: KafkaLogReader;
  readonly server: StreamsServer;
  private runtime: StreamsRuntime | undefined;
  private warmed = false;
  private readonly started: Promise<void>;
  private markStarted = (): void => undefined;

  constructor(
    private readonly context: ServiceContext<unknown>,
    private readonly options: StreamsModuleOptions,
  ) {
    const { logger, clock } = context;
    this.client = new KafkaClient({
      ...options.kafka,
      clientId: `${options.service}-${context.instance}`,
      onLog: ({ level, namespace, message }) => logger[level]({ event: 'kafka.client', namespace, message }),
    });
    this.codec = new RegistryCodec(options.registry, clock);
    this.tables = new TablesReader(this.client, this.codec, options.tables ?? [], clock, (error) =>
      logger.warn({ event: 'table.read-failed', code: codeOf(error), error }),
    );
    this.producer = new GatheringProducer(this.client, this.codec, clock, {
      topics: (options.produces ?? []).map(({ name }) => name),
      ...(options.produceDeadlineMs === undefined ? {} : { deadlineMs: options.produceDeadlineMs }),
      ...(options.produceRequests === undefined ? {} : { requestsUnderWay: options.produceRequests }),
    });
    this.reader = new KafkaLogReader(this.client, this.codec);
    this.server = new StreamsServer({
      service: options.service,
      pipelines: options.pipelines ?? [],
      bindings: options.bindings,
      createRuntime: (topology) => this.createRuntime(topology),
      beforeStart: () => this.started,
    });
    this.started = new Promise((resolve) => {
      this.markStarted = resolve;
    });
    this.registerHealth();
    context.lifecycle.onShutdown('stop-intake', 'streams', () => this.server.close());
    context.lifecycle.onShutdown('flush', 'log-producer', () => this.producer.close());
    context.lifecycle.onShutdown('close', 'log-reader', () => this.reader.close());
    context.lifecycle.onShutdown('close', 'tables', () => this.tables.stop());
  }

  /** Learns what the producer needs and reads the tables; waits for the registry and the broker as long as it takes. */
  async start(): Promise<void> {
    try {
      await this.untilReachable(() => this.codec.warm(this.options.produces ?? []));
      this.warmed = true;
      await this.tables.start();
      this.markStarted();
    } catch (error) {
      this.context.logger.fatal({ event: 'streams.start-failed', error });
      this.context.lifecycle.halt(error);
    }
  }

  private createRuntime(topology: Topology): StreamsRuntime {
    const { logger, registry, clock, lifecycle } = this.context;
    const metrics = createStreamsMetrics(registry, topology.service, () => this.runtime?.describe() ?? []);
    const runtime = new StreamsRuntime({
      topology,
      client: this.client,
      codec: this.codec,
      clock,
      stateFolder: this.options.stateFolder,
      ...(this.options.settings ? { settings: this.options.settings } : {}),
      ...(this.options.group ? { group: this.options.group } : {}),
      taskEvents: {
        ...metrics.taskEvents,
        lost: (error) => {
          metrics.taskEvents.lost(error);
          logger.warn({ event: 'task.lost', error });
        },
        fatal: (error) => {
          logger.fatal({ event: 'task.fatal', error });
          lifecycle.halt(error);
        },
        waitingForRegistry: (error) => logger.warn({ event: 'registry.unreachable', error }),
      },
      groupEvents: {
        ...metrics.groupEvents,
        joined: (memberId, partitions) => {
          metrics.groupEvents.joined(memberId, partitions);
          logger.info({ event: 'group.joined', memberId, partitions });
        },
        rebalancing: (cause) => logger.info({ event: 'group.rebalancing', cause }),
        failed: (error) => {
          metrics.groupEvents.failed(error);
          logger.warn({ event: 'consumer.failed', error });
        },
        held: (partition) => logger.warn({ event: 'consumer.held', ...partition }),
      },
      openFailed: (partition, error) => logger.warn({ event: 'task.open-failed', partition, error }),
    });
    this.runtime = runtime;
    return runtime;
  }

  private registerHealth(): void {
    const { health, clock } = this.context;
    health.register({
      name: 'streams',
      kind: 'ready',
      check: () => ({
        up: this.warmed && this.tables.ready && (this.options.pipelines === undefined || this.server.ready),
        details: {
          warmed: this.warmed,
          tables: this.tables.ready,
          tasks: this.runtime?.describe().length ?? 0,
        },
      }),
    });
    if (this.options.produces !== undefined) {
      health.register({
        name: 'log-producer',
        kind: 'ready',
        check: () => ({ up: this.producer.failingSince === undefined }),
      });
    }
    health.register({
      name: 'consumer',
      kind: 'live',
      check: () => {
        const silentForMs = this.runtime ? clock.now() - this.runtime.lastAnswerAt : 0;
        return { up: silentForMs < DEAF_AFTER_MS, details: { silentForMs } };
      },
    });
  }

  private async untilReachable(step: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await step();
        return;
      } catch (error) {
        if (dispositionOf(error) !== 'retry') throw error;
        this.context.logger.warn({ event: 'registry.unreachable', error });
        await sleep(this.context.clock, RETRY_MS);
      }
    }
  }
}
