import { expect, test } from 'vitest';
import { TimeZone } from 'xero-node';
import { timeZoneOf } from './xero.time-zones.js';

test('every zone of the official SDK is one that the runtime knows', () => {
  const words = Object.values(TimeZone).map(String);
  expect(words.length).toBeGreaterThan(100);
  const missing = words.filter((word) => timeZoneOf(word) === null);
  expect(missing).toEqual([]);
  for (const word of words)
    expect(() => new Intl.DateTimeFormat('en', { timeZone: timeZoneOf(word) ?? 'none' })).not.toThrow();
});

test('reads brackets either way, and knows when it does not know', () => {
  expect(timeZoneOf('EASTERNSTANDARDTIME(MEXICO)')).toBe('America/Cancun');
  expect(timeZoneOf('NEWZEALANDSTANDARDTIME')).toBe('Pacific/Auckland');
  expect(timeZoneOf('MOONSTANDARDTIME')).toBeNull();
  expect(timeZoneOf(undefined)).toBeNull();
});
