import type { Connection } from '#libs/contracts';

/** Where a vendor's servers are, by the key of the manifest (`api`, `identity`, …). Without a trailing slash; real or sandbox. */
export type BaseUrls = Readonly<Record<string, string>>;

/**
 * Operations that fail together share a circuit breaker: `read` and `write` at least, or finer. The word is a metric
 * label, so it comes from a small fixed set per vendor.
 */
export type OperationClass = 'auth' | 'read' | 'write';

/** One request as a vendor's client asks for it. The transport adds credentials, limits, breaker and time-outs. */
export interface VendorRequest {
  /** Metric label and log field, from a fixed set per vendor, e.g. `invoices.list`. Never contains an id. */
  readonly operation: string;
  readonly operationClass: OperationClass;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute URL. */
  readonly url: string;
  /** Lower-case names. Credentials are added by the transport and must not be given here. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * Whether the vendor does the same work once however often it gets this request. True for reads and for writes with an
   * idempotency key. When false, an answer that is lost leaves the error's `effect` at `unknown` and nobody may repeat it blindly.
   */
  readonly repeatable: boolean;
  /**
   * Epoch milliseconds. Looked at right before the request is written: one that was held up for longer (a process that was
   * stopped, say) is not sent, since somebody else may have done the work meanwhile.
   */
  readonly notAfter?: number;
  /**
   * Of an identity call: the id of the connection or consent that it is about, where the answer hangs on that account. Its failures
   * then open no breaker but its own; without it those of everybody at the same server count together.
   */
  readonly subject?: string;
  /** Statuses besides 2xx that the client reads itself instead of getting an error, e.g. 304 or 404. */
  readonly expect?: readonly number[];
}

/** A complete answer: the body is always read to its end (or the call fails), so that the connection can be used again. */
export interface VendorResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8. */
  readonly body: string;
}

/**
 * A connection that can be called: what an app hands to a vendor's functions. Made by `VendorRuntime.callFor`.
 * Every promise of {@link VendorCall.request} that rejects does so with a VendorError (a LedgerwireError with `effect`).
 */
export interface VendorCall {
  readonly connection: Connection;
  readonly baseUrls: BaseUrls;
  /**
   * Sends one request within the connection's limits. It waits at most a moment (about 2 s); when the limit, the breaker
   * or a missing authorisation asks for more, it rejects with disposition `park` and `retryAfterMs`.
   */
  request(request: VendorRequest): Promise<VendorResponse>;
}

/** How an app of the vendor's developer portal identifies itself; only token-broker holds these. */
export interface AppCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the vendor sends browsers back to, for vendors that want to see it in a refresh too. */
  readonly redirectUri?: string;
}

/** A call to the vendor's identity servers, or to its API with a token that belongs to no connection yet. */
export interface AuthCall {
  readonly app: AppCredentials;
  readonly baseUrls: BaseUrls;
  /** Epoch milliseconds; from the injected clock. */
  now(): number;
  /** As {@link VendorCall.request}, without a connection's limits; the client sets its own Authorization header. */
  request(request: VendorRequest): Promise<VendorResponse>;
}
