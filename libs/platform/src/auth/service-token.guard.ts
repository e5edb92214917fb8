import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { bearerTokenOf, type RequestWithHeaders } from './bearer.js';
import { callerOf, type ServiceCaller, type ServiceGrant } from './service-tokens.js';

/** Injection token of the {@link ServiceGrant} list that {@link ServiceTokenGuard} checks against. */
export const SERVICE_GRANTS = Symbol('SERVICE_GRANTS');

const PERMISSION = 'ledgerwire:permission';

type GuardedRequest = RequestWithHeaders & { serviceCaller?: ServiceCaller };

/** What a caller must be allowed to do; on a controller or a route. Without it, any known service may call. */
export const RequirePermission = (permission: string): ClassDecorator & MethodDecorator =>
  SetMetadata(PERMISSION, permission);

/** Route parameter: the {@link ServiceCaller} that {@link ServiceTokenGuard} let in. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): ServiceCaller => {
  const { serviceCaller } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!serviceCaller) throw new Error('@Caller() needs ServiceTokenGuard on the route');
  return serviceCaller;
});

/**
 * Lets in services that show a token of `SERVICE_GRANTS` as `Authorization: Bearer`. An unknown token or none is answered 401,
 * a known service without the route's permission 403.
 */
@Injectable()
export class ServiceTokenGuard implements CanActivate {
  constructor(
    @Inject(SERVICE_GRANTS) private readonly grants: readonly ServiceGrant[],
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const token = bearerTokenOf(request);
    const caller = token === undefined ? undefined : callerOf(token, this.grants);
    if (!caller) {
      challenge(context);
      throw new UnauthorizedException('a service token is needed: Authorization: Bearer <token>');
    }
    const permission = this.reflector.getAllAndOverride<string | undefined>(PERMISSION, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (permission !== undefined && !caller.permissions.includes(permission))
      throw new ForbiddenException(`${caller.service} lacks the permission ${permission}`);
    request.serviceCaller = caller;
    return true;
  }
}

/** RFC 9110 section 11.6.1: a 401 says how to authenticate. */
export function challenge(context: ExecutionContext): void {
  void context.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
}
