import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { Broker, FetchedMessage, FetchedPartition } from './kafkajs-internals.js';
import { fetchFrom, type ReadPosition } from './partition-reader.js';
import { encodeProduceRequest } from './produce-request.js';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: object,
) => Promise<FetchedMessage[]>;

/** Acks, time-out, transactional id, counts, and topic `t` with its partition and length come before the batch. */
const BEFORE_BATCH_BYTES = 27;
const LIMITS = { maxWaitMs: 1, maxBytes: 1_000_000, maxBytesPerPartition: 1_000_000 };

/** A record batch as the cleaner leaves it: fewer records than its last offset says. */
function batch(base: number, lastOffsetDelta: number, keys: readonly string[], header?: Buffer): Buffer {
  const records = keys.map((key) => ({
    topic: 't',
    key: Buffer.from(key),
    value: Buffer.from('value'),
    headers: header === undefined ? [] : ([['name', header]] as const),
  }));
  const identity = { transactionalId: undefined, producerId: '1', producerEpoch: 0 };
  const body = encodeProduceRequest(
    [{ topic: 't', partition: 0, firstSequence: 0, records }],
    identity,
    1,
    1,
  );
  const bytes = Buffer.from(body.subarray(BEFORE_BATCH_BYTES));
  bytes.writeBigInt64BE(BigInt(base), 0);
  bytes.writeInt32BE(lastOffsetDelta, 23);
  return bytes;
}

/** A broker that answers with one batch: the one that `at` chooses for an offset. */
function brokerOf(at: (offset: number) => Buffer, lastStableOffset: number): Broker {
  return {
    fetch: async ({ topics }: Parameters<Broker['fetch']>[0]) => {
      const bytes = at(Number(topics[0]?.partitions[0]?.fetchOffset));
      const size = Buffer.alloc(4);
      size.writeInt32BE(bytes.length, 0);
      const data: FetchedPartition = {
        partition: 0,
        highWatermark: String(lastStableOffset),
        lastStableOffset: String(lastStableOffset),
        abortedTransactions: [],
        messages: await decodeMessages(new Decoder(Buffer.concat([size, bytes]))),
      };
      return { responses: [{ topicName: 't', partitions: [data] }] };
    },
  } as Partial<Broker> as Broker;
}

async function keysToTheEnd(broker: Broker, end: number): Promise<string[]> {
  const keys: string[] = [];
  let position: ReadPosition = { topic: 't', partition: 0, offset: 0 };
  for (let fetches = 0; position.offset < end && fetches < 20; fetches += 1) {
    const [result] = await fetchFrom(broker, [position], LIMITS);
    if (!result) break;
    keys.push(...result.records.map(({ key }) => String(key)));
    position = { ...position, offset: result.nextOffset };
  }
  expect(position.offset).toBe(end);
  return keys;
}

test('reading passes a batch whose last records were compacted away', async () => {
  const broker = brokerOf(
    (offset) => (offset <= 2 ? batch(0, 2, ['first', 'second']) : batch(3, 0, ['third'])),
    4,
  );
  expect(await keysToTheEnd(broker, 4)).toEqual(['first', 'second', 'third']);
});

test('reading passes a batch of which no record is left', async () => {
  const broker = brokerOf((offset) => (offset <= 2 ? batch(0, 2, []) : batch(3, 0, ['third'])), 4);
  expect(await keysToTheEnd(broker, 4)).toEqual(['third']);
});

test('what is not committed yet is not passed', async () => {
  const [result] = await fetchFrom(
    brokerOf(() => Buffer.alloc(0), 0),
    [{ topic: 't', partition: 0, offset: 0 }],
    LIMITS,
  );
  expect(result?.nextOffset).toBe(0);
});

test('a header without a value is read as an empty one', async () => {
  const broker = brokerOf(() => batch(0, 0, ['key'], null as unknown as Buffer), 1);
  const [result] = await fetchFrom(broker, [{ topic: 't', partition: 0, offset: 0 }], LIMITS);
  expect(result?.records[0]?.headers).toEqual([['name', Buffer.alloc(0)]]);
});
