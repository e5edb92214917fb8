import type { AnswerFacts, ErrorTable } from '#libs/vendor-kit';

/** Twilio's error body: `{code, message, more_info, status}`. The message may hold phone numbers and is left where it is. */
function readFacts({ status, body }: { readonly status: number; readonly body: string }): AnswerFacts {
  try {
    const value: unknown = JSON.parse(body);
    const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined;
    if (typeof code === 'number' || typeof code === 'string')
      return { status, vendorCode: String(code).slice(0, 20) };
  } catch {
    // A gateway's page; the status has to do.
  }
  return { status };
}

/** What Twilio's error answers mean for a request; what an error means for a message is in twilio.message-errors.ts. */
export const twilioErrors: ErrorTable = {
  readFacts,
  rules: [
    {
      statuses: [401],
      code: 'vendor-unauthorised',
      disposition: 'park',
      meaning: 'Twilio refuses the account SID, API key or auth token',
    },
    {
      statuses: [403],
      code: 'vendor-forbidden',
      disposition: 'park',
      meaning: 'the API key or the account may not do this',
    },
    {
      statuses: [404],
      code: 'vendor-not-found',
      disposition: 'dead-letter',
      meaning: 'the account has no such resource',
    },
    {
      statuses: [429],
      code: 'vendor-rate-limited',
      disposition: 'park',
      meaning: 'too many requests at once for this account; nothing was processed',
    },
    {
      // "500 … do not retry" (Email API) and error 20500: a message may have left all the same.
      statuses: ['5xx'],
      code: 'vendor-unavailable',
      disposition: 'retry',
      meaning: 'Twilio fails; a message may have been accepted all the same',
    },
    {
      code: 'vendor-rejected',
      disposition: 'dead-letter',
      meaning: 'Twilio refuses the request; the error code says why',
    },
  ],
};
