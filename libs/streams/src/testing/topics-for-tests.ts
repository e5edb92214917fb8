import { setTimeout as delay } from 'node:timers/promises';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { subjectOf, type Topic } from '#libs/contracts';
import type { KafkaClient } from '../kafka/kafka-client.js';
import { TopicAdmin } from '../kafka/topic-admin.js';

const LEADER_TRIES = 200;
const LEADER_WAIT_MS = 50;

/** What of a deployed topic's settings a short test can tell. */
export function configForTest({ kind }: Topic<unknown>['policy']): Record<string, string> {
  return { 'cleanup.policy': kind, 'message.timestamp.type': 'LogAppendTime' };
}

/** Creates topics and registers their schemas the plain way; deployments use apps/setup. */
export async function createTopicsForTest(
  client: KafkaClient,
  registryUrl: string,
  topics: readonly Topic<unknown>[],
  partitions: number,
): Promise<void> {
  const admin = new TopicAdmin(client);
  await admin.connect();
  try {
    await admin.ensure(
      topics.map(({ name, policy }) => ({ name, partitions, config: configForTest(policy) })),
      1,
    );
  } finally {
    await admin.disconnect();
  }
  await untilLed(client, topics);
  const registry = new SchemaRegistry({ host: registryUrl });
  for (const topic of topics) {
    await registry.register(
      { type: SchemaType.AVRO, schema: topic.schema.json },
      { subject: subjectOf(topic) },
    );
  }
}

/**
 * Waits until topics that were just created can be used: a broker answers that it is not the leader for a moment after the
 * metadata names it.
 */
export async function untilLed(client: KafkaClient, topics: readonly Topic<unknown>[]): Promise<void> {
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    for (const { name } of topics) {
      for (let tries = 1; ; tries += 1) {
        try {
          await admin.fetchTopicOffsets(name);
          break;
        } catch (error) {
          if (tries === LEADER_TRIES) throw error;
          await delay(LEADER_WAIT_MS);
        }
      }
    }
  } finally {
    await admin.disconnect();
  }
}
