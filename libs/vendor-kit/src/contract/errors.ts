import type { Disposition } from '#libs/core';

/**
 * What can go wrong with a vendor, the same words for every vendor (a closed list):
 * - `vendor-rate-limited`, `vendor-day-limit`: slow down; not processed.
 * - `vendor-limit-wait`: our own limiter asks for a longer wait than a moment, or no socket was free; nothing was sent.
 * - `vendor-breaker-open`: the breaker of this connection and operation class is open; nothing was sent.
 * - `vendor-unreachable`: no connection, no DNS answer; nothing was sent.
 * - `vendor-timeout`, `vendor-reset`, `vendor-unavailable` (5xx): the request may have been processed.
 * - `vendor-unauthorised`: the token or key was refused, and there was no other.
 * - `vendor-forbidden`: a scope, role or plan lacks; some vendors say so with the same 401, to a renewed token too.
 * - `vendor-disconnected`: the customer removed us at the vendor. `needs-reauthorisation`: token-broker says so.
 * - `vendor-not-found`, `vendor-rejected`: permanent for this request.
 * - `vendor-misconfigured`: an operator must change something at the vendor or in the connection's settings.
 * - `vendor-bad-answer`: an answer that cannot be read (not JSON, too large, a shape we do not know).
 * - `token-broker-unavailable`: no credentials to be had at the moment; nothing was sent to the vendor.
 */
export type VendorErrorCode =
  | 'vendor-rate-limited'
  | 'vendor-day-limit'
  | 'vendor-limit-wait'
  | 'vendor-breaker-open'
  | 'vendor-unreachable'
  | 'vendor-timeout'
  | 'vendor-reset'
  | 'vendor-unavailable'
  | 'vendor-unauthorised'
  | 'vendor-forbidden'
  | 'vendor-disconnected'
  | 'needs-reauthorisation'
  | 'vendor-not-found'
  | 'vendor-rejected'
  | 'vendor-misconfigured'
  | 'vendor-bad-answer'
  | 'token-broker-unavailable';

/**
 * Whether repeating the request can do the work twice: `none` = no (it was certainly not processed, or it is repeatable),
 * `unknown` = the vendor may have processed it and would do so again; reconcile first.
 */
export type Effect = 'none' | 'unknown';

/** What the error table looks at: the answer's status, the vendor's own code and a word of its body or headers. */
export interface AnswerFacts {
  readonly status: number;
  /** The vendor's own error code as text, e.g. `21610`; undefined when it gave none. */
  readonly vendorCode?: string | undefined;
  /** A word that the vendor's `readFacts` took out of the answer, e.g. `TokenExpired`. Never a whole message. */
  readonly detail?: string | undefined;
}

/** One row of a vendor's error table. A row matches when everything it states is so; the first row that matches decides. */
export interface ErrorRule {
  /** Exact statuses, or classes as `4xx`; absent = any. */
  readonly statuses?: readonly (number | '4xx' | '5xx')[];
  readonly vendorCodes?: readonly string[];
  readonly details?: readonly string[];
  readonly code: VendorErrorCode;
  readonly disposition: Disposition;
  /** Default: `unknown` for 5xx of a request that is not repeatable, else `none`. */
  readonly effect?: Effect;
  /** One sentence for people: what it means and what to do. No personal data. */
  readonly meaning: string;
}

/** How a vendor's error answers are read; the table is data and must match every status ≥ 300 (conformance). */
export interface ErrorTable {
  readonly rules: readonly ErrorRule[];
  /** Takes the vendor's code and a known word out of an error answer; never throws. */
  readFacts(answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }): AnswerFacts;
  /** Whether a 2xx answer is an error all the same, for vendors that say so in the body. Never throws; absent = none is. */
  isRefusal?(answer: { readonly status: number; readonly body: string }): boolean;
}
