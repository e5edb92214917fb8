import { expect, test } from 'vitest';
import { retryAfterMsOf, wholeNumberOf } from './retry-after.js';

const date = 'Fri, 20 Nov 2026 13:00:00 GMT';

test.each([
  [{ 'retry-after': '12' }, 12_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '-3' }, 0],
  [{ 'retry-after': 'Fri, 20 Nov 2026 13:00:30 GMT', date }, 30_000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:00 GMT', date }, 0],
  [{ 'retry-after': 'Fri, 20 Nov 2026 13:00:30 GMT' }, undefined],
  [{ 'retry-after': '1795000000' }, 24 * 3_600_000],
  [{ 'retry-after': 'Fri, 20 Nov 2066 13:00:00 GMT', date }, 24 * 3_600_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{}, undefined],
] as [Record<string, string>, number | undefined][])('reads %o as %s ms', (headers, expected) => {
  expect(retryAfterMsOf(headers)).toBe(expected);
});

test('reads whole numbers only', () => {
  expect(wholeNumberOf({ a: '42' }, 'a')).toBe(42);
  for (const value of ['', '-1', '1.5', 'x']) expect(wholeNumberOf({ a: value }, 'a')).toBeUndefined();
});
