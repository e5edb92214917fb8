import { randomId } from '#libs/core';
import type { NewAccount, NewGrant } from '../stores/consent.store.js';
import type { SealedTokens } from '../stores/grant.store.js';
import type { NewOutcome } from '../stores/outcome.store.js';

/** A grant in the workspace `w1` at the vendor `books`, with what a test says about it. */
export function aGrant(parts: Partial<NewGrant> = {}): NewGrant {
  return {
    grantId: randomId(),
    vendor: 'books',
    workspaceId: 'w1',
    keyId: 'k1',
    accessToken: Buffer.from('sealed access 1'),
    accessTokenExpiresAt: 1_000_000,
    refreshToken: Buffer.from('sealed refresh 1'),
    scopes: ['read'],
    settings: {},
    ...parts,
  };
}

/** An account with an id, and what a test says about it. */
export function anAccount(accountId: string, parts: Partial<NewAccount> = {}): NewAccount {
  return {
    accountId,
    displayName: `Company ${accountId}`,
    timeZone: 'Pacific/Auckland',
    country: 'NZ',
    currency: 'NZD',
    accountHandle: `handle of ${accountId}`,
    settings: {},
    ...parts,
  };
}

/** The tokens of a refresh. */
export function someTokens(parts: Partial<SealedTokens> = {}): SealedTokens {
  return {
    keyId: 'k1',
    accessToken: Buffer.from('sealed access 2'),
    accessTokenExpiresAt: 2_000_000,
    refreshToken: Buffer.from('sealed refresh 2'),
    previousRefreshToken: Buffer.from('sealed previous'),
    previousUsableUntil: 3_000_000,
    scopes: ['read'],
    settings: {},
    ...parts,
  };
}

/** An outcome with an id, about nothing but what a test says. */
export function anOutcome(outcomeId: string, parts: Partial<NewOutcome> = {}): NewOutcome {
  return {
    outcomeId,
    workspaceId: 'w1',
    step: 'accept',
    status: 'accepted',
    reason: null,
    detail: null,
    at: 1_000,
    service: 'test',
    traceId: null,
    origin: null,
    vendor: null,
    connectionId: null,
    entityType: null,
    entityId: null,
    entityNumber: null,
    webhookIds: [],
    noticeIds: [],
    recordId: null,
    commandId: null,
    messageSid: null,
    flowId: null,
    flowStep: null,
    businessEvent: null,
    channel: null,
    recipient: null,
    errorCode: null,
    nextTryAt: null,
    replayId: null,
    ...parts,
  };
}
