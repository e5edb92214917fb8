import { type Clock, digestOf, LedgerwireError } from '#libs/core';
import type { z } from 'zod';
import type { SubscriptionProof, VendorResponse } from '../contract.js';
import { type HttpTransport, TransportFailure } from '../http/http-transport.js';
import { LruMap } from '../lru-map.js';
import {
  accessTokenAnswer,
  type AccessTokenAnswer,
  type AccessTokenQuestion,
  accountGoneAnswer,
  credentialsAnswer,
  type CredentialsAnswer,
  tokenPaths,
  verificationKeysAnswer,
  type VerificationKeysAnswer,
} from '../token-protocol.js';
import { VendorError, type VendorErrorDetails } from '../vendor-error.js';
import { SingleFlightCache } from './single-flight-cache.js';
import type { ProofReceiver, TokenSource, VerificationKeySource } from './token-source.js';

/** Settings of {@link TokenClient}. */
export interface TokenClientOptions {
  /** token-broker's base URL, without trailing slash. */
  readonly brokerUrl: string;
  /** LEDGERWIRE_SERVICE_TOKEN. */
  readonly serviceToken: string;
  readonly transport: HttpTransport;
  readonly clock: Clock;
  /** An access token is asked for anew this long before it expires. The broker itself refreshes earlier. */
  readonly renewAheadMs?: number;
  /** How long credentials and verification keys are used without asking. */
  readonly keysMaxAgeMs?: number;
}

/** Connections whose tokens one process holds. */
const MAX_CONNECTIONS = 10_000;
/** How often forged signatures can make us ask for fresh keys. */
const FRESH_KEYS_PAUSE_MS = 5000;
/** All parked work of a connection hears the same from the vendor; one report of it is enough. */
const GONE_REPORT_PAUSE_MS = 30_000;
const REAUTHORISATION_PAUSE_MS = 5 * 60_000;

/**
 * HTTP client of token-broker. Answers are kept in memory only, until shortly before they expire, one question per
 * connection at a time. Verification keys outlive an unreachable broker, so that ingress does not depend on it per request.
 */
export class TokenClient implements TokenSource, VerificationKeySource, ProofReceiver {
  private readonly accessTokens: SingleFlightCache<AccessTokenAnswer>;
  private readonly credentialSets: SingleFlightCache<CredentialsAnswer>;
  private readonly keys: SingleFlightCache<VerificationKeysAnswer>;
  private readonly rejectedDigests = new LruMap<string, string>(MAX_CONNECTIONS);
  private readonly goneReportedAt = new LruMap<string, number>(MAX_CONNECTIONS);

  constructor(private readonly options: TokenClientOptions) {
    const { clock, renewAheadMs = 60_000, keysMaxAgeMs = 60_000 } = options;
    const forKeys = (): number => clock.now() + keysMaxAgeMs;
    this.accessTokens = new SingleFlightCache(
      clock,
      MAX_CONNECTIONS,
      ({ expiresAt }) => expiresAt - renewAheadMs,
    );
    this.credentialSets = new SingleFlightCache(clock, MAX_CONNECTIONS, forKeys);
    this.keys = new SingleFlightCache(clock, MAX_CONNECTIONS, forKeys);
  }

  accessToken(connectionId: string): Promise<AccessTokenAnswer> {
    return this.accessTokens.get(connectionId, async () => {
      const rejectedDigest = this.rejectedDigests.get(connectionId);
      const question: AccessTokenQuestion =
        rejectedDigest === undefined ? {} : { rejected: true, rejectedDigest };
      const answer = await this.ask(tokenPaths.accessToken(connectionId), accessTokenAnswer, question);
      this.rejectedDigests.delete(connectionId);
      return answer;
    });
  }

  rejectAccessToken(connectionId: string, accessToken: string): void {
    const known = this.accessTokens.peek(connectionId);
    if (known && known.accessToken !== accessToken) return;
    this.accessTokens.delete(connectionId);
    this.rejectedDigests.set(connectionId, digestOf(accessToken));
  }

