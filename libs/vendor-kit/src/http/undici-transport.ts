import { type Clock, systemClock } from '#libs/core';
import { Agent, type Dispatcher } from 'undici';
import type { VendorResponse } from '../contract.js';
import { type HttpTransport, TransportFailure, type TransportRequest } from './http-transport.js';

/** Bounds of {@link UndiciTransport}. */
export interface UndiciTransportOptions {
  readonly clock?: Clock;
  /** TCP and TLS together. */
  readonly connectTimeoutMs?: number;
  /** The whole exchange, waiting for a free socket included; bounds answers that trickle. */
  readonly totalTimeoutMs?: number;
  /** From the end of the request to the end of the answer's headers. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of the answer's body. */
  readonly bodyTimeoutMs?: number;
  readonly maxResponseBytes?: number;
  /** Sockets per origin at most; made as they are needed. Default 1,024. */
  readonly connectionsPerOrigin?: number;
}

/** Longer than Twilio's own 26 s for a slow send, so that a late answer is still heard. */
const DEFAULT_TOTAL_TIMEOUT_MS = 35_000;

/**
 * All tenants of a vendor share them, and the limiter lets each have only some (Twilio: 30) in flight: so many that a few accounts that
 * hang cannot hold every one. No limit at all could use up the process's files.
 */
const DEFAULT_SOCKETS_PER_ORIGIN = 1024;

/**
 * undici behind {@link HttpTransport}: one pool per origin, kept alive, HTTP/1.1 with one request per socket at a time (so
 * that a lost socket concerns one request), no redirects, no decompression. Each request has its own deadline.
 */
export class UndiciTransport implements HttpTransport {
  private readonly agent: Agent;
  private readonly clock: Clock;
  private readonly totalTimeoutMs: number;
  private readonly maxResponseBytes: number;

  constructor(options: UndiciTransportOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.totalTimeoutMs = options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS;
    this.maxResponseBytes = options.maxResponseBytes ?? 32 * 1024 * 1024;
    this.agent = new Agent({
      allowH2: false,
      pipelining: 1,
      connections: options.connectionsPerOrigin ?? DEFAULT_SOCKETS_PER_ORIGIN,
      connect: { timeout: options.connectTimeoutMs ?? 5000 },
      headersTimeout: options.headersTimeoutMs ?? 30_000,
      bodyTimeout: options.bodyTimeoutMs ?? 10_000,
      // Servers close idle sockets; a request written to a socket that is just closing has an unknown outcome.
      keepAliveTimeout: 4000,
      keepAliveMaxTimeout: 30_000,
    });
  }

  send(request: TransportRequest): Promise<VendorResponse> {
    const url = new URL(request.url);
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(this.maxResponseBytes, resolve, reject);
      const cancelDeadline = this.clock.after(this.totalTimeoutMs, () => exchange.expire());
      exchange.onSettled = cancelDeadline;
      try {
        this.agent.dispatch(
          {
            origin: url.origin,
            path: url.pathname + url.search,
            method: request.method,
            headers: { ...request.headers },
            body: request.body ?? null,
          },
          exchange,
        );
      } catch (cause) {
        exchange.fail(new TransportFailure('unreachable', false, cause));
      }
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}

/** One request and its answer, as undici's events tell of it. */
class Exchange implements Dispatcher.DispatchHandler {
  onSettled: () => void = () => undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private settled = false;
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly resolve: (response: VendorResponse) => void,
    private readonly reject: (failure: TransportFailure) => void,
  ) {}

  /** Called just before the request is written; whoever expired while waiting for a socket is stopped here. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) controller.abort(new Error('expired before it was sent'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.headers = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined)
        this.headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes <= this.maxBytes) {
      this.chunks.push(chunk);
      return;
    }
    this.fail(new TransportFailure('too-large', true));
    controller.abort(new Error('answer too large'));
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.settle();
    this.resolve({
      status: this.status,
      headers: this.headers,
      body: Buffer.concat(this.chunks).toString('utf8'),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(failureOf(error, this.controller !== undefined));
  }

  expire(): void {
    const controller = this.controller;
    this.fail(new TransportFailure('timeout', controller !== undefined));
    controller?.abort(new Error('took too long'));
  }

  fail(failure: TransportFailure): void {
    if (this.settled) return;
    this.settle();
    this.reject(failure);
  }

  private settle(): void {
    this.settled = true;
    this.onSettled();
  }
}

/** undici's and Node's error codes that mean a time-out; everything else that happens after sending is a reset. */
const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

function failureOf(error: Error, sent: boolean): TransportFailure {
  if (!sent) return new TransportFailure('unreachable', false, error);
  const code = (error as { readonly code?: unknown }).code;
  const kind = typeof code === 'string' && timeoutCodes.has(code) ? 'timeout' : 'reset';
  return new TransportFailure(kind, true, error);
}
