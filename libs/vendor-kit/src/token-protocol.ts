import { z } from 'zod';

/**
 * What token-broker's internal endpoints answer; both sides read it from here. All need `Authorization: Bearer
 * <LEDGERWIRE_SERVICE_TOKEN>`. Errors: 401 wrong service token, 404 unknown connection, 409 `needs-reauthorisation`,
 * 503 vendor or database away (with Retry-After).
 */
export const tokenPaths = {
  /** POST; body {@link accessTokenQuestion}, answer {@link accessTokenAnswer}. */
  accessToken: (connectionId: string) =>
    `/internal/connections/${encodeURIComponent(connectionId)}/access-token`,
  /** POST `{}`; answer {@link accountGoneAnswer}. The vendor told a service that the connection's account is gone. */
  accountGone: (connectionId: string) =>
    `/internal/connections/${encodeURIComponent(connectionId)}/account-gone`,
  /** GET; answer {@link credentialsAnswer}. For ApiKey vendors. */
  credentials: (connectionId: string) =>
    `/internal/connections/${encodeURIComponent(connectionId)}/credentials`,
  /** GET; answer {@link verificationKeysAnswer}. */
  verificationKeys: (vendor: string, connectionId?: string) =>
    `/internal/verification-keys?${new URLSearchParams(connectionId === undefined ? { vendor } : { vendor, connectionId }).toString()}`,
  /** POST; body {@link subscriptionProof}. 200 = kept, 404 = there is no such subscription. */
  subscriptionProof: (connectionId: string, subscriptionId: string) =>
    `/internal/connections/${encodeURIComponent(connectionId)}/subscriptions/${encodeURIComponent(subscriptionId)}/proof`,
} as const;

/** The secret of a webhook subscription's handshake, which token-broker gives back to the vendor. */
export const subscriptionProof = z.object({
  secret: z.string().min(1).max(1000),
  remoteId: z.string().min(1).max(200).nullable().default(null),
});

/**
 * `rejected` = the vendor answered 401 to the token that this broker gave. `rejectedDigest` (`digestOf(accessToken)`) says
 * which token: when the broker holds a newer one already it answers that and refreshes nothing, so that ten refused calls
 * cost one refresh.
 */
export const accessTokenQuestion = z.object({
  rejected: z.boolean().optional(),
  rejectedDigest: z.string().optional(),
});

/** An access token for one connection. */
export const accessTokenAnswer = z.object({
  accessToken: z.string().min(1),
  /** Epoch milliseconds. */
  expiresAt: z.number().int(),
  accountId: z.string().min(1),
});

/** `looked` = the vendor was asked for its accounts just now; false = that was done within the last minute, or needs no doing. */
export const accountGoneAnswer = z.object({ looked: z.boolean() });

/** What a service needs to call an ApiKey vendor (the vendor's `sendingCredentials`). */
export const credentialsAnswer = z.object({
  accountId: z.string().min(1),
  credentials: z.record(z.string(), z.string()),
});

/** Keys that may have signed a webhook, newest first. `accountId` where the keys are a connection's. */
export const verificationKeysAnswer = z.object({
  keys: z.array(z.object({ keyId: z.string().min(1), secret: z.string().min(1) })),
  accountId: z.string().nullable().default(null),
});

export type AccessTokenQuestion = z.infer<typeof accessTokenQuestion>;
export type AccessTokenAnswer = z.infer<typeof accessTokenAnswer>;
export type AccountGoneAnswer = z.infer<typeof accountGoneAnswer>;
export type CredentialsAnswer = z.infer<typeof credentialsAnswer>;
export type VerificationKeysAnswer = z.infer<typeof verificationKeysAnswer>;