  async reportAccountGone(connectionId: string): Promise<void> {
    const now = this.options.clock.now();
    const reportedAt = this.goneReportedAt.get(connectionId);
    if (reportedAt !== undefined && now - reportedAt < GONE_REPORT_PAUSE_MS) return;
    this.goneReportedAt.set(connectionId, now);
    await this.ask(tokenPaths.accountGone(connectionId), accountGoneAnswer, {});
  }

  credentials(connectionId: string): Promise<CredentialsAnswer> {
    return this.credentialSets.get(connectionId, () =>
      this.ask(tokenPaths.credentials(connectionId), credentialsAnswer),
    );
  }

  rejectCredentials(connectionId: string): void {
    this.credentialSets.delete(connectionId);
  }

  async verificationKeys(
    vendor: string,
    connectionId?: string,
    options: { readonly fresh?: boolean } = {},
  ): Promise<VerificationKeysAnswer> {
    const key = `${vendor}/${connectionId ?? ''}`;
    const fetchKeys = (): Promise<VerificationKeysAnswer> =>
      this.ask(tokenPaths.verificationKeys(vendor, connectionId), verificationKeysAnswer);
    const { clock } = this.options;
    if (options.fresh) this.keys.expire(key, clock.now() - FRESH_KEYS_PAUSE_MS);
    try {
      return await this.keys.get(key, fetchKeys);
    } catch (error) {
      const former = this.keys.peek(key);
      if (former) return former;
      throw error;
    }
  }

  async proveSubscription(
    connectionId: string,
    { subscriptionId, secret, remoteId }: SubscriptionProof,
  ): Promise<boolean> {
    const path = tokenPaths.subscriptionProof(connectionId, subscriptionId);
    const response = await this.send(path, { secret, remoteId });
    if (response.status === 404) return false;
    if (response.status !== 200) throw brokerError(response);
    return true;
  }

  private async ask<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    const response = await this.send(path, body);
    if (response.status !== 200) throw brokerError(response);
    try {
      return schema.parse(JSON.parse(response.body));
    } catch {
      // The cause would quote the answer, which holds a secret.
      throw unavailable('token-broker gave an unreadable answer');
    }
  }

  private async send(path: string, body: object | undefined): Promise<VendorResponse> {
    try {
      return await this.options.transport.send({
        method: body ? 'POST' : 'GET',
        url: this.options.brokerUrl + path,
        headers: {
          authorization: `Bearer ${this.options.serviceToken}`,
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw unavailable('token-broker cannot be reached', {
        cause: error instanceof TransportFailure ? error : undefined,
      });
    }
  }
}

function brokerError(response: VendorResponse): LedgerwireError {
  const seconds = Number(response.headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  if (response.status === 409)
    return unavailable('the connection must be authorised again by its owner', {
      code: 'needs-reauthorisation',
      disposition: 'park',
      retryAfterMs: retryAfterMs ?? REAUTHORISATION_PAUSE_MS,
    });
  if (response.status === 404)
    return unavailable('token-broker does not know the connection', {
      code: 'vendor-disconnected',
      disposition: 'park',
      retryAfterMs: retryAfterMs ?? REAUTHORISATION_PAUSE_MS,
    });
  if (response.status === 401 || response.status === 403)
    return new LedgerwireError(
      'token-broker refuses LEDGERWIRE_SERVICE_TOKEN; give all services the same one',
      {
        code: 'service-token-refused',
        disposition: 'halt',
      },
    );
  return unavailable(`token-broker answered ${response.status}`, { retryAfterMs });
}

function unavailable(message: string, details: Partial<VendorErrorDetails> = {}): VendorError {
  return new VendorError(message, {
    code: 'token-broker-unavailable',
    disposition: 'retry',
    vendor: 'token-broker',
    effect: 'none',
    ...details,
  });
}
