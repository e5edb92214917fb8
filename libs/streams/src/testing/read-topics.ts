import { KafkaClient } from '../kafka/kafka-client.js';
import { boundsOf, readToEnd } from '../kafka/partition-reader.js';
import type { RawRecord } from '../log/raw-record.js';

/**
 * Hands every committed record of the topics, up to their present ends, to `onRecord`; in order within a partition. With the
 * runtime's own reading: kafkajs's consumer takes some aborted records for committed ones (committed-messages.ts).
 */
export async function readTopics(
  brokers: string,
  wanted: (topic: string) => boolean,
  onRecord: (record: RawRecord) => void,
): Promise<void> {
  const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'read-topics' });
  const topics = (await topicsOf(client)).filter((topic) => !topic.startsWith('__') && wanted(topic));
  const cluster = client.createCluster();
  await cluster.connect();
  try {
    await cluster.addMultipleTargetTopics(topics);
    for (const topic of topics) {
      for (const { partitionId: partition } of cluster.findTopicPartitionMetadata(topic)) {
        const { start } = await boundsOf(cluster, topic, partition);
        await readToEnd(cluster, { topic, partition, offset: start }, (records) => {
          for (const record of records) onRecord(record);
        });
      }
    }
  } finally {
    await cluster.disconnect();
  }
}

async function topicsOf(client: KafkaClient): Promise<string[]> {
  const admin = client.kafka.admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}
