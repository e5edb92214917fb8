import type { AnswerFacts, ErrorTable } from '#libs/vendor-kit';
import { z } from 'zod';

const reason = z.union([z.string(), z.number()]).transform(String);
const oauthError = z.object({ error: z.string() });
const accountingErrors = z.object({
  response: z.object({ errors: z.array(z.object({ errno: reason })).min(1) }),
});
const newErrors = z.object({ details: z.array(z.object({ reason: reason.optional() })).min(1) });

/**
 * FreshBooks' families of error bodies (models/Error.js of `@freshbooks/api` 4.1.0): auth `{error}`, accounting
 * `{response: {errors: [{errno}]}}`, its newer form `{details: [{reason}]}`, and callbacks `{message, details: [{fieldViolations}]}`.
 */
function readFacts({ status, body }: { readonly status: number; readonly body: string }): AnswerFacts {
  const value = parse(body);
  const vendorCode =
    oauthError.safeParse(value).data?.error ??
    accountingErrors.safeParse(value).data?.response.errors[0]?.errno ??
    newErrors.safeParse(value).data?.details.find((detail) => detail.reason !== undefined)?.reason;
  return vendorCode === undefined ? { status } : { status, vendorCode: vendorCode.slice(0, 40) };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What FreshBooks' error answers mean; sources: freshbooks.com/api/errors and `fixtures/errors.json`. */
export const freshbooksErrors: ErrorTable = {
  readFacts,
  rules: [
    {
      statuses: [400, 401],
      vendorCodes: ['invalid_grant'],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'FreshBooks refuses the refresh token or code: each is good for one use',
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
      meaning:
        'the app in FreshBooks’ developer portal does not fit: check client id, secret, redirect URI and scopes',
    },
    {
      statuses: [429],
      code: 'vendor-rate-limited',
      disposition: 'park',
      meaning: 'too many calls for this account or app',
    },
    {
      statuses: ['4xx'],
      vendorCodes: ['1042'],
      code: 'vendor-disconnected',
      disposition: 'park',
      meaning: 'the FreshBooks account is not active; its owner must look at the subscription',
    },
    {
      statuses: ['4xx'],
      vendorCodes: ['1003', '1038'],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'a scope, the user’s role or the plan (bills and vendors are an add-on) is lacking',
    },
    {
      // After the codes: what is lacking comes with 401, 403 or 422.
      statuses: [401],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'FreshBooks refuses the access token',
    },
    {
      statuses: ['4xx'],
      vendorCodes: ['1011', '1012'],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the account has no such object (any more)',
    },
    {
      statuses: [403],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'a scope, the user’s role or the plan is lacking',
    },
    {
      statuses: [404],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the account has no such object (any more)',
    },
    {
      statuses: [501],
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'FreshBooks does not implement the request',
    },
    {
      statuses: ['5xx'],
      code: 'vendor-unavailable',
      disposition: 'retry',
      meaning: 'FreshBooks fails or is in maintenance',
    },
    {
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'FreshBooks refuses the request for good',
    },
  ],
};
