import type { EpochMs, IsoDate, QuietSpan } from '#libs/contracts';
import type { QuietHours } from '../definition/flow.js';
import { addDays, companyInstant, isRestDay, localReading, type RestDays } from './company-time.js';

/** A zone's quiet may end in another one's; after so many turns there is no hour that suits all. */
const MAX_TURNS = 400;

/**
 * The first instant from `from` on at which it is quiet in none of the zones: `from` itself when it is not quiet now. Null
 * when there is no such instant within a year, e.g. because the zones' waking hours never meet.
 */
export function firstAllowed(
  quiet: QuietHours,
  from: EpochMs,
  zones: readonly string[],
  rest: RestDays,
): EpochMs | null {
  let instant = from;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const later = Math.max(...zones.map((zone) => endOfQuiet(quiet, instant, zone, rest)));
    if (later <= instant) return instant;
    instant = later;
  }
  return null;
}

/**
 * The times, in order and apart from each other, at which it is quiet in at least one of the zones, of the `days` days from `from`
 * on (by the clocks of each zone, the days before and after included). Of an hour that a change of clocks repeats or leaves out
 * the reading is that of `companyInstant`.
 */
export function quietSpans(
  quiet: QuietHours,
  { from, days }: { readonly from: EpochMs; readonly days: number },
  zones: readonly string[],
  rest: RestDays,
): QuietSpan[] {
  const spans = zones.flatMap((zone) => {
    const { date: today } = localReading(from, zone);
    const dates = Array.from({ length: days + 2 }, (_, index) => addDays(today, index - 1));
    return dates.flatMap((date) => spansOf(quiet, date, zone, rest));
  });
  return merged(spans);
}

function spansOf(quiet: QuietHours, date: IsoDate, zone: string, rest: RestDays): QuietSpan[] {
  const between = (start: string, endDate: IsoDate, end: string): QuietSpan => ({
    from: companyInstant(date, start, zone),
    until: companyInstant(endDate, end, zone),
  });
  const nextDay = addDays(date, 1);
  if (isWholeDay(quiet, date, rest)) return [between('00:00', nextDay, '00:00')];
  const { from, to } = quiet;
  return from > to
    ? [between('00:00', date, to), between(from, nextDay, '00:00')]
    : [between(from, date, to)];
}

function merged(spans: readonly QuietSpan[]): QuietSpan[] {
  const joined: QuietSpan[] = [];
  for (const { from, until } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.until)
      joined.splice(-1, 1, { from: last.from, until: Math.max(last.until, until) });
    else if (until > from) joined.push({ from, until });
  }
  return joined;
}

/** When it stops being quiet in a zone; the instant itself when it is not quiet. */
function endOfQuiet(quiet: QuietHours, instant: EpochMs, zone: string, rest: RestDays): EpochMs {
  const { date, time } = localReading(instant, zone);
  if (isWholeDay(quiet, date, rest)) return companyInstant(addDays(date, 1), '00:00', zone);
  const { from, to } = quiet;
  const spansMidnight = from > to;
  const isQuiet = spansMidnight ? time >= from || time < to : time >= from && time < to;
  if (!isQuiet) return instant;
  const endsOn = spansMidnight && time >= from ? addDays(date, 1) : date;
  // A change of clocks can put the end before the instant; then it is over.
  return Math.max(companyInstant(endsOn, to, zone), instant + 60_000);
}

function isWholeDay(quiet: QuietHours, date: string, rest: RestDays): boolean {
  const weekend = quiet.weekends && isRestDay(date, { ...rest, holidays: new Set() });
  return weekend || (quiet.holidays && rest.holidays.has(date));
}
