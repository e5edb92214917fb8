import {
  type AuthCall,
  authorizeQuery,
  codeGrant,
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
import { timeZoneOf } from './xero.time-zones.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Granular scopes: apps made from 2 March 2026 on get no others, and the broad ones end on 13 September 2027. */
const scopes = [
  'offline_access',
  'openid',
  'profile',
  'email',
  'accounting.invoices.read',
  'accounting.payments.read',
  'accounting.contacts.read',
  'accounting.settings.read',
] as const;

const connectionsAnswer = z.array(
  z.object({
    id: z.string(),
    tenantId: z.string(),
    tenantType: z.string(),
    tenantName: z.string().nullable().default(null),
  }),
);
const organisationAnswer = z.object({
  Organisations: z
    .array(
      z.object({
        Name: z.string().optional(),
        Timezone: z.string().optional(),
        CountryCode: z.string().optional(),
        BaseCurrency: z.string().optional(),
      }),
    )
    .min(1),
});

/** Xero's OAuth 2.0 (developer.xero.com, "OAuth 2.0"): rotating refresh tokens with a grace of 30 minutes, one token set per consent. */
export const xeroAuth: OAuth2Auth = {
  kind: 'oauth2',
  scopes,
  // Who belongs to which contact group (xero.contact-wishes.ts); Xero has no scope for groups alone.
  writeScopes: ['accounting.contacts'],
  tokenScope: 'grant',
  lifetimes: {
    accessTokenMs: 30 * MINUTE_MS,
    refreshTokenMs: 60 * DAY_MS,
    refreshGraceMs: 30 * MINUTE_MS,
    refreshAheadMs: 5 * MINUTE_MS,
    keepAliveMs: 7 * DAY_MS,
    authorizationCodeMs: 5 * MINUTE_MS,
  },
  authorizeUrl: ({ baseUrls, extraScopes = [], ...request }) =>
    `${baseUrls['login']}/identity/connect/authorize?${authorizeQuery(request, [...scopes, ...extraScopes].join(' '))}`,
  exchange: (call, grant) => askForTokens(call, 'token.exchange', codeGrant(grant)),
  refresh: (call, refreshToken) =>
    askForTokens(call, 'token.refresh', { grant_type: 'refresh_token', refresh_token: refreshToken }),
  revoke: async (call, refreshToken) => {
    await call.request(identityRequest(call, 'token.revoke', '/connect/revocation', { token: refreshToken }));
  },
  listAccounts,
  disconnectAccount: async (call, accessToken, handle) => {
    await call.request({
      ...apiRequest(call, 'connections.delete', `/connections/${encodeURIComponent(handle)}`, accessToken),
      method: 'DELETE',
      operationClass: 'write',
      expect: [404],
    });
  },
  classifyRefreshFailure: (error, { triedForMs, graceMs }) => {
    if (!(error instanceof VendorError)) return 'transient';
    if (error.vendorCode === 'invalid_grant') return triedForMs >= graceMs ? 'revoked' : 'transient';
    return error.code === 'vendor-misconfigured' ? 'misconfigured' : 'transient';
  },
  requestHeaders: (accessToken, accountId) => ({
    authorization: `Bearer ${accessToken}`,
    'xero-tenant-id': accountId,
  }),
};

async function askForTokens(
  call: AuthCall,
  operation: string,
  form: Record<string, string>,
): Promise<TokenSet> {
  const sentAt = call.now();
  const request = identityRequest(call, operation, '/connect/token', form);
  const answer = readJsonAnswer('xero', request, (await call.request(request)).body, oauthTokenAnswer);
  return tokenSetOf(answer, sentAt);
}

/** A code works once, but a refresh may be asked for again within the grace: the former token still works. */
function identityRequest(
  call: AuthCall,
  operation: string,
  path: string,
  form: Record<string, string>,
): VendorRequest {
  const { clientId, clientSecret } = call.app;
  return {
    operation,
    operationClass: 'auth',
    method: 'POST',
    url: `${call.baseUrls['identity']}${path}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams(form).toString(),
    repeatable: form['grant_type'] !== 'authorization_code',
  };
}

async function listAccounts(call: AuthCall, accessToken: string): Promise<VendorAccount[]> {
  const event = consentOf(accessToken);
  const query = event === undefined ? '' : `?authEventId=${encodeURIComponent(event)}`;
  const request = apiRequest(call, 'connections.list', `/connections${query}`, accessToken);
  const connections = readJsonAnswer('xero', request, (await call.request(request)).body, connectionsAnswer);
  const organisations = connections.filter(({ tenantType }) => tenantType === 'ORGANISATION');
  return Promise.all(organisations.map((tenant) => describeTenant(call, accessToken, tenant)));
}

async function describeTenant(
  call: AuthCall,
  accessToken: string,
  tenant: z.infer<typeof connectionsAnswer>[number],
): Promise<VendorAccount> {
  const request = apiRequest(
    call,
    'organisation.get',
    '/api.xro/2.0/Organisation',
    accessToken,
    tenant.tenantId,
  );
  const { Organisations } = readJsonAnswer(
    'xero',
    request,
    (await call.request(request)).body,
    organisationAnswer,
  );
  const [organisation] = Organisations;
  return {
    accountId: tenant.tenantId,
    displayName: organisation?.Name ?? tenant.tenantName ?? null,
    timeZone: timeZoneOf(organisation?.Timezone),
    country: organisation?.CountryCode ?? null,
    currency: organisation?.BaseCurrency ?? null,
    handle: tenant.id,
  };
}

function apiRequest(
  call: AuthCall,
  operation: string,
  path: string,
  accessToken: string,
  tenantId?: string,
): VendorRequest {
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['api']}${path}`,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${accessToken}`,
      ...(tenantId !== undefined && { 'xero-tenant-id': tenantId }),
    },
    repeatable: true,
  };
}

/** The consent that an access token comes from (claim `authentication_event_id`); the signature is Xero's to check, not ours. */
function consentOf(accessToken: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    return z.object({ authentication_event_id: z.string() }).parse(claims).authentication_event_id;
  } catch {
    return undefined;
  }
}
