import { randomUUID } from 'node:crypto';
import type { Consumer, EachMessageHandler, Producer } from 'kafkajs';
import { decodeValue, encodeValue, subjectOf, topics, type Topic } from '#libs/contracts';
import { RegistryAdmin } from '../codec/registry-admin.js';
import { frame, WIRE_HEADER_BYTES } from '../codec/wire-format.js';
import { KafkaClient } from '../kafka/kafka-client.js';
import { TopicAdmin } from '../kafka/topic-admin.js';
import { configForTest, untilLed } from './topics-for-tests.js';

/** A record as a probe read it. */
export interface ProbedRecord<T> {
  readonly key: string;
  readonly value: T;
  readonly headers: Readonly<Record<string, string>>;
}

/** Partitions of the chain in integration tests; every spec of a run must use the same number. */
export const TEST_PARTITIONS = 4;

/**
 * A test's own hands in a real log: creates topics, writes records and reads what a service wrote, with kafkajs's public client
 * and none of the code under test.
 */
export class LogProbe {
  private readonly client: KafkaClient;
  private readonly registry: RegistryAdmin;
  private readonly consumers: Consumer[] = [];
  private producer: Promise<Producer> | undefined;

  constructor(urls: { readonly kafkaBrokers: string; readonly registryUrl: string }) {
    this.client = new KafkaClient({
      brokers: urls.kafkaBrokers.split(','),
      clientId: `probe-${randomUUID()}`,
    });
    this.registry = new RegistryAdmin({ url: urls.registryUrl });
  }

  /** Creates topics that are not there and registers their schemas. */
  async prepare(wanted: readonly Topic<unknown>[]): Promise<void> {
    const all = [...wanted, topics.operatorRequests];
    const admin = new TopicAdmin(this.client);
    await admin.connect();
    try {
      const specs = all.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions === 'single' ? 1 : TEST_PARTITIONS,
        config: configForTest(topic.policy),
      }));
      await admin.ensure(specs, 1);
    } finally {
      await admin.disconnect();
    }
    await untilLed(this.client, all);
    for (const topic of all) await this.idOf(topic);
  }

  /** Writes one record, or a tombstone; into the partition of its key unless another one is given (state topics). */
  async write<T>(
    topic: Topic<T>,
    key: string,
    value: T | null,
    headers: Readonly<Record<string, string>> = {},
    partition?: number,
  ): Promise<void> {
    const bytes =
      value === null
        ? null
        : frame(await this.idOf(topic), encodeValue(topic.schema, value, WIRE_HEADER_BYTES));
    await this.writeRaw(topic.name, key, bytes, headers, partition);
  }

  /** The same with bytes of the caller's choice. */
  async writeRaw(
    topic: string,
    key: string,
    value: Buffer | null,
    headers: Readonly<Record<string, string>> = {},
    partition?: number,
  ): Promise<void> {
    this.producer ??= this.connectProducer();
    const producer = await this.producer;
    const message = { key, value, headers: { ...headers }, ...(partition !== undefined && { partition }) };
    await producer.send({ topic, acks: -1, messages: [message] });
  }

  /** Gathers what is written to a topic from now on: the position is fixed before the promise resolves. */
  async follow<T>(topic: Topic<T>): Promise<readonly ProbedRecord<T>[]> {
    const records: ProbedRecord<T>[] = [];
    const groupId = `probe-${randomUUID()}`;
    await this.startAtEnd(groupId, topic.name);
    const consumer = this.client.kafka.consumer({ groupId });
    this.consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: topic.name });
    await consumer.run({
      eachMessage: ({ message }) => {
        if (message.value) records.push(probed(topic, { ...message, value: message.value }));
        return Promise.resolve();
      },
    });
    return records;
  }

  /** The first record of a topic as it lies there, whatever its bytes are; waits until there is one. */
  async firstRaw(topic: string): Promise<{ key: Buffer | null; value: Buffer | null; partition: number }> {
    const consumer = this.client.kafka.consumer({ groupId: `probe-${randomUUID()}` });
    this.consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return new Promise((resolve, reject) => {
      const eachMessage: EachMessageHandler = ({ message: { key, value }, partition }) => {
        resolve({ key, value, partition });
        return Promise.resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
  }

  /** Lets go of every connection. */
  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.disconnect()));
    await (await this.producer)?.disconnect();
  }

  private async connectProducer(): Promise<Producer> {
    const producer = this.client.kafka.producer();
    await producer.connect();
    return producer;
  }

  private async startAtEnd(groupId: string, topic: string): Promise<void> {
    const admin = this.client.kafka.admin();
    await admin.connect();
    try {
      const ends = await admin.fetchTopicOffsets(topic);
      const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.setOffsets({ groupId, topic, partitions });
    } finally {
      await admin.disconnect();
    }
  }

  private async idOf(topic: Topic<unknown>): Promise<number> {
    const report = await this.registry.ensure({ subject: subjectOf(topic), schema: topic.schema.json });
    if (report.id === null) throw new Error(`${report.subject} is ${report.state}: ${report.detail ?? ''}`);
    return report.id;
  }
}

interface RawMessage {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string | Buffer | (string | Buffer)[] | undefined>>;
}

/** Assumes the schema of the build, which is what the code under test writes with. */
function probed<T>(topic: Topic<T>, { key, value, headers = {} }: RawMessage): ProbedRecord<T> {
  return {
    key: key?.toString() ?? '',
    value: decodeValue(topic.schema, value.subarray(WIRE_HEADER_BYTES)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
  };
}
