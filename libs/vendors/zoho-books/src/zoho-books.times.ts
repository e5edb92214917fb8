/** Zoho's instants: ISO 8601 with an offset that may lack its colon, seconds that may be missing. */
const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(?:(Z)|([+-]\d{2}):?(\d{2}))$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Epoch milliseconds, or undefined when it is no instant. */
export function instantOf(text: string): number | undefined {
  const found = INSTANT.exec(text);
  if (!found) return undefined;
  const [, day, minute, second = ':00', zulu, hours, minutes] = found;
  const ms = Date.parse(`${day}T${minute}${second}${zulu ?? `${hours}:${minutes}`}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A calendar date in the organisation's zone, `YYYY-MM-DD`; undefined when it is none. */
export function calendarDateOf(text: string): string | undefined {
  if (!DAY.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text ? text : undefined;
}

/** The form of the filter `last_modified_time`, in UTC. */
export function filterTimeOf(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}+0000`;
}
