import { type Disposition, LedgerwireError } from '#libs/core';

/** What this service says no to, and with which HTTP status. 409 to a service means one thing only: the owner must act. */
export const refusals = {
  'unknown-vendor': { status: 404, disposition: 'dead-letter' },
  'unknown-connection': { status: 404, disposition: 'dead-letter' },
  'unknown-subscription': { status: 404, disposition: 'dead-letter' },
  'connection-disconnected': { status: 404, disposition: 'dead-letter' },
  'vendor-without-oauth': { status: 400, disposition: 'dead-letter' },
  'vendor-without-keys': { status: 400, disposition: 'dead-letter' },
  'vendor-writes-nothing': { status: 400, disposition: 'dead-letter' },
  'not-by-consent': { status: 400, disposition: 'dead-letter' },
  'not-by-keys': { status: 400, disposition: 'dead-letter' },
  'no-webhook-setup': { status: 404, disposition: 'dead-letter' },
  'credentials-refused': { status: 422, disposition: 'dead-letter' },
  'account-elsewhere': { status: 409, disposition: 'dead-letter' },
  'needs-reauthorisation': { status: 409, disposition: 'park' },
  'changed-meanwhile': { status: 409, disposition: 'retry' },
  'vendor-not-configured': { status: 503, disposition: 'retry' },
  'token-not-ready': { status: 503, disposition: 'retry' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly disposition: Disposition }>>;

export type RefusalCode = keyof typeof refusals;

/** The error of a refusal; the message says what to do and holds no secret. */
export function refusal(code: RefusalCode, message: string, retryAfterMs?: number): LedgerwireError {
  return new LedgerwireError(message, { code, disposition: refusals[code].disposition, retryAfterMs });
}
