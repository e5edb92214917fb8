import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawOutput } from '../log/raw-record.js';
import { crc32c } from './crc32c.js';
import './kafkajs-internals.js';
import { encodeProduceRequest, type PartitionRecords, type WriterIdentity } from './produce-request.js';

const require = createRequire(import.meta.url);
/** kafkajs's reading side, which shares nothing with ours. */
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => KafkaDecoder;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: KafkaDecoder,
) => Promise<DecodedBatch>;

interface KafkaDecoder {
  readInt16(): number;
  readInt32(): number;
  readString(): string | null;
  readBytes(): Buffer;
}

interface DecodedBatch {
  readonly firstSequence: number;
  readonly producerEpoch: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly lastOffsetDelta: number;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly records: readonly {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
  }[];
}

const NOW = 1_763_700_000_000;
const identity: WriterIdentity = {
  transactionalId: 'mapper.3',
  producerId: '9007199254740993',
  producerEpoch: 7,
};

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));
const anyRecord: fc.Arbitrary<RawOutput> = fc.record({
  topic: fc.constant('t'),
  key: fc.option(bytes(80)),
  value: fc.option(bytes(20_000)),
  // kafkajs gives headers of one name as a list; here names differ.
  headers: fc.uniqueArray(
    fc.tuple(
      // A letter in front: kafkajs gives an object, which would sort names that are numbers.
      fc.string({ maxLength: 70 }).map((name) => `h${name}`),
      bytes(100),
    ),
    {
      selector: ([name]) => name,
      maxLength: 4,
    },
  ),
});

async function decode(body: Buffer) {
  const decoder = new Decoder(body);
  const transactionalId = decoder.readString();
  const acks = decoder.readInt16();
  const timeoutMs = decoder.readInt32();
  const partitions = [];
  for (let left = decoder.readInt32(); left > 0; left -= 1) {
    const topic = decoder.readString();
    expect(decoder.readInt32()).toBe(1);
    const partition = decoder.readInt32();
    const raw = decoder.readBytes();
    expect(raw.readUInt32BE(17)).toBe(crc32c(raw, 21, raw.length));
    const batch = await decodeBatch(new Decoder(raw));
    partitions.push({ topic, partition, batch, bytes: raw.length });
  }
  return { transactionalId, acks, timeoutMs, partitions };
}

describe('a produce request', () => {
  it('reads back as what was put in, whatever it is', async () => {
    const anyGroup: fc.Arbitrary<PartitionRecords> = fc.record({
      topic: fc.string({ minLength: 1, maxLength: 30 }),
      partition: fc.nat(1_000),
      firstSequence: fc.nat(2_147_483_647),
      records: fc.array(anyRecord, { minLength: 1, maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyGroup, { minLength: 1, maxLength: 4 }), async (groups) => {
        const { partitions } = await decode(encodeProduceRequest(groups, identity, 10_000, NOW));
        expect(partitions.map(({ topic, partition }) => ({ topic, partition }))).toEqual(
          groups.map(({ topic, partition }) => ({ topic, partition })),
        );
        for (const [index, { batch }] of partitions.entries()) {
          const group = groups[index];
          expect(batch.firstSequence).toBe(group?.firstSequence);
          expect(batch.lastOffsetDelta).toBe((group?.records.length ?? 0) - 1);
          expect(batch.records.map(({ key, value }) => ({ key, value }))).toEqual(
            group?.records.map(({ key, value }) => ({ key, value })),
          );
          expect(batch.records.map(({ headers }) => Object.entries(headers))).toEqual(
            group?.records.map(({ headers }) => headers.map(([name, value]) => [name, value])),
          );
          expect(batch.records.map(({ offset }) => Number(offset))).toEqual(
            group?.records.map((_, offset) => offset),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it('says who writes, in or out of a transaction, and asks all replicas', async () => {
    const record: RawOutput = { topic: 't', key: Buffer.from('k'), value: Buffer.from('v'), headers: [] };
    const group = { topic: 't', partition: 2, firstSequence: 41, records: [record] };
    const inside = await decode(encodeProduceRequest([group], identity, 10_000, NOW));
    expect(inside).toMatchObject({ transactionalId: 'mapper.3', acks: -1, timeoutMs: 10_000 });
    expect(inside.partitions[0]?.batch).toMatchObject({
      producerId: '9007199254740993',
      producerEpoch: 7,
      firstSequence: 41,
      inTransaction: true,
      firstTimestamp: String(NOW),
      maxTimestamp: String(NOW),
    });
    const outside = await decode(
      encodeProduceRequest([group], { ...identity, transactionalId: undefined }, 5, NOW),
    );
    expect(outside).toMatchObject({ transactionalId: null, timeoutMs: 5 });
    expect(outside.partitions[0]?.batch.inTransaction).toBe(false);
  });

  it('is compressed when it is large, and only then', async () => {
    const of = (size: number): PartitionRecords => ({
      topic: 't',
      partition: 0,
      firstSequence: 0,
      records: [{ topic: 't', key: null, value: Buffer.alloc(size, 'a'), headers: [] }],
    });
    const { partitions } = await decode(encodeProduceRequest([of(4_000), of(40_000)], identity, 1, NOW));
    expect(partitions[0]?.bytes).toBeGreaterThan(4_000);
    expect(partitions[1]?.bytes).toBeLessThan(1_000);
    expect(partitions[1]?.batch.records[0]?.value).toHaveLength(40_000);
  });
});

describe('CRC-32C', () => {
  it('has the values of RFC 3720, appendix B.4', () => {
    const of = (content: Buffer) => crc32c(content, 0, content.length).toString(16);
    expect(of(Buffer.alloc(32))).toBe('8a9136aa');
    expect(of(Buffer.alloc(32, 0xff))).toBe('62a8ab43');
    expect(of(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))).toBe('46dd794e');
    expect(of(Buffer.from('123456789'))).toBe('e3069283');
  });

  it('leaves out what is before its start', () => {
    const content = Buffer.from('xx123456789');
    expect(crc32c(content, 2, content.length)).toBe(0xe3069283);
  });
});
