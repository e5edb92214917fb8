import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperatorAccess } from './operator-access.js';

/** Lets operators use the API; everybody else is answered 401. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(@Inject(OperatorAccess) private readonly access: OperatorAccess) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    if (this.access.allows(http.getRequest<FastifyRequest>())) return true;
    void http.getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
    throw new UnauthorizedException('The operator token is needed: Authorization: Bearer <CONSOLE_TOKEN>.');
  }
}
