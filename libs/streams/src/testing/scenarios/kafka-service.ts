import { randomUUID } from 'node:crypto';
import {
  type ChangeNotice,
  type DeadLetter,
  type OperatorRequest,
  type Outcome,
  runtimeStores,
  type StoreDefinition,
  type Topic,
  topics,
} from '#libs/contracts';
import { seededRandom, sleep, systemClock } from '#libs/core';
import { RegistryCodec } from '../../codec/registry-codec.js';
import { KafkaClient } from '../../kafka/kafka-client.js';
import { StreamsRuntime } from '../../streams-runtime.js';
import { silentTaskEvents } from '../../task/task-events.js';
import { buildTopology, handlersOf } from '../../task/topology-builder.js';
import { changelogOf } from '../../state/task-state.js';
import { LogProbe, type ProbedRecord, TEST_PARTITIONS } from '../log-probe.js';
import { noticeFor } from '../notices.js';
import { MortalProcess } from './mortal-process.js';
import { operatorRequestFor } from './operator-request.js';
import {
  KEY,
  marks,
  type ProcessSettings,
  type RawInput,
  type Script,
  scriptedHandlers,
  type ServiceUnderTest,
  scriptedTopic,
} from './service-under-test.js';

/** Where a broker and a registry are. */
export interface KafkaUrls {
  readonly kafkaBrokers: string;
  readonly registryUrl: string;
}

/** The shortest that brokers allow by default: a killed member is missed after this. */
const SESSION_MS = 6_000;
const LOOK_EVERY_MS = 20;
/** Real time on a slow, busy machine. */
const PATIENCE_MS = 120_000;

interface Running {
  readonly process: MortalProcess;
  readonly runtime: StreamsRuntime;
}

/** What runs of several services read together: one consumer per topic is enough. */
export interface SharedReading {
  readonly outcomes: readonly ProbedRecord<Outcome>[];
  readonly deadLetters: readonly ProbedRecord<DeadLetter>[];
}

/** The scripted service on a real broker and registry, in real time: the whole runtime as in production. */
export class KafkaService implements ServiceUnderTest {
  private readonly service = `scripted-${randomUUID().slice(0, 8)}`;
  private readonly input = scriptedTopic(`${this.service}-input`);
  private readonly output = scriptedTopic(`${this.service}-output`);
  private written: readonly ProbedRecord<ChangeNotice>[] = [];
  private script: Script = {};
  private settings: ProcessSettings = {};
  private running: Running | undefined;

  constructor(
    private readonly urls: KafkaUrls,
    private readonly probe: LogProbe,
    private readonly shared: SharedReading,
  ) {}

  async start(script: Script, settings: ProcessSettings = {}): Promise<void> {
    const stores: StoreDefinition<unknown>[] = [marks, ...Object.values(runtimeStores)];
    const changelogs = stores.map((store) => changelogOf(this.service, store));
    await this.probe.prepare([this.input, this.output, ...changelogs] as Topic<unknown>[]);
    this.written = await this.probe.follow(this.output);
    this.script = script;
    this.settings = settings;
    await this.boot();
  }

  async kill(): Promise<void> {
    await this.running?.process.kill();
    await this.boot();
  }

  async terminate(): Promise<void> {
    await this.running?.runtime.stop();
    await this.boot();
  }

  /** Ends what still runs. */
  async end(): Promise<void> {
    await this.running?.process.kill();
  }

  async send(notices: readonly Partial<ChangeNotice>[]): Promise<void> {
    for (const notice of notices) await this.probe.write(this.input, KEY, noticeFor(notice));
  }

  async sendRaw({ value, headers }: RawInput): Promise<void> {
    await this.probe.writeRaw(this.input.name, KEY, value, headers);
  }

  async ask(request: Pick<OperatorRequest, 'action'> & Partial<OperatorRequest>): Promise<void> {
    const value = operatorRequestFor(this.service, request);
    for (let partition = 0; partition < TEST_PARTITIONS; partition += 1)
      await this.probe.write(topics.operatorRequests, 'request', value, {}, partition);
  }

  outputs() {
    return this.written.map(({ value }) => value);
  }

  outcomes() {
    return this.shared.outcomes.map(({ value }) => value).filter(({ service }) => service === this.service);
  }

  deadLetters() {
    return this.shared.deadLetters
      .map(({ value }) => value)
      .filter(({ service }) => service === this.service);
  }

  sleep(ms: number): Promise<void> {
    return sleep(systemClock, ms);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = systemClock.now() + PATIENCE_MS;
    while (!holds()) {
      if (systemClock.now() > deadline) throw new Error(`this did not happen: ${what}`);
      await this.sleep(LOOK_EVERY_MS);
    }
  }

  private async boot(): Promise<void> {
    const { sessionTimeoutMs = SESSION_MS, ...settings } = this.settings;
    const { handlers, pipeline } = handlersOf(
      scriptedHandlers({ input: this.input, output: this.output }, this.script),
    );
    const process = new MortalProcess(
      new KafkaClient({ brokers: this.urls.kafkaBrokers.split(','), clientId: this.service }),
    );
    const runtime = new StreamsRuntime({
      topology: buildTopology(this.service, handlers, [pipeline]),
      client: process.connector,
      codec: new RegistryCodec({ url: this.urls.registryUrl }, process.clock),
      clock: process.clock,
      random: seededRandom(1),
      settings,
      group: { sessionTimeoutMs, rebalanceTimeoutMs: sessionTimeoutMs, heartbeatIntervalMs: 1_000 },
      taskEvents: silentTaskEvents,
      groupEvents: {
        joined: () => undefined,
        rebalancing: () => undefined,
        failed: () => undefined,
        fetched: () => undefined,
        held: () => undefined,
      },
      openFailed: () => undefined,
    });
    this.running = { process, runtime };
    await runtime.start();
  }
}
