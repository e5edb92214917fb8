import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import type { RawRecord } from '../log/raw-record.js';
import type { Task } from '../task/task.js';
import type { TaskHost } from '../task/task-host.js';
import { InputFetcher } from './input-fetcher.js';
import type { Broker, Cluster, FetchedMessage } from './kafkajs-internals.js';

/** The log of one partition: its bounds, and what the broker answers in place of records. */
let log: { start: number; end: number };
let failures: Error[];
let unreachable: number;
let clock: ManualClock;
let seen: number[];
let told: string[];
let tasks: Map<number, Task>;
let fetcher: InputFetcher;
let stopped: boolean;
let running: Promise<void>;

beforeEach(() => {
  log = { start: 0, end: 5 };
  failures = [];
  unreachable = 0;
  clock = new ManualClock(0);
  seen = [];
  told = [];
  stopped = false;
  tasks = new Map();
  fetcher = new InputFetcher(
    cluster,
    { topics: ['t'], fetchMaxWaitMs: 1_000, readPauses: new Map() },
    { tasks: () => tasks, ready: true } as Partial<TaskHost> as TaskHost,
    clock,
    {
      failed: (error) => told.push(`failed: ${(error as Error).message}`),
      fetched: () => undefined,
      held: () => undefined,
    },
    { answered: () => undefined, rejoin: (cause) => told.push(`rejoin: ${cause}`) },
  );
});

function message(offset: number): FetchedMessage {
  return { offset: String(offset), timestamp: '0', key: null, value: null };
}

const broker = {
  fetch: async ({ topics }: Parameters<Broker['fetch']>[0]) => {
    await new Promise<void>((resolve) => clock.after(10, resolve));
    const failure = failures.shift();
    if (failure) throw failure;
    const offset = Number(topics[0]?.partitions[0]?.fetchOffset);
    if (offset < log.start || offset > log.end) throw protocolError('OFFSET_OUT_OF_RANGE');
    const [end, messages] = [String(log.end), offset < log.end ? [message(offset)] : []];
    const data = { partition: 0, highWatermark: end, lastStableOffset: end, messages };
    return { responses: [{ topicName: 't', partitions: [data] }] };
  },
  listOffsets: ({ topics }: Parameters<Broker['listOffsets']>[0]) => {
    if (unreachable > 0) {
      unreachable -= 1;
      return Promise.reject(new Error('the broker is away'));
    }
    const offset = String(topics[0]?.partitions[0]?.timestamp === -2 ? log.start : log.end);
    return Promise.resolve({ responses: [{ topic: 't', partitions: [{ partition: 0, offset }] }] });
  },
} as Partial<Broker> as Broker;

const cluster = {
  refreshMetadataIfNecessary: () => Promise.resolve(),
  refreshMetadata: () => Promise.resolve(),
  addMultipleTargetTopics: () => Promise.resolve(),
  findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
  findBroker: () => Promise.resolve(broker),
  disconnect: () => Promise.resolve(),
} as Partial<Cluster> as Cluster;

function protocolError(type: string): Error {
  return Object.assign(new Error(type), { type });
}

/** A task that has read up to `offset` and notes what it is given. */
function openTask(offset: number, into: number[] = seen): Task {
  const task = {
    wantsInput: true,
    positions: () => [{ topic: 't', offset, metadata: '' }],
    add: (_topic: string, records: readonly RawRecord[]) =>
      into.push(...records.map((record) => record.offset)),
  } as Partial<Task> as Task;
  tasks.set(0, task);
  fetcher.taskOpened(0, task);
  return task;
}

async function start(): Promise<void> {
  running = fetcher.run(() => stopped);
  await clock.advance(0);
}

async function stop(): Promise<void> {
  stopped = true;
  fetcher.wake();
  await clock.advance(1_000);
  await running;
}

async function runFor(ms: number): Promise<void> {
  await start();
  await clock.advance(ms);
  await stop();
}

test('a task is given each record from its position on, once', async () => {
  openTask(2);
  await runFor(500);
  expect(seen).toEqual([2, 3, 4]);
  expect(told).toEqual([]);
});

test('where retention has passed the position, reading goes on at what is left, and says so', async () => {
  log = { start: 3, end: 5 };
  openTask(1);
  await runFor(500);
  expect(seen).toEqual([3, 4]);
  expect(told).toEqual(['failed: OFFSET_OUT_OF_RANGE']);
});

test('a position beyond the end of the log becomes its end', async () => {
  openTask(9);
  await start();
  await clock.advance(200);
  log = { start: 0, end: 7 };
  await clock.advance(200);
  await stop();
  expect(seen).toEqual([5, 6]);
});

test('the broker that should say where the log begins is away: it is asked again', async () => {
  log = { start: 3, end: 5 };
  unreachable = 4;
  openTask(1);
  await runFor(5_000);
  expect(seen).toEqual([3, 4]);
  expect(told).toContain('failed: the broker is away');
});

test('a fetch that was never answered ends the membership', async () => {
  failures = [Object.assign(new Error('time-out'), { name: 'KafkaJSRequestTimeoutError' })];
  openTask(0);
  await runFor(500);
  expect(told).toEqual(['failed: time-out', 'rejoin: a fetch was never answered']);
});

test('what was fetched for a task goes to no other that took its place meanwhile', async () => {
  const former: number[] = [];
  openTask(0, former);
  await start();
  await clock.advance(5);
  openTask(3);
  await clock.advance(500);
  await stop();
  expect(former).toEqual([]);
  expect(seen).toEqual([3, 4]);
});
