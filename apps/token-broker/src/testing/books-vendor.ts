import { z } from 'zod';
import {
  type ApiKeyAuth,
  type AuthCall,
  type ErrorTable,
  type OAuth2Auth,
  type TokenSet,
  type VendorDefinition,
  VendorError,
} from '#libs/vendor-kit';

const tokenAnswer = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
  scope: z.string(),
});
const accountsAnswer = z.object({
  accounts: z.array(z.object({ id: z.string(), name: z.string(), handle: z.string() })),
});

export const accessTokenMs = 1_800_000;

async function askForTokens(call: AuthCall, form: Record<string, string>): Promise<TokenSet> {
  const sentAt = call.now();
  const { body } = await call.request({
    operation: 'token',
    operationClass: 'auth',
    method: 'POST',
    url: `${call.baseUrls['api']}/token`,
    body: new URLSearchParams(form).toString(),
    repeatable: true,
  });
  const answer = tokenAnswer.parse(JSON.parse(body));
  return {
    accessToken: answer.access_token,
    accessTokenExpiresAt: sentAt + answer.expires_in * 1_000,
    refreshToken: answer.refresh_token,
    scopes: [answer.scope],
  };
}

function booksAuth(refreshGraceMs: number): OAuth2Auth {
  return {
    kind: 'oauth2',
    scopes: ['read', 'offline'],
    writeScopes: ['change'],
    tokenScope: 'grant',
    lifetimes: {
      accessTokenMs,
      refreshTokenMs: null,
      refreshGraceMs,
      refreshAheadMs: 300_000,
      keepAliveMs: 604_800_000,
      authorizationCodeMs: 300_000,
    },
    authorizeUrl: ({ baseUrls, redirectUri, state, codeChallenge, extraScopes = [] }) =>
      `${baseUrls['api']}/authorize?${new URLSearchParams({ redirect_uri: redirectUri, state, code_challenge: codeChallenge, extra: extraScopes.join(' ') }).toString()}`,
    exchange: (call, { code, redirectUri, codeVerifier }) =>
      askForTokens(call, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      }),
    refresh: (call, refreshToken) =>
      askForTokens(call, { grant_type: 'refresh_token', refresh_token: refreshToken }),
    revoke: async () => undefined,
    listAccounts: async (call, accessToken) => {
      const { body } = await call.request({
        operation: 'accounts',
        operationClass: 'read',
        method: 'GET',
        url: `${call.baseUrls['api']}/accounts`,
        headers: { authorization: `Bearer ${accessToken}` },
        repeatable: true,
      });
      return accountsAnswer.parse(JSON.parse(body)).accounts.map(({ id, name, handle }) => ({
        accountId: id,
        displayName: name,
        timeZone: 'Pacific/Auckland',
        country: 'NZ',
        currency: 'NZD',
        handle,
      }));
    },
    disconnectAccount: async (call, accessToken, handle) => {
      await call.request({
        operation: 'disconnect',
        operationClass: 'write',
        method: 'DELETE',
        url: `${call.baseUrls['api']}/accounts/${handle}`,
        headers: { authorization: `Bearer ${accessToken}` },
        repeatable: true,
      });
    },
    classifyRefreshFailure: (error, { triedForMs, graceMs }) => {
      if (!(error instanceof VendorError)) return 'transient';
      if (error.vendorCode === 'invalid_grant') return triedForMs >= graceMs ? 'revoked' : 'transient';
      return error.vendorCode === 'invalid_client' ? 'misconfigured' : 'transient';
    },
    requestHeaders: (accessToken) => ({ authorization: `Bearer ${accessToken}` }),
  };
}

const errors: ErrorTable = {
  readFacts: ({ status, body }) => {
    const vendorCode = /"error":"(\w+)"/.exec(body)?.[1];
    return { status, ...(vendorCode === undefined ? {} : { vendorCode }) };
  },
  rules: [
    { statuses: [401], code: 'vendor-unauthorised', disposition: 'park', meaning: 'refused' },
    { statuses: ['5xx'], code: 'vendor-unavailable', disposition: 'retry', meaning: 'down' },
    { code: 'vendor-rejected', disposition: 'dead-letter', meaning: 'wrong' },
  ],
};

const limits = { concurrent: 100, readSignals: () => ({}) };
const settings = z.strictObject({
  plan: z.enum(['small', 'large']).optional(),
  dailyLimit: z.string().optional(),
});

/** A vendor with OAuth like Xero's: rotating refresh tokens, one token set per consent, accounts taken out one by one. */
export function booksVendor(refreshGraceMs: number): VendorDefinition {
  return {
    manifest: {
      id: 'books',
      name: 'Books',
      capabilities: ['source'],
      baseUrls: [{ key: 'api', environmentVariable: 'BOOKS_URL', production: 'https://books.example' }],
      appCredentials: [
        { purpose: 'client-id', environmentVariable: 'BOOKS_CLIENT_ID' },
        { purpose: 'client-secret', environmentVariable: 'BOOKS_CLIENT_SECRET' },
        { purpose: 'webhook-key', environmentVariable: 'BOOKS_WEBHOOK_KEY' },
      ],
      limits,
      settings,
      accountSettings: ['plan'],
      limitsOf: () => ({}),
      guarantees: [],
    },
    auth: booksAuth(refreshGraceMs),
    errors,
  };
}

const keySchema = z.strictObject({
  sid: z.string().startsWith('AC'),
  secret: z.string().min(1),
  signing: z.string().min(1),
});

const textsAuth: ApiKeyAuth = {
  kind: 'api-key',
  fields: [],
  schema: keySchema,
  accountIdOf: ({ sid }) => sid ?? '',
  sendingCredentials: ({ sid, secret }) => ({ sid: sid ?? '', secret: secret ?? '' }),
  verificationKeys: ({ signing }) => [{ keyId: 'signing', secret: signing ?? '' }],
  requestHeaders: () => ({}),
  describeAccount: async (_call, { sid, secret }) => {
    if (secret === 'wrong')
      throw new VendorError('refused', {
        code: 'vendor-unauthorised',
        disposition: 'park',
        vendor: 'texts',
        effect: 'none',
      });
    return {
      accountId: sid ?? '',
      displayName: 'Texts Ltd',
      timeZone: null,
      country: null,
      currency: null,
      handle: null,
    };
  },
};

const refusedWebhook = { status: 403, headers: {}, body: '' };

/** A vendor with API keys like Twilio's, whose webhooks are signed with a key of the account. */
export const textsVendor: VendorDefinition = {
  manifest: {
    id: 'texts',
    name: 'Texts',
    capabilities: ['messaging'],
    baseUrls: [{ key: 'api', environmentVariable: 'TEXTS_URL', production: 'https://texts.example' }],
    appCredentials: [],
    limits,
    settings: z.strictObject({}),
    limitsOf: () => ({}),
    guarantees: [],
  },
  auth: textsAuth,
  errors,
  webhooks: {
    routes: [],
    maxBodyBytes: 1,
    deadlineMs: 1,
    keyScope: 'connection',
    unknownKeyResponse: refusedWebhook,
    receive: () => ({ kind: 'rejected', reason: 'no-key', response: refusedWebhook }),
  },
};
