import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import {
  type ChangeNotice,
  type DerivedCommand,
  changeNoticeSchema,
  derivedCommandSchema,
  runtimeStores,
  type StoreDefinition,
  type Topic,
  topics,
} from '#libs/contracts';
import { LedgerwireError, systemClock } from '#libs/core';
import type { InputRecord, TaskContext } from './api/context.js';
import { Consume, StreamPipeline } from './api/decorators.js';
import { RegistryCodec } from './codec/registry-codec.js';
import { KafkaClient } from './kafka/kafka-client.js';
import { boundsOf, readToEnd } from './kafka/partition-reader.js';
import { KafkaTaskLogFactory } from './kafka/transactional-task-log.js';
import { StreamsRuntime } from './streams-runtime.js';
import { silentTaskEvents } from './task/task-events.js';
import { buildTopology, handlersOf } from './task/topology-builder.js';
import { changelogOf } from './state/task-state.js';
import { noticeFor } from './testing/notices.js';
import { createTopicsForTest } from './testing/topics-for-tests.js';

const PARTITIONS = 4;
const counted: StoreDefinition<DerivedCommand> = {
  name: 'counted',
  schema: derivedCommandSchema,
  large: true,
};

let stateRoot: string;
let client: KafkaClient;
let input: Topic<ChangeNotice>;
let output: Topic<ChangeNotice>;
let service: string;
const running: StreamsRuntime[] = [];

beforeEach(async () => {
  const { kafkaBrokers, registryUrl } = inject('infrastructure');
  const id = randomUUID().slice(0, 8);
  stateRoot = mkdtempSync(join(tmpdir(), 'ledgerwire-runtime-'));
  service = `service-${id}`;
  client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: service });
  const chain = { schema: changeNoticeSchema, key: 'connectionId', partitions: 'chain' } as const;
  input = { ...chain, name: `input-${id}`, policy: { kind: 'delete', retentionDays: 1 } };
  output = { ...chain, name: `output-${id}`, policy: { kind: 'delete', retentionDays: 1 } };
  const state = [counted, ...Object.values(runtimeStores)].map((store: StoreDefinition<unknown>) =>
    changelogOf(service, store),
  );
  await createTopicsForTest(client, registryUrl, [input, output, ...state], PARTITIONS);
  await createTopicsForTest(
    client,
    registryUrl,
    [topics.outcomes, topics.deadLetters, topics.operatorRequests],
    PARTITIONS,
  ).catch(() => undefined);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.stop()));
  rmSync(stateRoot, { recursive: true, force: true });
});

/** Copies each notice once, with a count of how often its entity was seen kept in the state. */
function copier(
  behaviour: (notice: ChangeNotice, attempt: number, context: TaskContext) => Promise<void>,
): object {
  @StreamPipeline({ stores: { counted }, outputs: [output] })
  class Copier {
    @Consume(input, { lane: ({ value }) => value.entityId })
    async onNotice({ value, attempt }: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
      await behaviour(value, attempt, context);
      const store = context.store(counted);
      const before = Number(store.get(value.entityId)?.recordId ?? '0');
      store.put(value.entityId, { recordId: String(before + 1), derivedAt: 0, contentHash: null });
      context.emit(output, value.connectionId, { ...value, changeType: String(before + 1) });
    }
  }
  return new Copier();
}

async function startRuntime(
  behaviour: Parameters<typeof copier>[0] = () => Promise.resolve(),
  events: { fatal?: (error: unknown) => void } = {},
  stateFolder = mkdtempSync(join(stateRoot, 'process-')),
): Promise<StreamsRuntime> {
  return startPipeline(copier(behaviour), events, stateFolder);
}

async function startPipeline(
  instance: object,
  events: { fatal?: (error: unknown) => void } = {},
  stateFolder = mkdtempSync(join(stateRoot, 'process-')),
): Promise<StreamsRuntime> {
  const { registryUrl } = inject('infrastructure');
  const { handlers, pipeline } = handlersOf(instance);
  const runtime = new StreamsRuntime({
    topology: buildTopology(service, handlers, [pipeline]),
    client,
    stateFolder,
    codec: new RegistryCodec({ url: registryUrl }, systemClock),
    group: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 },
    taskEvents: { ...silentTaskEvents, fatal: (error) => events.fatal?.(error) },
    groupEvents: {
      joined: () => undefined,
      rebalancing: () => undefined,
      failed: () => undefined,
      fetched: () => undefined,
      held: () => undefined,
    },
    openFailed: () => undefined,
  });
  running.push(runtime);
  await runtime.start();
  return runtime;
}

test('copies every record once and keeps its state over a restart', async () => {
  const folder = join(stateRoot, 'same-process');
  const first = await startRuntime(undefined, {}, folder);
  await send(notices(0, 200));
  await expect.poll(async () => (await outputs()).length, { timeout: 30_000 }).toBe(200);
  // Both Nest and the lifecycle close it.
  await Promise.all([first.stop(), first.stop()]);
  await startRuntime(undefined, {}, folder);
  await send(notices(200, 300));
  await expect.poll(async () => (await outputs()).length, { timeout: 30_000 }).toBe(300);
  const all = await outputs();
  expect(new Set(all.map(({ noticeId }) => noticeId)).size).toBe(300);
  expect(Math.max(...all.map(({ changeType }) => Number(changeType)))).toBe(30);
});

