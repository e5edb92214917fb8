import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Inject,
  Injectable,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { codeOf } from '#libs/core';
import { LOGGER, type Logger } from '#libs/platform';

/**
 * Errors of the API as JSON. What is no answer of ours is logged and said without its own words: 503 when the database or the
 * log is behind it, since a repeat may work, else 500.
 */
@Catch()
@Injectable()
export class ApiErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof HttpException) {
      void reply.code(error.getStatus()).send(error.getResponse());
      return;
    }
    const away = isOfDatabase(error) || codeOf(error) === 'log-unavailable';
    this.logger.error({ event: 'api.failed', error });
    void reply.code(away ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR).send({
      message: away
        ? 'The database does not answer at the moment; try again.'
        : 'Something went wrong; the log says what.',
    });
  }
}

/** TypeORM's wrapper carries the driver's error; lost connections carry a code of the driver or of the system. */
function isOfDatabase(error: unknown): boolean {
  return typeof error === 'object' && error !== null && ('driverError' in error || 'code' in error);
}
