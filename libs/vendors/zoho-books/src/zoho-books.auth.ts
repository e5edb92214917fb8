import {
  type AuthCall,
  authorizeQuery,
  type BaseUrls,
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
import {
  baseUrlsOfRegion,
  DEFAULT_REGION,
  type Region,
  regionOfId,
  regionOfServer,
  regions,
} from './zoho-books.regions.js';

const MINUTE_MS = 60_000;
const VENDOR = 'zoho-books';

/** Read scopes of the OpenAPI documents' `security` blocks; settings are for the list of organisations. */
const scopes = [
  'ZohoBooks.settings.READ',
  'ZohoBooks.contacts.READ',
  'ZohoBooks.invoices.READ',
  'ZohoBooks.customerpayments.READ',
  'ZohoBooks.bills.READ',
  'ZohoBooks.vendorpayments.READ',
  'ZohoBooks.expenses.READ',
  'ZohoBooks.purchaseorders.READ',
] as const;

const tokenAnswer = oauthTokenAnswer.extend({ api_domain: z.string().optional() });
const organizationsAnswer = z.object({
  organizations: z.array(
    z.object({
      organization_id: z.coerce.string().min(1),
      name: z.string().default(''),
      is_org_active: z.boolean().default(true),
      plan_name: z.string().nullish(),
      time_zone: z.string().nullish(),
      currency_code: z.string().nullish(),
      country_code: z.string().nullish(),
      country: z.string().nullish(),
    }),
  ),
});

/**
 * Zoho's OAuth 2.0 (zoho.com/books/api/v3/oauth): tokens are given by the accounts server of the user's region, access tokens live for an
 * hour and are replaced after 55 minutes, refresh tokens neither rotate nor end by time, but only 20 are kept per user.
 */
export const zohoBooksAuth: OAuth2Auth = {
  kind: 'oauth2',
  scopes,
  tokenScope: 'grant',
  lifetimes: {
    accessTokenMs: 60 * MINUTE_MS,
    refreshTokenMs: null,
    refreshGraceMs: 0,
    refreshAheadMs: 5 * MINUTE_MS,
    keepAliveMs: null,
    authorizationCodeMs: MINUTE_MS,
  },
  authorizeUrl: ({ baseUrls, ...request }) => {
    // Without these two a repeated consent gives no refresh token.
    const more = { access_type: 'offline', prompt: 'consent' };
    return `${baseUrls['login']}/oauth/v2/auth?${authorizeQuery(request, scopes.join(','), more)}`;
  },
  // Not a plain arrow: a callback of an unknown region is a rejection.
  async exchange(call, grant) {
    const region = regionOfCallback(grant.callback, call.baseUrls);
    return askForTokens(call, region, 'token.exchange', codeGrant(grant));
  },
  refresh: (call, refreshToken) =>
    askForTokens(call, regionOfCall(call.baseUrls), 'token.refresh', {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    }),
  async revoke(call, refreshToken) {
    const { accounts } = baseUrlsOfRegion({ region: regionOfCall(call.baseUrls).id }, call.baseUrls);
    const request = accountsRequest(accounts, 'token.revoke', '/oauth/v2/token/revoke', {
      token: refreshToken,
    });
    await call.request(request).catch((error: unknown) => {
      // A token that Zoho no longer knows is as good as revoked.
      if (!(error instanceof VendorError && error.code === 'vendor-unauthorised')) throw error;
    });
  },
  listAccounts,
  classifyRefreshFailure: (error) => {
    if (!(error instanceof VendorError)) return 'transient';
    if (error.vendorCode === 'invalid_code' || error.vendorCode === 'invalid_grant') return 'revoked';
    return error.code === 'vendor-misconfigured' ? 'misconfigured' : 'transient';
  },
  requestHeaders: (accessToken) => ({ authorization: `Zoho-oauthtoken ${accessToken}` }),
};

async function askForTokens(
  call: AuthCall,
  region: Region,
  operation: string,
  form: Record<string, string>,
): Promise<TokenSet> {
  const sentAt = call.now();
  const { clientId, clientSecret } = call.app;
  const { accounts } = baseUrlsOfRegion({ region: region.id }, call.baseUrls);
  const request = accountsRequest(accounts, operation, '/oauth/v2/token', {
    ...form,
    client_id: clientId,
    client_secret: clientSecret,
  });
  const answer = readJsonAnswer(VENDOR, request, (await call.request(request)).body, tokenAnswer);
  const { id } = regionOfTokens(answer.api_domain, region, call.baseUrls);
  return { ...tokenSetOf(answer, sentAt), settings: { region: id } };
}

/** Codes work once; asking again for an access token costs one of ten in ten minutes and nothing else. */
function accountsRequest(
  accounts: string,
  operation: string,
  path: string,
  form: Record<string, string>,
): VendorRequest {
  return {
    operation,
    operationClass: 'auth',
    method: 'POST',
    url: `${accounts}${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    repeatable: form['grant_type'] !== 'authorization_code',
  };
}

/** The code must be redeemed where the user lives. The browser brings that word, so only a known server counts. */
function regionOfCallback(callback: Readonly<Record<string, string>>, baseUrls: BaseUrls): Region {
  const server = callback['accounts-server'];
  if (server !== undefined) {
    const region = regionOfServer('accounts', server, baseUrls);
    if (region) return region;
    throw unknownRegion('the callback names an accounts server that is not in the table of regions');
  }
  const location = regions.find(({ id }) => id === callback['location']?.toLowerCase());
  return (
    location ?? regionOfServer('accounts', baseUrls['login'] ?? '', baseUrls) ?? regionOfId(DEFAULT_REGION)
  );
}

/** `api_domain` decides. Some pages of Zoho show a domain that no region has (api.zoho.com); then the accounts server does. */
function regionOfTokens(apiDomain: string | undefined, asked: Region, baseUrls: BaseUrls): Region {
  const named = apiDomain === undefined ? undefined : regionOfServer('api', apiDomain, baseUrls);
  if (named && named.id !== asked.id)
    throw unknownRegion(
      'the token answer’s api_domain is of another region than the accounts server that gave it',
    );
  return named ?? asked;
}

/** The region of an existing grant: `accounts` and `api` are its servers. */
function regionOfCall(baseUrls: BaseUrls): Region {
  return regionOfServer('accounts', baseUrls['accounts'] ?? '', baseUrls) ?? regionOfId(DEFAULT_REGION);
}

function unknownRegion(message: string): VendorError {
  return new VendorError(message, {
    code: 'vendor-misconfigured',
    disposition: 'park',
    vendor: VENDOR,
    effect: 'none',
  });
}

/** Every organisation of the user; the one call that needs no organisation id. */
async function listAccounts(call: AuthCall, accessToken: string): Promise<VendorAccount[]> {
  const region = regionOfCall(call.baseUrls);
  const { api } = baseUrlsOfRegion({ region: region.id }, call.baseUrls);
  const request: VendorRequest = {
    operation: 'organizations.list',
    operationClass: 'read',
    method: 'GET',
    url: `${api}/books/v3/organizations`,
    headers: { accept: 'application/json', ...zohoBooksAuth.requestHeaders(accessToken, '') },
    repeatable: true,
  };
  const { organizations } = readJsonAnswer(
    VENDOR,
    request,
    (await call.request(request)).body,
    organizationsAnswer,
  );
  return organizations
    .filter(({ is_org_active }) => is_org_active)
    .map((organization) => ({
      accountId: organization.organization_id,
      displayName: organization.name || null,
      timeZone: organization.time_zone || null,
      country: countryOf(organization, region),
      currency: organization.currency_code || null,
      handle: null,
      ...(organization.plan_name && { settings: { plan: organization.plan_name } }),
    }));
}

/** Where Zoho does not say it, a data centre for one country does. */
function countryOf(
  { country_code, country }: z.infer<typeof organizationsAnswer>['organizations'][number],
  region: Region,
): string | null {
  const named = countryCodeOf(country_code || country || null);
  if (named !== null && /^[A-Z]{2}$/.test(named)) return named;
  return region.country;
}
