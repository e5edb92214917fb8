import { expect, test } from 'vitest';
import { describeLimits } from './describe-limits.js';

test('says what is used of the minute and the day, nearest to a limit first', () => {
  const usages = new Map([
    ['c1', { minute: { used: 2, limit: 80 }, day: { used: 10, limit: 5000 }, waitMs: 0 }],
    ['c2', { day: { used: 1000, limit: 1000 }, waitMs: 899_500 }],
    ['c3', { waitMs: 0 }],
  ]);
  expect(Object.entries(describeLimits(usages))).toEqual([
    ['c2', '1000 of 1000 in the last day, waits 900 s'],
    ['c1', '2 of 80 in the last minute, 10 of 5000 in the last day'],
    ['c3', ''],
  ]);
});
