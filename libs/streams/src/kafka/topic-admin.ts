import kafkajs, { type Admin } from 'kafkajs';
import { type Clock, LedgerwireError, sleep, systemClock } from '#libs/core';
import type { KafkaClient } from './kafka-client.js';

/** A topic as it is to be. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Topic configuration by Kafka's names, e.g. `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>;
}

/**
 * What was found or done:
 * - `present`: there, as it is to be. `created`: made just now. `missing`: not there (check only).
 * - `settings-differ`: there, with other settings than the catalogue's, or fewer copies than asked for. Left alone: in production the topic's settings belong
 *   to whoever operates the broker (Strimzi's topic operator sets them back).
 * - `partitions-differ`: there, with another number of partitions. Never corrected: keys would move to other partitions, away
 *   from the state kept beside them.
 */
export type TopicState = 'present' | 'created' | 'missing' | 'settings-differ' | 'partitions-differ';

/** What a topic is made of, as the cluster tells it. */
interface FoundTopic {
  readonly partitions: number;
  /** Of the partition that has the fewest, brokers that are away included. */
  readonly copies: number;
  readonly settings: ReadonlyMap<string, string>;
}

/** One topic after {@link TopicAdmin.ensure} or {@link TopicAdmin.check}. */
export interface TopicReport {
  readonly topic: string;
  readonly state: TopicState;
  /** What differs, for people; empty when nothing does. */
  readonly details: readonly string[];
}

const CREATE_TIMEOUT_MS = 15_000;
const LEADER_POLL_MS = 50;

/** Creates topics and looks at them. Nothing it finds is ever changed or deleted. */
export class TopicAdmin {
  private readonly admin: Admin;

  constructor(
    client: KafkaClient,
    private readonly clock: Clock = systemClock,
  ) {
    this.admin = client.kafka.admin();
  }

  /** @throws LedgerwireError `log-unavailable` (retry) when no broker answers. */
  async connect(): Promise<void> {
    await this.ask('no Kafka broker answers', () => this.admin.connect());
  }

  async disconnect(): Promise<void> {
    await this.admin.disconnect();
  }

  /** How many brokers the cluster has now. @throws LedgerwireError `log-unavailable` (retry). */
  async brokerCount(): Promise<number> {
    const { brokers } = await this.ask('the Kafka cluster cannot be described', () =>
      this.admin.describeCluster(),
    );
    return brokers.length;
  }

  /**
   * Creates what is missing, in one request. When a topic has the wrong number of partitions nothing is created at all.
   * @param replicationFactor copies of each partition of a new topic
   * @throws LedgerwireError `log-unavailable` (retry), or `topic-refused` (halt) when the cluster refuses a new topic.
   */
  async ensure(specs: readonly TopicSpec[], replicationFactor: number): Promise<TopicReport[]> {
    const found = await this.check(specs, replicationFactor);
    if (found.some((report) => report.state === 'partitions-differ')) return found;
    const missing = new Set(
      found.filter((report) => report.state === 'missing').map((report) => report.topic),
    );
    if (missing.size === 0) return found;
    await this.create(
      specs.filter((spec) => missing.has(spec.name)),
      replicationFactor,
    );
    return found.map((report) => (missing.has(report.topic) ? { ...report, state: 'created' } : report));
  }

  /** Looks without changing anything. @throws LedgerwireError `log-unavailable` (retry). */
  async check(specs: readonly TopicSpec[], replicationFactor: number): Promise<TopicReport[]> {
    const names = new Set(await this.ask('topics cannot be listed', () => this.admin.listTopics()));
    const present = specs.filter((spec) => names.has(spec.name)).map((spec) => spec.name);
    const found = await this.describe(present);
    return specs.map((spec) => {
      const topic = found.get(spec.name);
      if (!topic) return { topic: spec.name, state: 'missing', details: [] };
      return compare(spec, replicationFactor, topic);
    });
  }

