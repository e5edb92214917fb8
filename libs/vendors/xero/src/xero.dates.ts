/** Xero's JSON form of an instant: milliseconds since the epoch and, for people, an offset. */
const MICROSOFT_DATE = /^\/Date\((-?\d+)([+-]\d{4})?\)\/$/;
const ISO_DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/;
const MS_PER_MINUTE = 60_000;

/** An instant in either form, as epoch milliseconds; texts without a zone are UTC. Undefined when it is none. */
export function instantOf(text: string): number | undefined {
  const microsoft = MICROSOFT_DATE.exec(text);
  if (microsoft) return Number(microsoft[1]);
  const iso = ISO_DATE_TIME.exec(text);
  if (!iso) return undefined;
  const ms = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${iso[3] ?? 'Z'}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * A calendar date in the organisation's zone, `YYYY-MM-DD`. Xero writes it as that day's midnight, in UTC or with the offset
 * that is given. Undefined when it is none.
 */
export function calendarDateOf(text: string): string | undefined {
  const microsoft = MICROSOFT_DATE.exec(text);
  if (microsoft) return dayOf(Number(microsoft[1]) + offsetMs(microsoft[2] ?? '+0000'));
  const iso = ISO_DATE_TIME.exec(text);
  if (!iso) return undefined;
  const ms = Date.parse(`${iso[1]}T00:00:00Z`);
  return dayOf(ms) === iso[1] ? iso[1] : undefined;
}

/** The form of `If-Modified-Since` that Xero documents: UTC, whole seconds, no zone letter. */
export function modifiedSinceText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19);
}

function dayOf(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
}

function offsetMs(offset: string): number {
  const sign = offset.startsWith('-') ? -1 : 1;
  return sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3, 5))) * MS_PER_MINUTE;
}
