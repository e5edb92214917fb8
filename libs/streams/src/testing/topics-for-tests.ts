import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { subjectOf, type Topic } from '#libs/contracts';
import type { KafkaClient } from '../kafka/kafka-client.js';

/** Creates topics and registers their schemas the plain way; deployments use apps/setup. */
export async function createTopicsForTest(
  client: KafkaClient,
  registryUrl: string,
  topics: readonly Topic<unknown>[],
  partitions: number,
): Promise<void> {
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ name, policy }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: [{ name: 'cleanup.policy', value: policy.kind }],
      })),
    });
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
