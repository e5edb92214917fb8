import type { Server } from 'node:http';
import type { FastifyHttpOptions } from 'fastify';

/** Limits in milliseconds of how slowly a client may talk to us. */
export interface UploadTimes {
  /** From the first byte of a request to its last; then 408. */
  readonly uploadTimeoutMs: number;
  /** How often connections are looked through for it. */
  readonly checkIntervalMs: number;
}

/**
 * How ingress's HTTP server differs from others: slow uploads end with 408, long headers with 431, and idle connections are
 * kept for longer than the usual 60 s of a load balancer, so that the balancer and not we close them.
 */
export function serverOptions(times: UploadTimes): FastifyHttpOptions<Server> {
  return {
    logger: false,
    requestTimeout: times.uploadTimeoutMs,
    keepAliveTimeout: 72_000,
    // A vendor retries a 503; a request that is let in while we stop would be cut off without an answer.
    return503OnClosing: true,
    http: {
      headersTimeout: times.uploadTimeoutMs,
      connectionsCheckingInterval: times.checkIntervalMs,
    },
  };
}
