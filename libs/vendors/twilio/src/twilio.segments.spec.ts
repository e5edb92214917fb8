import { expect, test } from 'vitest';
import { segmentsOf } from './twilio.segments.js';

test.each([
  ['a'.repeat(160), 'GSM-7', 160, 1],
  ['a'.repeat(161), 'GSM-7', 161, 2],
  ['a'.repeat(306), 'GSM-7', 306, 2],
  ['a'.repeat(307), 'GSM-7', 307, 3],
  ['é'.repeat(160), 'GSM-7', 160, 1],
  ['€'.repeat(80), 'GSM-7', 160, 1],
  ['€'.repeat(81), 'GSM-7', 162, 2],
  ['ê', 'UCS-2', 1, 1],
  ['’'.repeat(70), 'UCS-2', 70, 1],
  ['’'.repeat(71), 'UCS-2', 71, 2],
  ['👍'.repeat(35), 'UCS-2', 70, 1],
  ['👍'.repeat(36), 'UCS-2', 72, 2],
  ['', 'GSM-7', 0, 1],
] as const)('counts "%.12s…" as documented', (text, encoding, units, segments) => {
  expect(segmentsOf(text)).toEqual({ encoding, units, segments });
});

test('a part does not end inside of an escaped character or a surrogate pair', () => {
  // 153 septets hold 76 euro signs and half of another: that one moves to the next part.
  expect(segmentsOf('€'.repeat(76 * 2)).segments).toBe(2);
  expect(segmentsOf('€'.repeat(76 * 2 + 1)).segments).toBe(3);
  // 67 code units hold 33 thumbs and half of another.
  expect(segmentsOf('👍'.repeat(66)).segments).toBe(2);
  expect(segmentsOf('👍'.repeat(67)).segments).toBe(3);
});
