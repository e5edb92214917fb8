import {
  type ApiKeyAuth,
  type ApiKeyCredentials,
  readJsonAnswer,
  type CredentialField,
  type VendorRequest,
} from '#libs/vendor-kit';
import { z } from 'zod';

const fields: readonly CredentialField[] = [
  {
    name: 'accountSid',
    label: 'Account SID',
    required: true,
    secret: false,
    purposes: ['account', 'sending'],
    help: 'Starts with AC; on the first page of the Twilio Console.',
  },
  {
    name: 'apiKeySid',
    label: 'API key SID',
    required: false,
    secret: false,
    purposes: ['sending'],
    help: 'Starts with SK; Console, Account, API keys. Without a key the auth token is used for sending too.',
  },
  {
    name: 'apiKeySecret',
    label: 'API key secret',
    required: false,
    secret: true,
    purposes: ['sending'],
    help: 'Shown once, when the key is made.',
  },
  {
    name: 'authToken',
    label: 'Auth token',
    required: true,
    secret: true,
    purposes: ['verification', 'sending'],
    help: 'Signs Twilio’s callbacks; an API key cannot replace it there.',
  },
  {
    name: 'secondaryAuthToken',
    label: 'Secondary auth token',
    required: false,
    secret: true,
    purposes: ['verification'],
    help: 'During a rotation: the token that was or will be promoted.',
  },
];

const hexToken = (name: string): z.ZodString =>
  z.string().regex(/^[0-9a-fA-F]{32}$/, `${name} has 32 hexadecimal digits`);

const schema = z
  .strictObject({
    accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits'),
    apiKeySid: z
      .string()
      .regex(/^SK[0-9a-fA-F]{32}$/, 'must be SK and 32 hexadecimal digits')
      .optional(),
    apiKeySecret: z.string().min(1).optional(),
    authToken: hexToken('the auth token'),
    secondaryAuthToken: hexToken('the secondary auth token').optional(),
  })
  .refine(({ apiKeySid, apiKeySecret }) => (apiKeySid === undefined) === (apiKeySecret === undefined), {
    path: ['apiKeySecret'],
    message: 'API key SID and secret go together',
  })
  .transform((credentials): ApiKeyCredentials =>
    Object.fromEntries(Object.entries(credentials).filter(isGiven)),
  );

const accountAnswer = z.object({ friendly_name: z.string().default(''), status: z.string().optional() });

/** Twilio's HTTP Basic authentication and the tokens that sign its webhooks. */
export const twilioAuth: ApiKeyAuth = {
  kind: 'api-key',
  fields,
  schema,
  accountIdOf: (credentials) => credentials['accountSid'] ?? '',
  sendingCredentials: ({ accountSid = '', apiKeySid, apiKeySecret, authToken = '' }) =>
    apiKeySid !== undefined && apiKeySecret !== undefined
      ? { accountSid, user: apiKeySid, password: apiKeySecret }
      : { accountSid, user: accountSid, password: authToken },
  verificationKeys: ({ authToken, secondaryAuthToken }) => [
    ...(authToken === undefined ? [] : [{ keyId: 'primary', secret: authToken }]),
    ...(secondaryAuthToken === undefined ? [] : [{ keyId: 'secondary', secret: secondaryAuthToken }]),
  ],
  requestHeaders: ({ user = '', password = '' }) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  }),
  async describeAccount(call, credentials) {
    const sending = twilioAuth.sendingCredentials(credentials);
    const accountSid = twilioAuth.accountIdOf(credentials);
    // Standard API keys may not read the account, but they may list its messages.
    const request = checkRequest(call.baseUrls['api'] ?? '', accountSid, twilioAuth.requestHeaders(sending));
    await call.request(request.messages);
    const answer = await call.request(request.account);
    return {
      accountId: accountSid,
      displayName:
        answer.status === 200
          ? readJsonAnswer('twilio', request.account, answer.body, accountAnswer).friendly_name || null
          : null,
      timeZone: null,
      country: null,
      currency: null,
      handle: null,
    };
  },
};

function checkRequest(
  apiUrl: string,
  accountSid: string,
  headers: Readonly<Record<string, string>>,
): { readonly messages: VendorRequest; readonly account: VendorRequest } {
  const common = { operationClass: 'auth', method: 'GET', headers, repeatable: true } as const;
  const account = `${apiUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`;
  return {
    messages: { ...common, operation: 'messages.list', url: `${account}/Messages.json?PageSize=1` },
    account: { ...common, operation: 'account.get', url: `${account}.json`, expect: [401, 403, 404] },
  };
}

function isGiven(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}
