import { zstdDecompressSync } from 'node:zlib';
import type { ProducerIdentity } from '../../kafka/kafkajs-internals.js';
import type { RawHeader } from '../../log/raw-record.js';
import type { AppendedRecord } from './simulated-partition.js';

/** A Produce request as a broker reads it. */
export interface DecodedProduce extends Omit<ProducerIdentity, 'transactionalId'> {
  readonly transactionalId: string | undefined;
  readonly batches: readonly DecodedBatch[];
}

/** The record batch of one partition. */
export interface DecodedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly firstSequence: number;
  readonly records: readonly AppendedRecord[];
}

const ZSTD = 4;
const CODEC_MASK = 7;

/**
 * Reads the body of a Produce request (version 7) with record batches of format 2, after the protocol's documentation and
 * not after the code that writes it: https://kafka.apache.org/documentation/#recordbatch.
 */
export function decodeProduceRequest(body: Buffer): DecodedProduce {
  const reader = new Reader(body);
  const transactionalId = reader.text();
  reader.skip(2 + 4);
  let identity = { producerId: '-1', producerEpoch: -1 };
  const batches: DecodedBatch[] = [];
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = reader.text() ?? '';
    for (let partitions = reader.int32(); partitions > 0; partitions -= 1) {
      const partition = reader.int32();
      const batch = readBatch(new Reader(reader.bytes(reader.int32())));
      identity = { producerId: batch.producerId, producerEpoch: batch.producerEpoch };
      batches.push({ topic, partition, firstSequence: batch.firstSequence, records: batch.records });
    }
  }
  return { transactionalId, ...identity, batches };
}

function readBatch(reader: Reader) {
  // Base offset, length, leader epoch, magic, checksum.
  reader.skip(8 + 4 + 4 + 1 + 4);
  const attributes = reader.int16();
  // Last offset delta, first and last timestamp.
  reader.skip(4 + 8 + 8);
  const producerId = String(reader.int64());
  const producerEpoch = reader.int16();
  const firstSequence = reader.int32();
  const count = reader.int32();
  const rest = reader.rest();
  const plain = new Reader((attributes & CODEC_MASK) === ZSTD ? zstdDecompressSync(rest) : rest);
  const records = Array.from({ length: count }, () => readRecord(plain));
  return { producerId, producerEpoch, firstSequence, records };
}

function readRecord(reader: Reader): AppendedRecord {
  // Length and attributes, timestamp delta, offset delta.
  reader.varint();
  reader.skip(1);
  reader.varint();
  reader.varint();
  const key = reader.varBytes();
  const value = reader.varBytes();
  const headers = Array.from({ length: reader.varint() }, (): RawHeader => {
    const name = reader.varBytes()?.toString() ?? '';
    return [name, reader.varBytes() ?? Buffer.alloc(0)];
  });
  return { key, value, headers };
}

class Reader {
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  skip(count: number): void {
    this.at += count;
  }

  int16(): number {
    this.at += 2;
    return this.buffer.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.buffer.readInt32BE(this.at - 4);
  }

  int64(): bigint {
    this.at += 8;
    return this.buffer.readBigInt64BE(this.at - 8);
  }

  bytes(count: number): Buffer {
    this.at += count;
    return this.buffer.subarray(this.at - count, this.at);
  }

  rest(): Buffer {
    return this.buffer.subarray(this.at);
  }

  text(): string | undefined {
    const length = this.int16();
    return length < 0 ? undefined : this.bytes(length).toString();
  }

  /** Zigzag; what is measured here fits into 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.buffer[this.at] ?? 0;
      this.at += 1;
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return (value >>> 1) ^ -(value & 1);
    }
  }

  varBytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.bytes(length);
  }
}
