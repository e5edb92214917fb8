import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
// The codecs of the runtime are registered with kafkajs when the lib is loaded.
import '#libs/streams';

/** A record as it lies in a topic. */
export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer])[];
}

/** After this nothing more comes. */
const QUIET_MS = 10_000;

/** Hands every committed record of the topics, up to their present ends, to `onRecord`; in order within a partition. */
export async function readTopics(
  brokers: string,
  wanted: (topic: string) => boolean,
  onRecord: (record: StoredRecord) => void,
): Promise<void> {
  const kafka = new Kafka({ brokers: [brokers], clientId: 'fault-suite', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__') && wanted(topic));
  const open = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) open.set(`${topic}/${partition}`, Number(high));
  const consumer = kafka.consumer({ groupId: `fault-suite-${randomUUID()}`, readUncommitted: false });
  await consumer.connect();
  try {
    if (open.size > 0) await consume(consumer, topics, open, onRecord);
  } finally {
    await consumer.disconnect();
    await admin.disconnect();
  }
}

async function consume(
  consumer: ReturnType<Kafka['consumer']>,
  topics: readonly string[],
  open: Map<string, number>,
  onRecord: (record: StoredRecord) => void,
): Promise<void> {
  const next = new Map<string, number>();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    // Records that were aborted at the very end are never handed over; nothing new for so long means that all is read.
    let quiet = setTimeout(resolve, QUIET_MS);
    const end = (topic: string, partition: number, lastOffset: number): void => {
      clearTimeout(quiet);
      quiet = setTimeout(resolve, QUIET_MS);
      const place = `${topic}/${partition}`;
      if (lastOffset + 1 >= (open.get(place) ?? 0)) open.delete(place);
      if (open.size === 0) {
        clearTimeout(quiet);
        resolve();
      }
    };
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          const { topic, partition } = batch;
          const place = `${topic}/${partition}`;
          for (const { offset, key, value, headers } of batch.messages) {
            // A consumer that was thrown out of its group on a busy machine begins again at the beginning.
            if (Number(offset) < (next.get(place) ?? 0)) continue;
            next.set(place, Number(offset) + 1);
            try {
              onRecord({ topic, partition, offset: Number(offset), key, value, headers: pairs(headers) });
            } catch (error) {
              // Thrown here, kafkajs would bring the batch again and again.
              clearTimeout(quiet);
              reject(error instanceof Error ? error : new Error(String(error)));
              return;
            }
          }
          end(topic, partition, Number(batch.lastOffset()));
        },
      })
      .catch(reject);
  });
}

function pairs(headers: Readonly<Record<string, unknown>> | undefined): [string, Buffer][] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, Buffer] => [name, Buffer.from(one as Buffer | string)]),
  );
}
