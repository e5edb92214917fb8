import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { z } from 'zod';
import { RequirePermission, ServiceTokenGuard } from '#libs/platform';
import {
  type AccessTokenAnswer,
  accessTokenQuestion,
  type AccountGoneAnswer,
  type CredentialsAnswer,
  subscriptionProof,
  type VerificationKeysAnswer,
} from '#libs/vendor-kit';
import { ApiErrorFilter } from '../http/api-error.filter.js';
import { InvalidInput } from '../http/invalid-input.js';
import { refusal } from '../refusal.js';
import { TokenBroker } from '../token-broker.js';

/** What a service may be allowed to do here; words of LEDGERWIRE_SERVICE_TOKENS. */
export const permissions = {
  accessTokens: 'access-tokens:read',
  credentials: 'credentials:read',
  verificationKeys: 'verification-keys:read',
  subscriptions: 'subscriptions:prove',
} as const;

const question = accessTokenQuestion.nullish().transform((value) => value ?? {});
const keyQuery = z.object({ vendor: z.string().min(1), connectionId: z.string().min(1).optional() });

const uuid = z.uuid();

/** What services ask for; the paths are those of `tokenPaths` in vendor-kit. */
@Controller('internal')
@UseGuards(ServiceTokenGuard)
@UseFilters(ApiErrorFilter)
export class InternalController {
  constructor(@Inject(TokenBroker) private readonly broker: TokenBroker) {}

  @Post('connections/:connectionId/access-token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @RequirePermission(permissions.accessTokens)
  accessToken(
    @Param('connectionId') connectionId: string,
    @Body() body: unknown,
  ): Promise<AccessTokenAnswer> {
    return this.broker.accessTokens.tokenFor(connectionId, InvalidInput.read(question, body));
  }

  /** Heard from a vendor by a service; what the vendor lists when we ask decides. */
  @Post('connections/:connectionId/account-gone')
  @HttpCode(200)
  @RequirePermission(permissions.accessTokens)
  async accountGone(@Param('connectionId') connectionId: string): Promise<AccountGoneAnswer> {
    return { looked: await this.broker.accountCheck.checkReported(connectionId) };
  }

  @Get('connections/:connectionId/credentials')
  @Header('cache-control', 'no-store')
  @RequirePermission(permissions.credentials)
  credentials(@Param('connectionId') connectionId: string): Promise<CredentialsAnswer> {
    return this.broker.serviceKeys.credentialsFor(connectionId);
  }

  @Get('verification-keys')
  @Header('cache-control', 'no-store')
  @RequirePermission(permissions.verificationKeys)
  verificationKeys(@Query() query: unknown): Promise<VerificationKeysAnswer> {
    const { vendor, connectionId } = InvalidInput.read(keyQuery, query);
    return this.broker.serviceKeys.verificationKeys(vendor, connectionId);
  }

  /** A handshake that came to ingress; the vendor judges it. */
  @Post('connections/:connectionId/subscriptions/:subscriptionId/proof')
  @HttpCode(200)
  @RequirePermission(permissions.subscriptions)
  async prove(
    @Param('connectionId') connectionId: string,
    @Param('subscriptionId') subscriptionId: string,
    @Body() body: unknown,
  ): Promise<{ kept: true }> {
    const { secret } = InvalidInput.read(subscriptionProof, body);
    const isId = uuid.safeParse(subscriptionId).success;
    if (isId && (await this.broker.subscriptions.prove(connectionId, { subscriptionId, secret })))
      return { kept: true };
    throw refusal('unknown-subscription', `connection ${connectionId} has no such subscription`);
  }
}
