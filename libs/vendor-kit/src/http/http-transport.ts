import type { VendorRequest, VendorResponse } from '../contract.js';

/** What goes over the wire: a VendorRequest with its credentials. */
export type TransportRequest = Pick<VendorRequest, 'method' | 'url' | 'body'> & {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
};

/** How a request failed without a complete answer. */
export type TransportFailureKind = 'unreachable' | 'timeout' | 'reset' | 'too-large';

/**
 * No complete answer came. `sent` = at least a part of the request may have reached the server; false only when nothing was
 * written to any socket. The message carries no URL and no content.
 */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';

  constructor(
    readonly kind: TransportFailureKind,
    readonly sent: boolean,
    cause?: unknown,
  ) {
    super(
      `${kind} ${sent ? 'after' : 'before'} the request was sent`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** Sends one request and reads the whole answer. Implemented over undici, and by the simulation without sockets. */
export interface HttpTransport {
  /** @throws TransportFailure, and nothing else, when no complete answer came. Every HTTP status is an answer. */
  send(request: TransportRequest): Promise<VendorResponse>;
  /** Ends idle connections at once and fails what is in flight. */
  close(): Promise<void>;
}
