import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { z } from 'zod';
import { Secret } from '../config/secret.js';
import { secretVariable } from '../config/variables.js';
import { bearerTokenOf, type RequestWithHeaders, sameToken } from './bearer.js';
import { challenge } from './service-token.guard.js';

/** The token by which operators use the console's API. */
export const operatorConfig = z.object({
  token: secretVariable('LEDGERWIRE_OPERATOR_TOKEN', "Bearer token of the console's operators"),
});

/** Injection token of the {@link Secret} that {@link OperatorTokenGuard} checks against. */
export const OPERATOR_TOKEN = Symbol('OPERATOR_TOKEN');

/** Lets in whoever shows the operator's token as `Authorization: Bearer`; everyone else is answered 401. */
@Injectable()
export class OperatorTokenGuard implements CanActivate {
  constructor(@Inject(OPERATOR_TOKEN) private readonly expected: Secret) {}

  canActivate(context: ExecutionContext): boolean {
    const token = bearerTokenOf(context.switchToHttp().getRequest<RequestWithHeaders>());
    if (token !== undefined && sameToken(token, this.expected)) return true;
    challenge(context);
    throw new UnauthorizedException('the operator token is needed: Authorization: Bearer <token>');
  }
}
