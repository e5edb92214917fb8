/** A FreshBooks timestamp, `YYYY-MM-DD HH:MM:SS`; some answers write it as ISO 8601. */
const STAMP = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?(?:\.\d+)?(Z|[+-]\d{2}:\d{2})?$/;
const HOUR_MS = 3_600_000;

/** Wall clock of FreshBooks' accounting stamps without a zone (README of `@freshbooks/api`). */
const wallClock = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** In which zone a stamp without one is: most of accounting in US Eastern, bills in UTC. */
export type StampZone = 'eastern' | 'utc';

/**
 * A stamp as epoch milliseconds; undefined when it is none. Every stamp of the hour that exists twice in autumn becomes the same
 * instant, because nobody can tell its two passes apart: within it content decides which state is newer, and never the clock.
 */
export function instantOf(text: string, zone: StampZone): number | undefined {
  const [, day, time = '00:00:00', offset] = STAMP.exec(text) ?? [];
  if (day === undefined || calendarDateOf(day) === undefined) return undefined;
  const plain = Date.parse(`${day}T${time}${offset ?? 'Z'}`);
  if (Number.isNaN(plain)) return undefined;
  return offset !== undefined || zone === 'utc' ? plain : fromEastern(plain);
}

/** `YYYY-MM-DD`, or undefined when the text is no calendar date. */
export function calendarDateOf(text: string): string | undefined {
  const day = text.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day ? undefined : day;
}

/** The calendar day in US Eastern on which an instant falls: what `updated_min` compares with. */
export function easternDayOf(epochMs: number): string {
  return new Date(wallClockOf(epochMs)).toISOString().slice(0, 10);
}

/** `wall` is the stamp read as if it were UTC. */
function fromEastern(wall: number): number {
  const daylight = wall + 4 * HOUR_MS;
  const standard = wall + 5 * HOUR_MS;
  const isDaylight = wallClockOf(daylight) === wall;
  const isStandard = wallClockOf(standard) === wall;
  // The hour that exists twice: the instant at which its first pass began.
  if (isDaylight && isStandard) return Math.floor(daylight / HOUR_MS) * HOUR_MS;
  return isDaylight ? daylight : standard;
}

function wallClockOf(epochMs: number): number {
  const parts = new Map(wallClock.formatToParts(epochMs).map(({ type, value }) => [type, value]));
  const get = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return Date.parse(
    `${get('year')}-${get('month')}-${get('day')}T${get('hour')}:${get('minute')}:${get('second')}Z`,
  );
}
