/**
 * `Retry-After` in milliseconds (RFC 9110 section 10.2.3): seconds, or a date, which is taken against the answer's own `Date`
 * header so that nobody's clock matters. Undefined when there is none that can be read; never negative.
 */
export function retryAfterMsOf(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(Math.ceil(seconds * 1000), 0);
  const waitMs = Date.parse(value) - Date.parse(headers['date'] ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.max(waitMs, 0);
}

/** A header's whole number, or undefined when it is absent or none. */
export function wholeNumberOf(headers: Readonly<Record<string, string>>, name: string): number | undefined {
  const value = headers[name]?.trim();
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
