import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QuietHours } from '../definition/flow.js';
import type { RestDays } from './company-time.js';
import { firstAllowed, quietSpans } from './quiet-hours.js';

const nights: QuietHours = {
  from: '20:00',
  to: '08:00',
  weekends: false,
  holidays: false,
  channels: ['sms'],
  staff: false,
};
const rest: RestDays = { country: 'GB', holidays: new Set(['2026-12-25']) };
const LONDON = ['Europe/London'];

function at(iso: string): number {
  return Date.parse(iso);
}

function allowed(quiet: QuietHours, iso: string, zones: readonly string[] = LONDON): string | null {
  const instant = firstAllowed(quiet, at(iso), zones, rest);
  return instant === null ? null : new Date(instant).toISOString().slice(0, 16);
}

describe('firstAllowed', () => {
  it('is the instant itself outside quiet hours, to the minute', () => {
    expect(allowed(nights, '2026-11-23T08:00:00Z')).toBe('2026-11-23T08:00');
    expect(allowed(nights, '2026-11-23T19:59:00Z')).toBe('2026-11-23T19:59');
  });

  it('is the end of the quiet that spans midnight, before it and after it', () => {
    expect(allowed(nights, '2026-11-23T20:00:00Z')).toBe('2026-11-24T08:00');
    expect(allowed(nights, '2026-11-23T23:30:00Z')).toBe('2026-11-24T08:00');
    expect(allowed(nights, '2026-11-24T07:59:00Z')).toBe('2026-11-24T08:00');
  });

  it('is the end of a quiet time within the day', () => {
    const lunch = { ...nights, from: '12:00', to: '13:30' };
    expect(allowed(lunch, '2026-11-23T12:10:00Z')).toBe('2026-11-23T13:30');
    expect(allowed(lunch, '2026-11-23T13:30:00Z')).toBe('2026-11-23T13:30');
  });

  it('passes over weekends and holidays where the flow says so', () => {
    const rested = { ...nights, weekends: true, holidays: true };
    expect(allowed(rested, '2026-11-21T09:00:00Z')).toBe('2026-11-23T08:00');
    expect(allowed(rested, '2026-12-25T10:00:00Z')).toBe('2026-12-28T08:00');
    expect(allowed(nights, '2026-12-25T10:00:00Z')).toBe('2026-12-25T10:00');
  });

  it('goes by the clocks of the zone, also when they are changed in the night', () => {
    expect(allowed(nights, '2026-11-23T15:00:00Z', ['Asia/Tokyo'])).toBe('2026-11-23T23:00');
    // British clocks went forward at 01:00 UTC on 28 March 2027.
    expect(allowed(nights, '2027-03-27T22:00:00Z')).toBe('2027-03-28T07:00');
  });

  it('waits until it is quiet in none of several zones', () => {
    const zones = ['America/New_York', 'America/Los_Angeles'];
    expect(allowed(nights, '2026-11-23T13:30:00Z', zones)).toBe('2026-11-23T16:00');
    expect(allowed(nights, '2026-11-24T01:30:00Z', zones)).toBe('2026-11-24T16:00');
  });

  it('is null when the waking hours of the zones never meet', () => {
    const short = { ...nights, from: '10:00', to: '09:00' };
    expect(allowed(short, '2026-11-23T12:00:00Z', ['Asia/Tokyo', 'Europe/London'])).toBeNull();
  });

  it('is never before the instant and never quiet, whatever the hours are', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
    const zone = fc.constantFrom('Europe/London', 'Asia/Tokyo', 'America/New_York', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(time, time, zone, fc.integer({ min: 0, max: 400 * 1440 }), (from, to, timeZone, minute) => {
        fc.pre(from !== to);
        const quiet = { ...nights, from, to };
        const start = at('2026-01-01T00:00:00Z') + minute * 60_000;
        const first = firstAllowed(quiet, start, [timeZone], rest);
        expect(first).not.toBeNull();
        expect(first).toBeGreaterThanOrEqual(start);
        expect(firstAllowed(quiet, first ?? 0, [timeZone], rest)).toBe(first);
      }),
      { numRuns: 200 },
    );
  });
});

describe('quietSpans', () => {
  const spans = (quiet: QuietHours, iso: string, zones = LONDON): string[] =>
    quietSpans(quiet, { from: at(iso), days: 3 }, zones, rest).map(({ from, until }) =>
      [from, until].map((instant) => new Date(instant).toISOString().slice(0, 16)).join(' '),
    );

  it('are the nights around and after an instant', () => {
    expect(spans(nights, '2026-11-23T12:00:00Z').slice(1, 4)).toEqual([
      '2026-11-22T20:00 2026-11-23T08:00',
      '2026-11-23T20:00 2026-11-24T08:00',
      '2026-11-24T20:00 2026-11-25T08:00',
    ]);
  });

  it('go on through a weekend, a holiday, and the quiet of another zone', () => {
    const rested = { ...nights, weekends: true, holidays: true };
    expect(spans(rested, '2026-12-25T12:00:00Z')).toContain('2026-12-24T20:00 2026-12-28T08:00');
    expect(spans(nights, '2026-11-23T12:00:00Z', ['Europe/London', 'Asia/Tokyo'])).toContain(
      '2026-11-23T11:00 2026-11-24T08:00',
    );
  });

  it('hold exactly when a message would have to wait', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    const days = fc.integer({ min: 0, max: 3 * 1440 });
    fc.assert(
      fc.property(minute, minute, days, fc.boolean(), (from, to, after, weekends) => {
        fc.pre(from !== to);
        const quiet = { ...nights, from: clock(from), to: clock(to), weekends };
        const start = at('2026-11-20T00:00:00Z');
        const instant = start + after * 60_000;
        const zones = ['Asia/Tokyo', 'Asia/Kolkata'];
        const held = quietSpans(quiet, { from: start, days: 3 }, zones, rest);
        const isQuiet = held.some((span) => span.from <= instant && instant < span.until);
        expect(firstAllowed(quiet, instant, zones, rest) !== instant).toBe(isQuiet);
      }),
      { numRuns: 200 },
    );
  });
});

function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
