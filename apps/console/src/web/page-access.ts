import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type Logger } from '#libs/platform';
import { OperatorAccess } from '../security/operator-access.js';
import { errorPage } from './pages/login.page.js';

const SEE_OTHER = 303;
const OK = 200;

/** The browser is to go elsewhere first: to sign in, or to the same page without the token in its address. */
export class Redirect extends HttpException {
  constructor(
    readonly location: string,
    readonly cookie?: string,
  ) {
    super('See other', SEE_OTHER);
  }
}

/**
 * Lets signed-in operators see a page and sends everybody else to the form. An address with `?token=<operator token>` (which
 * `npm start` prints) signs in and goes on without it, so that the token stays in no history.
 */
@Injectable()
export class PageGuard implements CanActivate {
  constructor(@Inject(OperatorAccess) private readonly access: OperatorAccess) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const url = new URL(request.url, 'http://console');
    const token = url.searchParams.get('token');
    if (token !== null) {
      url.searchParams.delete('token');
      const here = localPath(url.pathname + url.search);
      throw this.access.checkTyped(token) === 'right'
        ? new Redirect(here, this.access.signIn())
        : new Redirect(`/login?next=${encodeURIComponent(here)}`);
    }
    if (this.access.allows(request)) return true;
    throw new Redirect(`/login?next=${encodeURIComponent(url.pathname + url.search)}`);
  }
}

/** Errors of pages as pages. */
@Catch()
@Injectable()
export class PageErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof Redirect) {
      if (error.cookie !== undefined) void reply.header('set-cookie', error.cookie);
      void reply.code(SEE_OTHER).header('location', error.location).send();
      return;
    }
    const status = error instanceof HttpException ? error.getStatus() : 503;
    if (!(error instanceof HttpException)) this.logger.error({ event: 'page.failed', error });
    const message =
      error instanceof HttpException
        ? error.message
        : 'The page needs the database, which does not answer at the moment. Try again in a moment.';
    sendPage(reply, errorPage(status, message), status);
  }
}

/** Sends a page; nothing may keep a copy of it. */
export function sendPage(reply: FastifyReply, page: string, status = OK): void {
  void reply
    .code(status)
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(page);
}

/** A path of this site to go on to after signing in; anything else becomes the first page. */
export function localPath(next: unknown): string {
  if (typeof next !== 'string' || !next.startsWith('/')) return '/';
  // The parser reads it as the browser will: backslashes as slashes, tabs and line breaks as nothing.
  const url = URL.parse(next, 'http://console');
  if (url?.origin !== 'http://console' || url.pathname.startsWith('//')) return '/';
  return url.pathname + url.search;
}
