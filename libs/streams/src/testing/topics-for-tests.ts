import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { subjectOf, type Topic } from '#libs/contracts';
import type { KafkaClient } from '../kafka/kafka-client.js';
import { TopicAdmin } from '../kafka/topic-admin.js';

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
      topics.map(({ name, policy }) => ({ name, partitions, config: { 'cleanup.policy': policy.kind } })),
      1,
    );
  } finally {
    await admin.disconnect();
  }
  const registry = new SchemaRegistry({ host: registryUrl });
  for (const topic of topics) {
    await registry.register(
      { type: SchemaType.AVRO, schema: topic.schema.json },
      { subject: subjectOf(topic) },
    );
  }
}
