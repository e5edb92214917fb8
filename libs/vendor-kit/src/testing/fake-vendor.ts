import type { Connection } from '#libs/contracts';
import type { Clock } from '#libs/core';
import { z } from 'zod';
import type { OAuth2Auth, VendorDefinition } from '../contract.js';
import type { TokenSource } from '../tokens/token-source.js';
import { VendorError } from '../vendor-error.js';
import { plainConnection } from './plain-connection.js';

const unused = (): never => {
  throw new Error('the fake vendor has no sign-in');
};

const auth: OAuth2Auth = {
  kind: 'oauth2',
  scopes: [],
  lifetimes: {
    accessTokenMs: 1,
    refreshTokenMs: null,
    refreshGraceMs: 0,
    refreshAheadMs: 0,
    keepAliveMs: null,
    authorizationCodeMs: 1,
  },
  tokenScope: 'account',
  authorizeUrl: unused,
  exchange: unused,
  refresh: unused,
  revoke: unused,
  listAccounts: unused,
  classifyRefreshFailure: () => 'transient',
  requestHeaders: (accessToken, accountId) => ({
    authorization: `Bearer ${accessToken}`,
    'x-account': accountId,
  }),
};

/** A vendor with two requests in flight per connection and a plain error table; for specs of the runtime. */
export const fakeVendor: VendorDefinition = {
  manifest: {
    id: 'fake',
    name: 'Fake',
    capabilities: [],
    baseUrls: [{ key: 'api', environmentVariable: 'FAKE_API_URL', production: 'https://api.example' }],
    appCredentials: [],
    limits: {
      concurrent: 2,
      readSignals: ({ status, headers }) => ({
        ...(status === 429 && { exceeded: 'minute' as const }),
        ...(headers['retry-after'] !== undefined && { retryAfterMs: Number(headers['retry-after']) * 1000 }),
      }),
    },
    settings: z.strictObject({}),
    limitsOf: () => ({}),
    guarantees: [],
  },
  auth,
  errors: {
    readFacts: ({ status }) => ({ status }),
    rules: [
      { statuses: [401], code: 'vendor-unauthorised', disposition: 'park', meaning: 'refused' },
      { statuses: [410], code: 'vendor-disconnected', disposition: 'park', meaning: 'gone' },
      { statuses: [429], code: 'vendor-rate-limited', disposition: 'park', meaning: 'too fast' },
      { statuses: ['5xx'], code: 'vendor-unavailable', disposition: 'retry', meaning: 'down' },
      { code: 'vendor-rejected', disposition: 'dead-letter', meaning: 'wrong' },
    ],
  },
};

/** A connection of the fake vendor. */
export function fakeConnection(connectionId: string): Connection {
  return plainConnection('fake', `account-${connectionId}`, { connectionId, displayName: 'Fake company' });
}

/**
 * Tokens `token-<connection>-<n>`, the next n after a refusal; `revoked` connections want a new authorisation. Reports of
 * accounts that are gone are kept in `reportedGone`, and fail.
 */
export function fakeTokens(
  clock: Clock,
): TokenSource & { readonly revoked: Set<string>; readonly reportedGone: string[] } {
  const generations = new Map<string, number>();
  const revoked = new Set<string>();
  const reportedGone: string[] = [];
  return {
    revoked,
    reportedGone,
    reportAccountGone: async (connectionId) => {
      reportedGone.push(connectionId);
      await Promise.reject(new Error('nobody is there to hear it'));
    },
    accessToken: (connectionId) =>
      revoked.has(connectionId)
        ? Promise.reject(
            new VendorError('authorise again', {
              code: 'needs-reauthorisation',
              disposition: 'park',
              vendor: 'fake',
              effect: 'none',
            }),
          )
        : Promise.resolve({
            accessToken: `token-${connectionId}-${generations.get(connectionId) ?? 1}`,
            expiresAt: clock.now() + 60_000,
            accountId: `account-${connectionId}`,
          }),
    rejectAccessToken: (connectionId) =>
      void generations.set(connectionId, (generations.get(connectionId) ?? 1) + 1),
    credentials: () => Promise.resolve({ accountId: 'account', credentials: {} }),
    rejectCredentials: () => undefined,
  };
}
