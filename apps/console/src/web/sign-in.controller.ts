import { Body, Controller, Get, HttpStatus, Inject, Post, Query, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { LOGGER, type Logger } from '#libs/platform';
import { OperatorAccess } from '../security/operator-access.js';
import { localPath, PageErrorFilter, Redirect, sendPage } from './page-access.js';
import { loginPage } from './pages/login.page.js';

/** Signing in and out. */
@ApiExcludeController()
@UseFilters(PageErrorFilter)
@Controller()
export class SignInController {
  constructor(
    @Inject(OperatorAccess) private readonly access: OperatorAccess,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get('login')
  form(@Query('next') next: unknown, @Res() reply: FastifyReply): void {
    sendPage(reply, loginPage(localPath(next), null));
  }

  @Post('login')
  signIn(@Body() body: unknown, @Res() reply: FastifyReply): void {
    const { token, next } = fieldsOf(body);
    const answer = this.access.checkTyped(token);
    if (answer === 'right') throw new Redirect(localPath(next), this.access.signIn());
    this.logger.warn({ event: 'operator.refused', reason: answer });
    if (answer === 'throttled') {
      void reply.header('retry-after', '60');
      const message = 'There were too many wrong tokens. Wait a minute and try again.';
      sendPage(reply, loginPage(localPath(next), message), HttpStatus.TOO_MANY_REQUESTS);
    } else {
      sendPage(reply, loginPage(localPath(next), 'That is not the operator token.'), HttpStatus.UNAUTHORIZED);
    }
  }

  @Post('logout')
  signOut(): never {
    throw new Redirect('/login', this.access.signOut());
  }
}

function fieldsOf(body: unknown): { readonly token: string; readonly next: unknown } {
  if (typeof body !== 'object' || body === null) return { token: '', next: undefined };
  const token = 'token' in body && typeof body.token === 'string' ? body.token.trim() : '';
  return { token, next: 'next' in body ? body.next : undefined };
}
