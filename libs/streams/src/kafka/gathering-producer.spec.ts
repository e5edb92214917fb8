import { beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '#libs/core';
import type { RawOutput } from '../log/raw-record.js';
import { MemoryCodec } from '../testing/memory-codec.js';
import { GatheringProducer, type GatheringProducerOptions } from './gathering-producer.js';
import type { Cluster } from './kafkajs-internals.js';

/** One produce request as the broker gets it; it answers when the test says so. */
interface Request {
  readonly body: Buffer;
  acknowledge(): void;
  refuse(error: Error): void;
}

let requests: Request[];
/** Whether a broker can be reached at all. */
let away: boolean;
let clock: ManualClock;

beforeEach(() => {
  requests = [];
  away = false;
  clock = new ManualClock();
});

/** A cluster of one broker with one partition, down to the bytes of its requests. */
function aCluster(): Cluster {
  let producers = 0;
  const broker = {
    initProducerId: () => Promise.resolve({ producerId: String((producers += 1)), producerEpoch: 0 }),
    connectionPool: {
      send: async ({ request }: { request: { encode(): Promise<{ buf: Buffer }> } }) => {
        const { buf } = await request.encode();
        return new Promise((resolve, reject) => {
          requests.push({ body: buf, acknowledge: () => resolve({ topics: [] }), refuse: reject });
        });
      },
    },
  };
  return {
    connect: () => (away ? Promise.reject(new Error('connection refused')) : Promise.resolve()),
    disconnect: () => Promise.resolve(),
    isConnected: () => !away,
    addMultipleTargetTopics: () => Promise.resolve(),
    refreshMetadata: () => Promise.resolve(),
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findControllerBroker: () => Promise.resolve(broker),
    findBroker: () => Promise.resolve(broker),
  } as unknown as Cluster;
}

function start(options: Partial<GatheringProducerOptions> = {}): GatheringProducer {
  const client = { createCluster: () => aCluster() };
  return new GatheringProducer(client, new MemoryCodec(), clock, { topics: ['t'], ...options });
}

function output(name: string): RawOutput {
  return { topic: 't', key: Buffer.from('key'), value: Buffer.from(`<${name}>`), headers: [] };
}

function outputs(count: number, prefix: string): RawOutput[] {
  return Array.from({ length: count }, (_, i) => output(`${prefix}${i}`));
}

async function requestsToBe(count: number): Promise<void> {
  await vi.waitFor(() => expect(requests).toHaveLength(count), { timeout: 10_000, interval: 1 });
}

function has(request: Request | undefined, name: string): boolean {
  return request?.body.includes(`<${name}>`) ?? false;
}

test('what comes while a request is under way goes out together when it is acknowledged, in order', async () => {
  const producer = start();
  const first = producer.sendRaw([output('first')]);
  await requestsToBe(1);
  const later = ['a', 'b', 'c'].map((name) => producer.sendRaw([output(name)]));
  const many = producer.sendRaw(outputs(100, 'many'));
  requests[0]?.acknowledge();
  await first;
  await requestsToBe(2);
  const at = ['<a>', '<b>', '<c>'].map((text) => requests[1]?.body.indexOf(text));
  expect(at).toEqual([...at].sort((one, other) => Number(one) - Number(other)));
  expect(at).not.toContain(-1);
  requests[1]?.acknowledge();
  await Promise.all([...later, many]);
  await producer.close();
});

test('under load a second request leaves while the first is under way, if that is allowed', async () => {
  const producer = start({ requestsUnderWay: 2 });
  const first = producer.sendRaw([output('first')]);
  await requestsToBe(1);
  const few = producer.sendRaw([output('few')]);
  const many = producer.sendRaw(outputs(100, 'many'));
  await requestsToBe(2);
  expect(has(requests[1], 'few')).toBe(true);
  // The second one may be acknowledged, and its senders told, while the first is still in doubt.
  requests[1]?.acknowledge();
  await Promise.all([few, many]);
  const third = producer.sendRaw([output('third')]);
  requests[0]?.acknowledge();
  await first;
  await requestsToBe(3);
  requests[2]?.acknowledge();
  await third;
  await producer.close();
});

test('a request that fails is written again, byte for byte, whatever the other one does meanwhile', async () => {
  const producer = start({ requestsUnderWay: 2 });
  const first = producer.sendRaw([output('first')]);
  await requestsToBe(1);
  const many = producer.sendRaw(outputs(100, 'many'));
  await requestsToBe(2);
  requests[0]?.refuse(new Error('connection lost'));
  requests[1]?.acknowledge();
  await many;
  await vi.waitFor(async () => {
    await clock.advance(50);
    expect(requests).toHaveLength(3);
  });
  // Behind the times of the batch: producer id, epoch, sequence, and the record.
  const tail = (request: Request | undefined): string | undefined =>
    request?.body.subarray(-35).toString('hex');
  expect(has(requests[2], 'first')).toBe(true);
  expect(tail(requests[2])).toBe(tail(requests[0]));
  requests[2]?.acknowledge();
  await first;
  await producer.close();
});

test('a sender that cannot wait as long as others is refused in its own time', async () => {
  const producer = start({ deadlineMs: 60_000 });
  const patient = producer.sendRaw([output('patient')]);
  await requestsToBe(1);
  const hasty = producer.sendRaw([output('hasty')], { withinMs: 1_000 });
  const failure = hasty.catch((error: unknown) => error);
  await clock.advance(1_100);
  expect(await failure).toMatchObject({ code: 'log-unavailable', disposition: 'retry' });
  requests[0]?.acknowledge();
  await patient;
  await producer.close();
});

/** No broker any more, and the first sender has been told so. */
async function beginOutage(producer: GatheringProducer): Promise<void> {
  away = true;
  let refusal: unknown;
  producer.sendRaw([output('refused')]).catch((error: unknown) => {
    refusal = error;
  });
  await advanceUntil(() => expect(refusal).toMatchObject({ code: 'log-unavailable' }));
  expect(producer.failingSince).toBeDefined();
}

async function advanceUntil(expectation: () => void): Promise<void> {
  await vi.waitFor(
    async () => {
      await clock.advance(100);
      expectation();
    },
    { timeout: 10_000, interval: 1 },
  );
}

test('an outage ends for the producer when the broker is back, although nothing more is sent', async () => {
  const producer = start({ deadlineMs: 1_000 });
  await beginOutage(producer);
  await clock.advance(5_000);
  expect(producer.failingSince).toBeDefined();
  away = false;
  await advanceUntil(() => expect(producer.failingSince).toBeUndefined());
  expect(requests).toHaveLength(0);
  await producer.close();
});

test('what is sent while the producer looks for the broker is written once it is back', async () => {
  const producer = start({ deadlineMs: 1_000 });
  await beginOutage(producer);
  const late = producer.sendRaw([output('late')]);
  away = false;
  await advanceUntil(() => expect(requests).toHaveLength(1));
  expect(has(requests[0], 'late')).toBe(true);
  requests[0]?.acknowledge();
  await late;
  expect(producer.failingSince).toBeUndefined();
  await producer.close();
});

test('closing ends the search for a broker that stays away', async () => {
  const producer = start({ deadlineMs: 1_000 });
  await beginOutage(producer);
  let closed = false;
  void producer.close().then(() => {
    closed = true;
  });
  await advanceUntil(() => expect(closed).toBe(true));
});

test('who has patience waits for others, and goes along with the first that leaves', async () => {
  const producer = start();
  const patient = producer.sendRaw([output('patient')], { patienceMs: 50 });
  await clock.advance(49);
  const urgent = producer.sendRaw([output('urgent')]);
  await requestsToBe(1);
  expect([has(requests[0], 'patient'), has(requests[0], 'urgent')]).toEqual([true, true]);
  requests[0]?.acknowledge();
  await Promise.all([patient, urgent]);
  await producer.close();
});

test('who has patience leaves alone when it is used up, also behind a request', async () => {
  const producer = start();
  const first = producer.sendRaw([output('first')]);
  await requestsToBe(1);
  const patient = producer.sendRaw([output('patient')], { patienceMs: 50 });
  requests[0]?.acknowledge();
  await first;
  await settle();
  expect(requests).toHaveLength(1);
  await clock.advance(50);
  await requestsToBe(2);
  requests[1]?.acknowledge();
  await patient;
  await producer.close();
});

test('who has patience is written out at once when the producer closes', async () => {
  const producer = start();
  const patient = producer.sendRaw([output('patient')], { patienceMs: 50 });
  const closing = producer.close();
  await requestsToBe(1);
  expect(has(requests[0], 'patient')).toBe(true);
  requests[0]?.acknowledge();
  await Promise.all([patient, closing]);
});

/** Some turns of the event loop, in which a request would have left. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1)
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}
