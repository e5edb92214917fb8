/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), reversed polynomial. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/** One table for each of eight bytes that are taken at once ("slicing by 8"): three times as fast as byte by byte. */
const tables = makeTables();

/** The CRC-32C of `bytes[start, end)` as Kafka keeps it in a record batch: an unsigned 32-bit number. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = -1;
  let at = start;
  for (; at + SLICES <= end; at += SLICES) {
    const low = crc ^ bytes.readInt32LE(at);
    const high = bytes.readInt32LE(at + 4);
    crc =
      at32(t7, low & 0xff) ^
      at32(t6, (low >>> 8) & 0xff) ^
      at32(t5, (low >>> 16) & 0xff) ^
      at32(t4, low >>> 24) ^
      at32(t3, high & 0xff) ^
      at32(t2, (high >>> 8) & 0xff) ^
      at32(t1, (high >>> 16) & 0xff) ^
      at32(t0, high >>> 24);
  }
  for (; at < end; at += 1) crc = at32(t0, (crc ^ bytes.readUInt8(at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function at32(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

type Tables = readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

function makeTables(): Tables {
  const bytewise = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const later = (table: Int32Array): Int32Array =>
    table.map((crc) => at32(bytewise, crc & 0xff) ^ (crc >>> 8));
  const t1 = later(bytewise);
  const t2 = later(t1);
  const t3 = later(t2);
  const t4 = later(t3);
  const t5 = later(t4);
  const t6 = later(t5);
  return [bytewise, t1, t2, t3, t4, t5, t6, later(t6)];
}
