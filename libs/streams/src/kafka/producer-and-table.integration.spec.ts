import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { expect, inject, test } from 'vitest';
import { type Connection, connectionSchema, type Topic } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { RegistryCodec } from '../codec/registry-codec.js';
import { createTopicsForTest } from '../testing/topics-for-tests.js';
import { GatheringProducer } from './gathering-producer.js';
import { KafkaClient } from './kafka-client.js';
import { TablesReader } from './tables-reader.js';

async function setUp(): Promise<{ client: KafkaClient; codec: RegistryCodec; topic: Topic<Connection> }> {
  const { kafkaBrokers, registryUrl } = inject('infrastructure');
  const topic: Topic<Connection> = {
    name: `connections-${randomUUID()}`,
    schema: connectionSchema,
    key: 'connectionId',
    policy: { kind: 'compact' },
    partitions: 'single',
  };
  const client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'test' });
  await createTopicsForTest(client, registryUrl, [topic], 1);
  const codec = new RegistryCodec({ url: registryUrl }, systemClock);
  await codec.warm([topic]);
  return { client, codec, topic };
}

test('a table holds the last value of each key, and follows changes', async () => {
  const { client, codec, topic } = await setUp();
  const producer = new GatheringProducer(client, codec, systemClock, { topics: [topic.name] });
  await Promise.all(
    Array.from({ length: 500 }, (_, i) =>
      producer.send({ topic, key: `c${i % 100}`, value: aConnection(`c${i % 100}`, `name ${i}`) }),
    ),
  );
  await producer.send({ topic, key: 'c7', value: null });
  const reader = new TablesReader(client, codec, [topic], systemClock, () => undefined);
  await reader.start();
  const table = reader.table(topic);
  expect([...table.values()]).toHaveLength(99);
  expect(table.get('c99')?.displayName).toBe('name 499');
  expect(table.get('c7')).toBeUndefined();
  await producer.send({ topic, key: 'c7', value: aConnection('c7', 'back again') });
  await expect.poll(() => table.get('c7')?.displayName).toBe('back again');
  await reader.stop();
  await producer.close();
});

test('a record that no broker takes in time is refused to its sender', async () => {
  const { codec, topic } = await setUp();
  const nowhere = new KafkaClient({ brokers: ['127.0.0.1:1'], clientId: 'test' });
  const producer = new GatheringProducer(nowhere, codec, systemClock, {
    topics: [topic.name],
    deadlineMs: 300,
  });
  await expect(producer.send({ topic, key: 'c1', value: aConnection('c1', 'x') })).rejects.toMatchObject({
    code: 'log-unavailable',
  });
  expect(producer.failingSince).toBeDefined();
  await producer.close();
});

test('a producer is well again when the broker is back, although nothing is sent to it meanwhile', async () => {
  const { codec, topic } = await setUp();
  const port = await freePort();
  const client = new KafkaClient({ brokers: [`127.0.0.1:${port}`], clientId: 'test' });
  const producer = new GatheringProducer(client, codec, systemClock, {
    topics: [topic.name],
    deadlineMs: 300,
  });
  await expect(producer.send({ topic, key: 'c1', value: aConnection('c1', 'x') })).rejects.toMatchObject({
    code: 'log-unavailable',
  });
  const way = await openWay(port);
  await expect.poll(() => producer.failingSince, { timeout: 20_000 }).toBeUndefined();
  await producer.close();
  way.close();
});

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Lets connections to the port through to the broker. */
async function openWay(port: number): Promise<Server> {
  const [host, brokerPort] = (inject('infrastructure').kafkaBrokers.split(',')[0] ?? '').split(':');
  const way = createServer((near) => {
    const far = connect(Number(brokerPort), host);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  way.listen(port, '127.0.0.1');
  await once(way, 'listening');
  return way;
}

function aConnection(connectionId: string, displayName: string): Connection {
  return {
    connectionId,
    workspaceId: 'w',
    vendor: 'xero',
    accountId: 'a',
    displayName,
    status: 'active',
    timeZone: 'UTC',
    country: null,
    currency: null,
    settings: {},
    updatedAt: 0,
  };
}
