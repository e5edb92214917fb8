import type { AnswerFacts, ErrorTable, LimitSignals } from '#libs/vendor-kit';

/** Xero's word for the limit that refused a call comes in several spellings, so a part of it decides. */
const problemWords: readonly (readonly [string, NonNullable<LimitSignals['exceeded']>])[] = [
  ['app', 'app'],
  ['day', 'day'],
  ['conc', 'concurrent'],
  ['min', 'minute'],
];

/** Which limit a 429 is about, by `X-Rate-Limit-Problem`. */
export function limitProblemOf(
  headers: Readonly<Record<string, string>>,
): NonNullable<LimitSignals['exceeded']> {
  const problem = headers['x-rate-limit-problem']?.toLowerCase() ?? '';
  return problemWords.find(([word]) => problem.includes(word))?.[1] ?? 'unknown';
}

/**
 * Xero's three kinds of error body: the token endpoint's `{error}`, the gateway's `{Title, Detail}` and the API's
 * `{ErrorNumber, Type}`. `detail` is the first word of the gateway's detail, e.g. `TokenExpired`.
 */
function readFacts(answer: {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): AnswerFacts {
  const { status } = answer;
  if (status === 429) return { status, detail: limitProblemOf(answer.headers) };
  const body = readObject(answer.body);
  const code = body['error'] ?? body['ErrorNumber'];
  const detail = typeof body['Detail'] === 'string' ? /^[A-Za-z]+/.exec(body['Detail'])?.[0] : undefined;
  return {
    status,
    ...((typeof code === 'string' || typeof code === 'number') && { vendorCode: String(code).slice(0, 40) }),
    ...(detail !== undefined && { detail }),
  };
}

function readObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What Xero's error answers mean; sources: libs/vendors/xero/README.md. */
export const xeroErrors: ErrorTable = {
  readFacts,
  rules: [
    {
      statuses: [400],
      vendorCodes: ['invalid_grant'],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'Xero refuses the refresh token or code',
    },
    {
      statuses: [400, 401],
      vendorCodes: [
        'invalid_client',
        'unauthorized_client',
        'invalid_scope',
        'unsupported_grant_type',
        'invalid_request',
      ],
      code: 'vendor-misconfigured',
      disposition: 'park',
      meaning: 'the app at developer.xero.com does not fit: check client id, secret, redirect URI and scopes',
    },
    {
      // The token is good, but not for this: read only, or without the endpoint's scope.
      statuses: [401],
      details: ['AuthorizationUnsuccessful'],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'the consent does not cover this; connect again by a link that asks for it (mayWrite)',
    },
    {
      statuses: [401],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'Xero refuses the access token',
    },
    {
      statuses: [403],
      details: ['AuthenticationUnsuccessful'],
      code: 'vendor-disconnected',
      disposition: 'park',
      meaning: 'the organisation was disconnected in Xero; it must be connected again',
    },
    {
      statuses: [403],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'a scope or the user’s role in Xero is lacking',
    },
    {
      statuses: [404],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the organisation has no such document',
    },
    {
      statuses: [429],
      details: ['day'],
      code: 'vendor-day-limit',
      disposition: 'park',
      meaning: 'the organisation’s calls for today are used up',
    },
    {
      statuses: [429],
      code: 'vendor-rate-limited',
      disposition: 'park',
      meaning: 'too many calls for this organisation or app',
    },
    {
      statuses: [501],
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'Xero does not implement the request',
    },
    {
      statuses: ['5xx'],
      code: 'vendor-unavailable',
      disposition: 'retry',
      meaning: 'Xero fails or is in maintenance',
    },
    {
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'Xero refuses the request for good',
    },
  ],
};
