/**
 * What must happen to the work that met an error (DESIGN section 5, failure classes):
 * - `retry`: transient; try again with backoff (parked when the wait is long).
 * - `park`: wait until `retryAfterMs` has passed or a condition outside changes (limit, breaker, re-authorisation).
 * - `dead-letter`: permanent for this record; set it aside with the error, the lane goes on.
 * - `halt`: fatal for the service; crash and let the supervisor restart it.
 */
export type Disposition = 'retry' | 'park' | 'dead-letter' | 'halt';

/** What a {@link LedgerwireError} says about itself. */
export interface ErrorDetails {
  /** Stable, kebab-case, from a closed list of the lib that throws it. */
  readonly code: string;
  readonly disposition: Disposition;
  /** How long to wait at least, when somebody said so (Retry-After), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The vendor concerned, if any. */
  readonly vendor?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every error that Ledgerwire throws on purpose. The message never contains secrets or personal data; `code`
 * and `disposition` decide, never the text.
 */
export class LedgerwireError extends Error {
  override readonly name: string = 'LedgerwireError';
  readonly code: string;
  readonly disposition: Disposition;
  readonly retryAfterMs: number | undefined;
  readonly vendor: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.disposition = details.disposition;
    this.retryAfterMs = details.retryAfterMs;
    this.vendor = details.vendor;
  }
}

/** The disposition of any thrown value; what nobody classified halts the service loudly. */
export function dispositionOf(error: unknown): Disposition {
  return error instanceof LedgerwireError ? error.disposition : 'halt';
}

/** The code of any thrown value, for outcomes and metrics. */
export function codeOf(error: unknown): string {
  return error instanceof LedgerwireError ? error.code : 'unclassified';
}
