const LONGEST_WAIT_MS = 24 * 3_600_000;

/**
 * `Retry-After` in milliseconds (RFC 9110 section 10.2.3): seconds, or a date, which is taken against the answer's own `Date`
 * header so that nobody's clock matters. Undefined when there is none that can be read; never negative, and never more than a day,
 * which is the longest that a vendor's limit lasts: some gateways write the time itself where seconds belong.
 */
export function retryAfterMsOf(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return bounded(Math.ceil(seconds * 1000));
  const waitMs = Date.parse(value) - Date.parse(headers['date'] ?? '');
  return Number.isNaN(waitMs) ? undefined : bounded(waitMs);
}

function bounded(waitMs: number): number {
  return Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS);
}

/** A header's whole number, or undefined when it is absent or none. */
export function wholeNumberOf(headers: Readonly<Record<string, string>>, name: string): number | undefined {
  const value = headers[name]?.trim();
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
