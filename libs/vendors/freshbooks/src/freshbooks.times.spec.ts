import { expect, test } from 'vitest';
import { calendarDateOf, easternDayOf, instantOf } from './freshbooks.times.js';

const iso = (text: string): string | undefined => {
  const instant = instantOf(text, 'eastern');
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

test('reads stamps without a zone as US Eastern, in summer and in winter', () => {
  expect(iso('2026-07-01 08:00:00')).toBe('2026-07-01T12:00:00.000Z');
  expect(iso('2026-12-01 08:00:00')).toBe('2026-12-01T13:00:00.000Z');
});

test('reads stamps of bills as UTC, and a zone that is written wherever it stands', () => {
  expect(instantOf('2026-07-01 08:00:00', 'utc')).toBe(Date.UTC(2026, 6, 1, 8));
  expect(iso('2026-07-01T08:00:00Z')).toBe('2026-07-01T08:00:00.000Z');
  expect(iso('2026-07-01T08:00:00+02:00')).toBe('2026-07-01T06:00:00.000Z');
});

test('never lets the hour that exists twice put a later state before an earlier one', () => {
  const stamps = ['2026-11-01 00:59:59', '2026-11-01 01:50:00', '2026-11-01 01:10:00', '2026-11-01 02:00:00'];
  const [before = 0, first = 0, second = 0, after = 0] = stamps.map(
    (stamp) => instantOf(stamp, 'eastern') ?? 0,
  );
  expect(before).toBeLessThan(first);
  expect(first).toBe(second);
  expect(second).toBeLessThan(after);
});

test('takes nothing that is no time', () => {
  for (const text of ['', 'yesterday', '2026-02-30 10:00:00', '2026-01-01 25:00:00', '0000-00-00'])
    expect(iso(text)).toBeUndefined();
  expect(calendarDateOf('2026-02-28 00:00:00')).toBe('2026-02-28');
  expect(calendarDateOf('2026-13-01')).toBeUndefined();
});

test('knows the day in US Eastern', () => {
  expect(easternDayOf(Date.UTC(2026, 10, 21, 3))).toBe('2026-11-20');
  expect(easternDayOf(Date.UTC(2026, 10, 21, 6))).toBe('2026-11-21');
});
