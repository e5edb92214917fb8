import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LedgerwireError } from '#libs/core';
import { isDatabaseFailure } from '#libs/persistence';
import { type Logger, LOGGER } from '#libs/platform';
import { type RefusalCode, refusals } from '../refusal.js';
import { InvalidInput } from './invalid-input.js';

/** What a failed request is answered with. */
export interface ApiError {
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
  readonly body: {
    readonly code: string;
    readonly message: string;
    readonly problems?: InvalidInput['problems'];
  };
}

const DATABASE_RETRY_MS = 2_000;

/**
 * Answers errors as JSON `{code, message}`. Refusals by their table; what heals by itself (a vendor or the database away)
 * with 503 and Retry-After; everything else, a mistake of ours, with 500 and no detail.
 */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const answer = apiErrorOf(error);
    if (answer.status >= 500) this.logger.error({ event: 'api.failed', status: answer.status, error });
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (answer.retryAfterMs !== undefined)
      void reply.header('retry-after', String(Math.max(1, Math.ceil(answer.retryAfterMs / 1_000))));
    void reply.status(answer.status).send(answer.body);
  }
}

/** The answer to any thrown value. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof InvalidInput) {
    const { code, message, problems } = error;
    return { status: 400, body: { code, message, problems } };
  }
  if (error instanceof LedgerwireError) return answerOf(error);
  if (error instanceof HttpException)
    return { status: error.getStatus(), body: { code: 'http-error', message: error.message } };
  if (isDatabaseFailure(error)) {
    const body = { code: 'database-unavailable', message: 'the database does not answer at the moment' };
    return { status: 503, retryAfterMs: DATABASE_RETRY_MS, body };
  }
  return {
    status: 500,
    body: { code: 'internal-error', message: 'something went wrong here; the log says what' },
  };
}

function answerOf(error: LedgerwireError): ApiError {
  const { code, message, disposition, retryAfterMs } = error;
  const body = { code, message };
  if (code in refusals) {
    const { status } = refusals[code as RefusalCode];
    return {
      status,
      retryAfterMs: status === 503 ? (retryAfterMs ?? DATABASE_RETRY_MS) : retryAfterMs,
      body,
    };
  }
  // Errors of vendors and of sealing say themselves whether waiting helps.
  if (disposition === 'retry' || disposition === 'park')
    return { status: 503, retryAfterMs: retryAfterMs ?? DATABASE_RETRY_MS, body };
  return { status: 500, body };
}
