import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FinishedOffsets } from './finished-offsets.js';

test('moves on only as far as all is finished', () => {
  const offsets = new FinishedOffsets(10);
  for (const offset of [10, 11, 12, 15]) offsets.begin(offset);
  offsets.finish(11);
  offsets.finish(15);
  expect(offsets.position).toBe(10);
  expect(offsets.encode()).toBe('1,5');
  offsets.finish(10);
  expect(offsets.position).toBe(12);
  expect(offsets.encode()).toBe('3');
});

test('passes over hidden records', () => {
  const offsets = new FinishedOffsets(0);
  offsets.begin(0);
  offsets.finish(0);
  offsets.readUpTo(3);
  expect(offsets.position).toBe(3);
});

test('a restart skips exactly what was finished, or less when it does not fit', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }),
      fc.integer({ min: 0, max: 400 }),
      (finished, maxLength) => {
        const before = new FinishedOffsets(1_000);
        for (let offset = 1_000; offset <= 1_400; offset += 1) before.begin(offset);
        for (const offset of finished) before.finish(1_000 + offset);
        const text = before.encode(maxLength);
        expect(text.length).toBeLessThanOrEqual(maxLength);
        const after = new FinishedOffsets(before.position, text);
        const all = new Set(finished.map((offset) => offset + 1_000));
        for (let offset = before.position; offset <= 1_400; offset += 1) {
          if (after.isFinished(offset)) expect(all.has(offset)).toBe(true);
          else if (maxLength >= 400 && text.length < maxLength - 10) expect(all.has(offset)).toBe(false);
        }
      },
    ),
  );
});

test('ignores metadata that somebody else wrote', () => {
  expect(new FinishedOffsets(5, 'not ours').isFinished(5)).toBe(false);
});
