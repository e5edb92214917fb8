import type { EpochMs } from '#libs/contracts';
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
