import { murmur2 } from './murmur2.js';

/** The partition of a key, as Java's default partitioner (and so every other client) chooses it. */
export function partitionOfKey(key: Buffer | string, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return (murmur2(bytes) & 0x7fff_ffff) % partitions;
}
