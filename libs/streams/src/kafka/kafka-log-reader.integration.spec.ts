import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type ChangeNotice, changeNoticeSchema, type Topic } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { RegistryCodec } from '../codec/registry-codec.js';
import { noticeFor } from '../testing/notices.js';
import { createTopicsForTest } from '../testing/topics-for-tests.js';
import { GatheringProducer } from './gathering-producer.js';
import { KafkaClient } from './kafka-client.js';
import { KafkaLogReader } from './kafka-log-reader.js';

const topic: Topic<ChangeNotice> = {
  name: `log-reader-${randomUUID()}`,
  schema: changeNoticeSchema,
  key: 'connectionId',
  policy: { kind: 'delete', retentionDays: 1 },
  partitions: 'chain',
};
let client: KafkaClient;
let codec: RegistryCodec;
let producer: GatheringProducer;
let reader: KafkaLogReader;

beforeAll(async () => {
  const { kafkaBrokers, registryUrl } = inject('infrastructure');
  client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'test' });
  await createTopicsForTest(client, registryUrl, [topic], 2);
  codec = new RegistryCodec({ url: registryUrl }, systemClock);
  await codec.warm([topic]);
  producer = new GatheringProducer(client, codec, systemClock, { topics: [topic.name] });
  reader = new KafkaLogReader(client, codec);
  for (let i = 0; i < 20; i += 1) {
    await producer.send({ topic, key: 'k', partition: 1, value: noticeFor({ noticeId: `n${i}` }) });
  }
});

afterAll(async () => {
  await reader.close();
  await producer.close();
});

test('reads one record where it lies, and nothing where none is', async () => {
  const record = await reader.readAt(topic.name, 1, 7);
  expect(record && (await reader.decode(topic, record)).noticeId).toBe('n7');
  expect(await reader.readAt(topic.name, 1, 20)).toBeUndefined();
  expect(await reader.readAt(topic.name, 0, 0)).toBeUndefined();
});

test('reads a span, its end excluded, and no further than there is', async () => {
  const found: string[] = [];
  for await (const records of reader.readSpan(topic.name, 1, { from: 5, to: 1_000 })) {
    for (const record of records) found.push((await reader.decode(topic, record)).noticeId);
  }
  expect(found).toEqual(Array.from({ length: 15 }, (_, i) => `n${i + 5}`));
});

test('finds where a time begins', async () => {
  const tenth = await reader.readAt(topic.name, 1, 10);
  const at = await reader.offsetAt(topic.name, 1, tenth?.timestamp ?? 0);
  expect(at).toBeLessThanOrEqual(10);
  expect((await reader.readAt(topic.name, 1, at))?.timestamp).toBe(tenth?.timestamp);
  expect(await reader.offsetAt(topic.name, 1, Date.now() + 60_000)).toBe(20);
});

test('bytes that are written as they are come back as they are', async () => {
  const original = await reader.readAt(topic.name, 1, 3);
  if (!original) throw new Error('the record is gone');
  const { key, value } = original;
  const headers = [['origin', Buffer.from('replay')] as const];
  await producer.sendRaw([{ topic: topic.name, partition: 0, key, value, headers }]);
  const copy = await reader.readAt(topic.name, 0, 0);
  expect(copy?.value).toEqual(value);
  expect(copy?.headers).toEqual(headers);
});

test('says that a topic is missing', async () => {
  await expect(reader.partitionsOf(`nowhere-${randomUUID()}`)).rejects.toMatchObject({
    code: 'topic-missing',
  });
});
