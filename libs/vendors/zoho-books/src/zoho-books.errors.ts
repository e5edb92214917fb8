import type { AnswerFacts, ErrorTable } from '#libs/vendor-kit';

/** The code stands first in Zoho's envelope; looking for it there spares reading a whole list twice. */
const LEADING_CODE = /^\s*\{\s*"code"\s*:\s*(-?\d{1,9})\s*[,}]/;
const LONGEST_ERROR = 10_000;

/**
 * Zoho's error code: the envelope's `code` other than 0, or the `error` of the accounts server, as text. Undefined when the
 * answer states none. Both come with HTTP 200 at times.
 */
export function errorCodeOf(body: string): string | undefined {
  const leading = LEADING_CODE.exec(body)?.[1];
  if (leading !== undefined) return leading === '0' ? undefined : leading;
  if (body.length > LONGEST_ERROR) return undefined;
  const { code, error } = readObject(body);
  if (typeof error === 'string' && error !== '') return error.slice(0, 40);
  if (typeof code !== 'number' && typeof code !== 'string') return undefined;
  return String(code) === '0' ? undefined : String(code).slice(0, 40);
}

function readFacts({ status, body }: { readonly status: number; readonly body: string }): AnswerFacts {
  const vendorCode = errorCodeOf(body);
  return { status, ...(vendorCode !== undefined && { vendorCode }) };
}

function readObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What Zoho's error answers mean. Codes before statuses, because limits and refusals also come with 200 and 500. */
export const zohoBooksErrors: ErrorTable = {
  readFacts,
  isRefusal: ({ body }) => errorCodeOf(body) !== undefined,
  rules: [
    {
      vendorCodes: ['invalid_code', 'invalid_grant'],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning:
        'Zoho refuses the refresh token or code: it was revoked, evicted by a newer one, or is of another region',
    },
    {
      vendorCodes: [
        'invalid_client',
        'invalid_client_secret',
        'invalid_redirect_uri',
        'invalid_scope',
        'unauthorized_client',
        'redirect_uri_mismatch',
      ],
      code: 'vendor-misconfigured',
      disposition: 'park',
      meaning:
        'the client at api-console.zoho.com does not fit: check client id, secret, redirect URI and that the region is switched on',
    },
    {
      vendorCodes: ['Access Denied', 'access_denied'],
      code: 'vendor-rate-limited',
      disposition: 'park',
      meaning: 'more access tokens were asked for than Zoho gives in ten minutes',
    },
    {
      vendorCodes: ['45'],
      code: 'vendor-day-limit',
      disposition: 'park',
      meaning: 'the organisation’s calls for today are used up',
    },
    {
      vendorCodes: ['44', '1070'],
      code: 'vendor-rate-limited',
      disposition: 'park',
      meaning: 'too many calls of the organisation in this minute or at once',
    },
    { statuses: [429], code: 'vendor-rate-limited', disposition: 'park', meaning: 'too many calls' },
    {
      statuses: [401],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'Zoho refuses the access token, or a scope or the user’s role is lacking',
    },
    {
      vendorCodes: ['14', '57'],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'Zoho refuses the access token, or a scope or the user’s role is lacking',
    },
    {
      statuses: [403],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'a scope or the user’s role in Zoho Books is lacking',
    },
    {
      vendorCodes: ['5', '6'],
      code: 'vendor-misconfigured',
      disposition: 'park',
      meaning: 'Zoho does not know the URL or the organisation; check region and organisation id',
    },
    {
      vendorCodes: ['1002'],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the organisation has no such document',
    },
    {
      statuses: [404],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the organisation has no such document',
    },
    {
      statuses: [501],
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'Zoho does not implement the request',
    },
    {
      statuses: ['5xx'],
      code: 'vendor-unavailable',
      disposition: 'retry',
      meaning: 'Zoho fails or is in maintenance',
    },
    {
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'Zoho refuses the request for good',
    },
  ],
};
