import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignPartitions } from './copartition-assigner.js';

const members = fc.uniqueArray(
  fc.record({
    memberId: fc.string({ minLength: 1 }),
    owned: fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 16 }),
  }),
  { minLength: 1, maxLength: 6, selector: ({ memberId }) => memberId },
);

test('every partition has exactly one owner and shares differ by one at most', () => {
  fc.assert(
    fc.property(members, fc.integer({ min: 1, max: 16 }), (group, partitions) => {
      const shares = assignPartitions(group, partitions);
      const all = [...shares.values()].flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: partitions }, (_, i) => i));
      const sizes = [...shares.values()].map((share) => share.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('members keep what they have when somebody comes or goes', () => {
  const shares = assignPartitions(
    [
      { memberId: 'a', owned: [0, 1] },
      { memberId: 'b', owned: [2, 3] },
      { memberId: 'c', owned: [] },
    ],
    4,
  );
  expect(shares.get('a')).toEqual(expect.arrayContaining([0, 1]));
  expect(shares.get('c')?.every((partition) => [2, 3].includes(partition))).toBe(true);
  expect(assignPartitions([{ memberId: 'a', owned: [1, 3] }], 4).get('a')).toEqual([1, 3, 0, 2]);
});
