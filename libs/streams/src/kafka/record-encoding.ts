import type { RawHeader, RawOutput } from '../log/raw-record.js';

/** Attributes and timestamp delta: both 0. */
const FIXED_BYTES = 2;

/** Bytes that {@link writeRecord} will write, its length included. */
export function recordSize(record: RawOutput, offsetDelta: number): number {
  const body = bodySize(record, offsetDelta);
  return varintSize(body) + body;
}

/**
 * Writes a record of format 2 (https://kafka.apache.org/documentation/#record) with the batch's own timestamp. Returns where it
 * ended; the buffer must have room for {@link recordSize}.
 */
export function writeRecord(into: Buffer, start: number, record: RawOutput, offsetDelta: number): number {
  let at = writeVarint(into, start, bodySize(record, offsetDelta));
  into[at] = 0;
  into[at + 1] = 0;
  at = writeVarint(into, at + FIXED_BYTES, offsetDelta);
  at = writeBytes(into, at, record.key);
  at = writeBytes(into, at, record.value);
  at = writeVarint(into, at, record.headers.length);
  for (const [name, value] of record.headers) {
    at = writeVarint(into, at, Buffer.byteLength(name));
    at += into.write(name, at);
    at = writeBytes(into, at, value);
  }
  return at;
}

function bodySize({ key, value, headers }: RawOutput, offsetDelta: number): number {
  let size =
    FIXED_BYTES + varintSize(offsetDelta) + bytesSize(key) + bytesSize(value) + varintSize(headers.length);
  for (const header of headers) size += headerSize(header);
  return size;
}

function headerSize([name, value]: RawHeader): number {
  const nameBytes = Buffer.byteLength(name);
  return varintSize(nameBytes) + nameBytes + bytesSize(value);
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? varintSize(-1) : varintSize(bytes.length) + bytes.length;
}

function writeBytes(into: Buffer, start: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(into, start, -1);
  const at = writeVarint(into, start, bytes.length);
  bytes.copy(into, at);
  return at + bytes.length;
}

/** Zigzag: small numbers of either sign take few bytes (Protocol Buffers' sint32). */
function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function varintSize(value: number): number {
  let left = zigzag(value);
  let size = 1;
  for (; left > 0x7f; left >>>= 7) size += 1;
  return size;
}

function writeVarint(into: Buffer, start: number, value: number): number {
  let at = start;
  let left = zigzag(value);
  for (; left > 0x7f; left >>>= 7) {
    into[at] = (left & 0x7f) | 0x80;
    at += 1;
  }
  into[at] = left;
  return at + 1;
}
