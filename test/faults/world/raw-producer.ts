import { Kafka, logLevel } from 'kafkajs';

/** Writes bytes into a topic as they are, past every codec; returns how many records. */
export async function produceRaw(
  brokers: string,
  topic: string,
  key: string,
  values: readonly Buffer[],
): Promise<number> {
  const kafka = new Kafka({ brokers: [brokers], clientId: 'fault-suite', logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ key, value })) });
    return values.length;
  } finally {
    await producer.disconnect();
  }
}
