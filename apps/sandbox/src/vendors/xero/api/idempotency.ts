import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import { sendBadRequest } from './envelope.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key of a write that is really applied now; null for reads, repetitions and refusals. */
    idempotencyKey: string | null;
  }
}

interface Remembered {
  readonly fingerprint: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly expiresAt: number;
}

const KEPT_MS = 6 * 60_000;
const MAX_KEY_LENGTH = 128;

/**
 * Xero's `Idempotency-Key`: for about six minutes the same key answers a repeated write with the first answer, errors
 * too; with another method, address or body it is refused. Keys belong to the app, not to a tenant.
 */
export class IdempotencyKeys {
  private readonly remembered = new Map<string, Remembered>();

  constructor(private readonly clock: Clock) {}

  /** Keeps the answers of applied writes. Goes before the fault hooks, so that a spoilt answer is kept unspoilt. */
  addMemory(server: FastifyInstance): void {
    server.decorateRequest('idempotencyKey', null);
    server.addHook('onSend', (request, reply, payload, done) => {
      const key = request.idempotencyKey;
      if (key !== null && typeof payload === 'string') this.remember(request, reply, key, payload);
      done(null, payload);
    });
  }

  /** Answers repeated writes from memory. Goes after the fault hooks, right before the handler. */
  addCheck(server: FastifyInstance): void {
    server.addHook('preHandler', (request, reply, done) => {
      const key = idempotencyKeyOf(request);
      if (key === undefined) done();
      else if (this.mayGoOn(request, reply, key)) {
        request.idempotencyKey = key;
        done();
      }
    });
  }

  reset(): void {
    this.remembered.clear();
  }

  private mayGoOn(request: FastifyRequest, reply: FastifyReply, key: string): boolean {
    if (key.length > MAX_KEY_LENGTH) {
      sendBadRequest(
        reply,
        10,
        'ValidationException',
        `Idempotency Key must be at most ${String(MAX_KEY_LENGTH)} characters`,
      );
      return false;
    }
    const known = this.remembered.get(key);
    if (!known || known.expiresAt <= this.clock.now()) return true;
    if (known.fingerprint !== fingerprintOf(request))
      sendBadRequest(
        reply,
        10,
        'ValidationException',
        `Idempotency Key ${key} is used with a different request`,
      );
    else void reply.code(known.status).header('content-type', known.contentType).send(known.body);
    return false;
  }

  private remember(request: FastifyRequest, reply: FastifyReply, key: string, body: string): void {
    const now = this.clock.now();
    if (this.remembered.size > 10_000) this.sweep(now);
    this.remembered.set(key, {
      fingerprint: fingerprintOf(request),
      status: reply.statusCode,
      contentType: String(reply.getHeader('content-type') ?? ''),
      body,
      expiresAt: now + KEPT_MS,
    });
  }

  private sweep(now: number): void {
    for (const [key, { expiresAt }] of this.remembered) if (expiresAt <= now) this.remembered.delete(key);
  }
}

/** The key of a write; reads have none. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'DELETE') return undefined;
  const header = request.headers['idempotency-key'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function fingerprintOf(request: FastifyRequest): string {
  return `${request.method} ${request.url} ${String(request.headers['xero-tenant-id'] ?? '')}\n${request.rawText}`;
}
