/** An instant as Zoho writes it: ISO 8601 in the organisation's zone, the offset without a colon. */
export function zohoTime(epochMs: number, timeZone: string): string {
  const parts = partsOf(epochMs, timeZone);
  const offset = (parts['timeZoneName'] ?? 'GMT').replace('GMT', '').replace(':', '') || '+0000';
  return `${parts['year']}-${parts['month']}-${parts['day']}T${parts['hour']}:${parts['minute']}:${parts['second']}${offset}`;
}

/** The calendar date there. */
export function zohoDate(epochMs: number, timeZone: string): string {
  const { year, month, day } = partsOf(epochMs, timeZone);
  return `${year}-${month}-${day}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(epochMs: number, timeZone: string): Readonly<Record<string, string>> {
  const known = formats.get(timeZone);
  const format =
    known ??
    new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  if (!known) formats.set(timeZone, format);
  return Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
}
