import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calendarDateOf, instantOf, modifiedSinceText } from './xero.dates.js';

test('reads both forms of an instant, without a zone as UTC', () => {
  expect(instantOf('/Date(1439434356790+0000)/')).toBe(1439434356790);
  expect(instantOf('/Date(1439434356790)/')).toBe(1439434356790);
  expect(instantOf('2026-11-20T01:15:39.902')).toBe(Date.UTC(2026, 10, 20, 1, 15, 39, 902));
  expect(instantOf('2026-11-20T01:15:39Z')).toBe(Date.UTC(2026, 10, 20, 1, 15, 39));
  expect(instantOf('2026-11-20T14:15:39+13:00')).toBe(Date.UTC(2026, 10, 20, 1, 15, 39));
  for (const text of ['', 'today', '20/11/2026', '/Date(x)/', '2026-13-40T00:00:00'])
    expect(instantOf(text)).toBeUndefined();
});

test('reads a calendar date as the day that is meant, whatever the offset', () => {
  expect(calendarDateOf('/Date(1764633600000+0000)/')).toBe('2025-12-02');
  expect(calendarDateOf('/Date(1764586800000+1300)/')).toBe('2025-12-02');
  expect(calendarDateOf('2025-12-02T00:00:00')).toBe('2025-12-02');
  for (const text of ['2025-02-30T00:00:00', '/Date(99999999999999999)/', 'soon'])
    expect(calendarDateOf(text)).toBeUndefined();
});

test('any day survives both of its notations', () => {
  const day = fc
    .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  fc.assert(
    fc.property(day, (date) => {
      expect(calendarDateOf(`/Date(${Date.parse(`${date}T00:00:00Z`)}+0000)/`)).toBe(date);
      expect(calendarDateOf(`${date}T00:00:00`)).toBe(date);
    }),
  );
});

test('writes If-Modified-Since in UTC with whole seconds', () => {
  expect(modifiedSinceText(Date.UTC(2026, 10, 20, 1, 15, 39, 902))).toBe('2026-11-20T01:15:39');
});
