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
import { refusesValue } from '#libs/persistence';

/**
 * Errors of the API as JSON. What is no answer of ours is logged and said without its own words: 503 when the database or the
 * log is behind it, since a repeat may work, else 500. What the database refuses to look for (a NUL in an id) is the asker's: 400.
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
    if (refusesValue(error)) {
      // Most likely the asker's; if a statement of ours is to blame, only this line tells. The database's words may quote the value.
      this.logger.warn({ event: 'api.value-refused', code: error.code });
      void reply.code(HttpStatus.BAD_REQUEST).send({
        message: 'No id or value can look like this; check what was asked for.',
      });
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