test('scaling from one to three members and back loses and repeats nothing', async () => {
  await startRuntime();
  const sending = (async () => {
    for (let i = 0; i < 600; i += 20) await send(notices(i, i + 20));
  })();
  const second = await startRuntime();
  const third = await startRuntime();
  await expect
    .poll(() => second.describe().length + third.describe().length, { timeout: 30_000 })
    .toBeGreaterThan(1);
  await second.stop();
  await third.stop();
  await sending;
  await expect.poll(async () => (await outputs()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(600);
  expectEachOnceInOrder(await outputs(), 600);
});

test('a former owner that comes back is fenced', async () => {
  const first = await startRuntime();
  await expect.poll(() => first.describe().length, { timeout: 30_000 }).toBe(PARTITIONS);
  // A second owner of the same tasks, outside the group: what a zombie's successor does before it reads anything.
  const logs = new KafkaTaskLogFactory(
    client,
    { service, inputs: [input.name], topics: [input.name, output.name], transactionTimeoutMs: 10_000 },
    systemClock,
  );
  const stolen = await Promise.all([0, 1, 2, 3].map((partition) => logs.open(partition)));
  await send(notices(0, 40));
  // The first owner's transactions fail; it opens its tasks again and in doing so fences the thieves.
  await expect.poll(async () => (await outputs()).length, { timeout: 30_000 }).toBe(40);
  const withInput = new Set(notices(0, 40).map(({ connectionId }) => logs.partitionOf(connectionId)));
  for (const partition of withInput) {
    const record = { topic: output.name, key: null, value: null, headers: [] };
    await expect(stolen[partition]?.commit({ records: [record], positions: [] })).rejects.toThrow(
      /epoch|fenced/i,
    );
  }
  await Promise.all(stolen.map((log) => log.close()));
  expectEachOnceInOrder(await outputs(), 40);
});

test('a handler that fails for a while delays its own lane only, and nothing is lost', async () => {
  await startRuntime((notice, attempt) =>
    notice.entityId === 'e0' && attempt < 3
      ? Promise.reject(
          new LedgerwireError('limit', { code: 'limit', disposition: 'park', retryAfterMs: 200 }),
        )
      : Promise.resolve(),
  );
  await send(notices(0, 50));
  await expect.poll(async () => (await outputs()).length, { timeout: 60_000 }).toBe(50);
  expectEachOnceInOrder(await outputs(), 50);
});

test('a topic in no hurry is read again after its pause, and one in a hurry meanwhile', async () => {
  const handled: string[] = [];
  @StreamPipeline({ stores: {}, outputs: [] })
  class Reader {
    @Consume(output, { pauseMs: 5_000 })
    onUnhurried({ value }: InputRecord<ChangeNotice>, _context: TaskContext): Promise<void> {
      handled.push(`unhurried ${value.noticeId}`);
      return Promise.resolve();
    }

    @Consume(input)
    onHurried({ value }: InputRecord<ChangeNotice>, _context: TaskContext): Promise<void> {
      handled.push(`hurried ${value.noticeId}`);
      return Promise.resolve();
    }
  }
  await startPipeline(new Reader());
  const [first, second, third] = notices(0, 3) as [ChangeNotice, ChangeNotice, ChangeNotice];
  await send([first], output);
  await expect.poll(() => handled, { timeout: 30_000 }).toEqual(['unhurried 000000']);
  await send([second], output);
  await send([third]);
  await expect.poll(() => handled.length, { timeout: 30_000 }).toBe(3);
  expect(handled.slice(1)).toEqual(['hurried 000002', 'unhurried 000001']);
});

function notices(from: number, to: number): ChangeNotice[] {
  return Array.from({ length: to - from }, (_, i) => from + i).map((i) =>
    noticeFor({ noticeId: String(i).padStart(6, '0'), connectionId: `c${i % 5}`, entityId: `e${i % 10}` }),
  );
}

async function send(values: readonly ChangeNotice[], topic = input): Promise<void> {
  const { registryUrl } = inject('infrastructure');
  const codec = new RegistryCodec({ url: registryUrl }, systemClock);
  await codec.warm([topic]);
  const producer = client.kafka.producer({ createPartitioner: undefined as never });
  await producer.connect();
  await producer.send({
    topic: topic.name,
    messages: values.map((value) => ({ key: value.connectionId, value: codec.encode(topic, value) })),
  });
  await producer.disconnect();
}

async function outputs(): Promise<ChangeNotice[]> {
  const { registryUrl } = inject('infrastructure');
  const codec = new RegistryCodec({ url: registryUrl }, systemClock);
  await codec.warm([output]);
  const cluster = client.createCluster();
  await cluster.connect();
  const found: ChangeNotice[] = [];
  try {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const { end } = await boundsOf(cluster, output.name, partition);
      if (end === 0) continue;
      await readToEnd(cluster, { topic: output.name, partition, offset: 0 }, (records) => {
        for (const { value } of records) if (value) found.push(codec.decode(output.schema, value));
      });
    }
  } finally {
    await cluster.disconnect();
  }
  return found;
}

function expectEachOnceInOrder(found: readonly ChangeNotice[], count: number): void {
  const ids = found.map(({ noticeId }) => noticeId);
  expect([...ids].sort()).toEqual(notices(0, count).map(({ noticeId }) => noticeId));
  for (const entity of new Set(found.map(({ entityId }) => entityId))) {
    const order = found.filter(({ entityId }) => entityId === entity).map(({ noticeId }) => noticeId);
    expect(order).toEqual([...order].sort());
  }
}
