import type { EpochMs, IsoDate } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import { Temporal } from 'temporal-polyfill';

/**
 * The calendar day that it is for the company at this instant.
 * @throws LedgerwireError `invalid-time-zone` (dead-letter) when the zone is not one of the IANA database.
 */
export function companyDate(now: EpochMs, timeZone: string): IsoDate {
  try {
    return Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate().toString();
  } catch (cause) {
    throw invalidTimeZone(cause);
  }
}

/**
 * The instant at which the company's clocks show this time on this day. A time that a change of clocks leaves out is
 * taken as much later as the gap is long; of one that comes twice, the first is meant (RFC 5545 as Temporal reads it).
 * @throws LedgerwireError `invalid-time-zone` (dead-letter).
 */
export function companyInstant(date: IsoDate, time: string, timeZone: string): EpochMs {
  const local = Temporal.PlainDate.from(date).toPlainDateTime(Temporal.PlainTime.from(time));
  try {
    return local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
  } catch (cause) {
    throw invalidTimeZone(cause);
  }
}

/** The date `days` later (earlier when negative). */
export function addDays(date: IsoDate, days: number): IsoDate {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

/** Days from the first date to the second; negative when the second is earlier. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: 'day' }).days;
}

/** Days on which nobody works. */
export interface RestDays {
  /** ISO 3166 alpha-2, whose weekend counts; null: Saturday and Sunday. */
  readonly country: string | null;
  /** Public holidays, as the flow lists them. */
  readonly holidays: ReadonlySet<IsoDate>;
}

/** The date itself, or the first working day after it when it falls on a weekend or a holiday. */
export function toWorkingDay(date: IsoDate, rest: RestDays): IsoDate {
  let day = date;
  // A list of holidays without a gap of a year is a mistake; nothing is put off for ever by it.
  for (let moved = 0; moved < 366 && isRestDay(day, rest); moved += 1) day = addDays(day, 1);
  return day;
}

/** Whether the date is on a weekend of the country or one of the holidays. */
export function isRestDay(date: IsoDate, { country, holidays }: RestDays): boolean {
  return holidays.has(date) || weekendOf(country).includes(Temporal.PlainDate.from(date).dayOfWeek);
}

/** The clocks' reading at an instant, as `HH:MM` on a day. */
export function localReading(
  instant: EpochMs,
  timeZone: string,
): { readonly date: IsoDate; readonly time: string } {
  try {
    const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
    return {
      date: local.toPlainDate().toString(),
      time: local.toPlainTime().toString({ smallestUnit: 'minute' }),
    };
  } catch (cause) {
    throw invalidTimeZone(cause);
  }
}

const SATURDAY_AND_SUNDAY: readonly number[] = [6, 7];
const weekends = new Map<string, readonly number[]>();

/** ISO weekdays (1 = Monday) by the runtime's CLDR data. */
function weekendOf(country: string | null): readonly number[] {
  if (country === null || !/^[A-Z]{2}$/.test(country)) return SATURDAY_AND_SUNDAY;
  const known = weekends.get(country);
  if (known) return known;
  // Not in TypeScript's library yet (ECMA-402 Intl Locale Info, stage 4); present in Node 24.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & {
    getWeekInfo?: () => { readonly weekend?: readonly number[] };
  };
  const weekend = locale.getWeekInfo?.().weekend ?? SATURDAY_AND_SUNDAY;
  weekends.set(country, weekend);
  return weekend;
}

function invalidTimeZone(cause: unknown): LedgerwireError {
  return new LedgerwireError(
    "the connection's time zone is not in the IANA database; correct it in the connection",
    {
      code: 'invalid-time-zone',
      disposition: 'dead-letter',
      cause,
    },
  );
}
