import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { murmur2 } from './murmur2.js';
import { partitionOfKey } from './partitioner.js';

const reference = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (
  key: Buffer,
) => number;

it('hashes keys as every other Kafka client does', () => {
  // From Kafka's UtilsTest.
  expect(murmur2(Buffer.from('21'))).toBe(-973932308);
  expect(murmur2(Buffer.from('foobar'))).toBe(-790332482);
  expect(murmur2(Buffer.from('a-little-bit-long-string'))).toBe(-985981536);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const key = Buffer.from(bytes);
      expect(murmur2(key)).toBe(reference(key));
    }),
    { numRuns: 1_000 },
  );
});

it('gives a key the same partition whether it is text or bytes', () => {
  expect(partitionOfKey('foobar', 6)).toBe((-790332482 & 0x7fffffff) % 6);
  expect(partitionOfKey(Buffer.from('foobar'), 6)).toBe(partitionOfKey('foobar', 6));
});