  private async create(specs: readonly TopicSpec[], replicationFactor: number): Promise<void> {
    try {
      await this.admin.createTopics({
        // kafkajs's own wait fails on brokers that have not heard of a new topic yet: see waitForLeaders below.
        waitForLeaders: false,
        timeout: CREATE_TIMEOUT_MS,
        topics: specs.map((spec) => ({
          topic: spec.name,
          numPartitions: spec.partitions,
          replicationFactor,
          configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
        })),
      });
    } catch (cause) {
      const reasons = refusals(cause);
      if (reasons.length === 0) throw unavailable('topics cannot be created', cause);
      throw new LedgerwireError(`the cluster refuses to create topics: ${reasons.join('; ')}`, {
        code: 'topic-refused',
        disposition: 'halt',
        cause,
      });
    }
    await this.waitForLeaders(specs.map((spec) => spec.name));
  }

  /**
   * Until each partition of new topics has a leader. The answer to a creation comes from the controller; a broker learns of it a
   * moment later, and until then says that it does not host the topic, on which kafkajs's wait gives up.
   */
  private async waitForLeaders(topics: readonly string[]): Promise<void> {
    const deadline = this.clock.now() + CREATE_TIMEOUT_MS;
    for (;;) {
      try {
        const { topics: found } = await this.admin.fetchTopicMetadata({ topics: [...topics] });
        if (found.every((topic) => topic.partitions.every((partition) => partition.leader >= 0))) return;
      } catch (cause) {
        if (this.clock.now() > deadline) throw unavailable('new topics have no leader yet', cause);
      }
      if (this.clock.now() > deadline) throw unavailable('new topics have no leader yet', undefined);
      await sleep(this.clock, LEADER_POLL_MS);
    }
  }

  private async describe(topics: readonly string[]): Promise<Map<string, FoundTopic>> {
    if (topics.length === 0) return new Map();
    const metadata = await this.ask('topics cannot be described', () =>
      this.admin.fetchTopicMetadata({ topics: [...topics] }),
    );
    const settings = await this.settingsOf(topics);
    return new Map(
      metadata.topics.map(({ name, partitions }) => [
        name,
        {
          partitions: partitions.length,
          copies: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          settings: settings.get(name) ?? new Map<string, string>(),
        },
      ]),
    );
  }

  private async settingsOf(topics: readonly string[]): Promise<Map<string, Map<string, string>>> {
    const { resources } = await this.ask('topic settings cannot be read', () =>
      this.admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map((name) => ({
          // Node finds only some of the names that this CommonJS package exports, and not this one.
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
        })),
      }),
    );
    return new Map(
      resources.map((resource) => [
        resource.resourceName,
        new Map(resource.configEntries.map((entry) => [entry.configName, entry.configValue])),
      ]),
    );
  }

  private async ask<T>(message: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      throw unavailable(message, cause);
    }
  }
}

function compare(spec: TopicSpec, replicationFactor: number, found: FoundTopic): TopicReport {
  if (found.partitions !== spec.partitions) {
    return {
      topic: spec.name,
      state: 'partitions-differ',
      details: [`has ${found.partitions} partitions, ${spec.partitions} are asked for`],
    };
  }
  const details = Object.entries(spec.config).flatMap(([name, wanted]) => {
    const actual = found.settings.get(name);
    return actual === undefined || actual === wanted
      ? []
      : [`${name} is ${actual}, the catalogue says ${wanted}`];
  });
  if (found.copies < replicationFactor)
    details.push(`copies of a partition: ${found.copies}, ${replicationFactor} are asked for`);
  return { topic: spec.name, state: details.length > 0 ? 'settings-differ' : 'present', details };
}

/** kafkajs gathers one error per topic that was refused. */
function refusals(error: unknown): string[] {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return [];
  return error.errors.flatMap((one: unknown) => {
    if (!(one instanceof Error)) return [];
    const topic = 'topic' in one && typeof one.topic === 'string' ? `${one.topic}: ` : '';
    return [`${topic}${one.message}`];
  });
}

function unavailable(message: string, cause: unknown): LedgerwireError {
  return new LedgerwireError(message, { code: 'log-unavailable', disposition: 'retry', cause });
}
