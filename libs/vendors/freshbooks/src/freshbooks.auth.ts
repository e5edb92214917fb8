import {
  type AuthCall,
  authorizeQuery,
  codeGrant,
  countryCodeOf,
  type OAuth2Auth,
  oauthTokenAnswer,
  readJsonAnswer,
  type TokenSet,
  tokenSetOf,
  type VendorAccount,
  VendorError,
  type VendorRequest,
} from '#libs/vendor-kit';
import { z } from 'zod';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Reading everything that flows are about. A scope that is not ticked on the app breaks the whole consent, so there is none too many. */
const scopes = [
  'user:profile:read',
  'user:clients:read',
  'user:invoices:read',
  'user:payments:read',
  'user:bills:read',
  'user:bill_vendors:read',
  'user:expenses:read',
] as const;

const tokenAnswer = oauthTokenAnswer.extend({
  /** Epoch seconds. */
  created_at: z.number().positive().optional(),
});
const identityAnswer = z.object({
  response: z.object({
    business_memberships: z.array(
      z.object({
        role: z.string().default(''),
        business: z
          .object({
            id: z.number(),
            name: z.string().default(''),
            account_id: z.string().nullish(),
            address: z.object({ country: z.string().nullish() }).nullish(),
          })
          .nullish(),
      }),
    ),
  }),
});
type Membership = z.infer<typeof identityAnswer>['response']['business_memberships'][number];

/**
 * FreshBooks' OAuth 2.0 (freshbooks.com/api/authentication): access tokens of 12 hours; a refresh token is good for one use and has no
 * grace, so that its answer must be stored before anything else happens; one consent reaches every business of its user.
 */
export const freshbooksAuth: OAuth2Auth = {
  kind: 'oauth2',
  scopes,
  tokenScope: 'grant',
  lifetimes: {
    accessTokenMs: 12 * HOUR_MS,
    refreshTokenMs: null,
    refreshGraceMs: 0,
    refreshAheadMs: 30 * MINUTE_MS,
    keepAliveMs: null,
    authorizationCodeMs: 5 * MINUTE_MS,
  },
  authorizeUrl: ({ baseUrls, ...request }) =>
    `${baseUrls['auth']}/oauth/authorize/?${authorizeQuery(request, scopes.join(' '))}`,
  exchange: (call, grant) => askForTokens(call, 'token.exchange', codeGrant(grant)),
  refresh: (call, refreshToken) =>
    askForTokens(call, 'token.refresh', {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      // The documentation shows it in every refresh; FreshBooks' own SDK never leaves it out.
      ...(call.app.redirectUri !== undefined && { redirect_uri: call.app.redirectUri }),
    }),
  revoke: async (call, refreshToken) => {
    await call.request(authRequest(call, 'token.revoke', '/auth/oauth/revoke', { token: refreshToken }));
  },
  listAccounts,
  classifyRefreshFailure: (error) => {
    if (!(error instanceof VendorError)) return 'transient';
    if (error.vendorCode === 'invalid_grant') return 'revoked';
    return error.code === 'vendor-misconfigured' ? 'misconfigured' : 'transient';
  },
  requestHeaders: (accessToken) => ({ authorization: `Bearer ${accessToken}`, 'api-version': 'alpha' }),
};

async function askForTokens(
  call: AuthCall,
  operation: string,
  fields: Readonly<Record<string, string>>,
): Promise<TokenSet> {
  const sentAt = call.now();
  const request = authRequest(call, operation, '/auth/oauth/token', fields);
  const answer = readJsonAnswer('freshbooks', request, (await call.request(request)).body, tokenAnswer);
  return { ...tokenSetOf(answer, sentAt), accessTokenExpiresAt: expiryOf(sentAt, answer) };
}

/**
 * The lifetime counts from `created_at`, which one live refresh gave unchanged. A token that would end at once by that count is taken
 * at its word instead; if it has ended, the first 401 shows it.
 */
function expiryOf(sentAt: number, { created_at, expires_in }: z.infer<typeof tokenAnswer>): number {
  const lifetimeMs = expires_in * 1000;
  const byCreation = Math.min(sentAt, (created_at ?? Infinity) * 1000) + lifetimeMs;
  return byCreation - sentAt > 10 * MINUTE_MS ? byCreation : sentAt + lifetimeMs;
}

/** Both grants are good once: a repeat after a lost answer would find its code or refresh token used up. */
function authRequest(
  call: AuthCall,
  operation: string,
  path: string,
  fields: Readonly<Record<string, string>>,
): VendorRequest {
  const { clientId, clientSecret } = call.app;
  return {
    operation,
    operationClass: 'auth',
    method: 'POST',
    url: `${call.baseUrls['api']}${path}`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...fields }),
    repeatable: operation === 'token.revoke',
  };
}

/** Every business in which the user works; one where they are only somebody's client has no books to read. */
async function listAccounts(call: AuthCall, accessToken: string): Promise<VendorAccount[]> {
  const request: VendorRequest = {
    operation: 'identity.get',
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}/auth/api/v1/users/me`,
    headers: { accept: 'application/json', authorization: `Bearer ${accessToken}`, 'api-version': 'alpha' },
    repeatable: true,
  };
  const { response } = readJsonAnswer(
    'freshbooks',
    request,
    (await call.request(request)).body,
    identityAnswer,
  );
  const accounts = response.business_memberships.flatMap(accountOf);
  return [...new Map(accounts.map((account) => [account.accountId, account])).values()];
}

function accountOf({ role, business }: Membership): VendorAccount[] {
  if (!business?.account_id || role === 'client') return [];
  return [
    {
      accountId: business.account_id,
      displayName: business.name === '' ? null : business.name,
      // The identity answer has neither zone nor currency; an operator sets the zone (docs/vendors/freshbooks.md).
      timeZone: null,
      country: countryCodeOf(business.address?.country ?? null),
      currency: null,
      handle: String(business.id),
    },
  ];
}
