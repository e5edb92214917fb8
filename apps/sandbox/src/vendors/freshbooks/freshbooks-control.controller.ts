import { Body, Controller, Get, HttpCode, Inject, NotFoundException, Post } from '@nestjs/common';
import { z } from 'zod';
import { parseBody } from '../../kit/parse-body.js';
import { type FreshbooksAccount, FreshbooksDouble } from './freshbooks.double.js';

const businessSchema = z.strictObject({
  name: z.string().min(1).optional(),
  country: z.string().min(2).optional().describe('As FreshBooks writes it, e.g. Canada'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
});
const accountSchema = z.strictObject({ accountId: z.string().min(1) });
const oauthSchema = z.strictObject({
  codeTtlMs: z.int().min(0).optional(),
  accessTtlMs: z.int().min(0).optional(),
  autoApprove: z.boolean().optional(),
  redirectUris: z.array(z.string()).optional(),
});

/** What a test or a script can do to the FreshBooks double that no API of FreshBooks could. */
@Controller('__sandbox/freshbooks')
export class FreshbooksControlController {
  constructor(@Inject(FreshbooksDouble) private readonly freshbooks: FreshbooksDouble) {}

  @Post('businesses')
  addBusiness(@Body() body: unknown): FreshbooksAccount {
    return this.freshbooks.addBusiness(parseBody(businessSchema, body));
  }

  @Post('revoke')
  @HttpCode(200)
  revoke(@Body() body: unknown): { revoked: string } {
    const { accountId } = parseBody(accountSchema, body);
    if (!this.freshbooks.revoke(accountId)) throw new NotFoundException('nobody has allowed anything there');
    return { revoked: accountId };
  }

  /** Every callback with its secret, so that a script can sign a delivery of its own. */
  @Get('callbacks')
  callbacks(): { callbacks: Record<string, unknown>[] } {
    const accounts = [...this.freshbooks.accountIds()];
    const callbacks = accounts.flatMap((accountId) =>
      this.freshbooks.callbacks
        .of(accountId)
        .map(({ id, event, uri, verified, verifier }) => ({ accountId, id, event, uri, verified, verifier })),
    );
    return { callbacks };
  }

  @Post('oauth')
  @HttpCode(200)
  oauth(@Body() body: unknown): Record<string, unknown> {
    const { redirectUris, ...settings } = parseBody(oauthSchema, body);
    if (redirectUris) this.freshbooks.app.redirectUris = redirectUris;
    for (const [name, value] of Object.entries(settings))
      if (value !== undefined) Object.assign(this.freshbooks.grants.settings, { [name]: value });
    return { ...this.freshbooks.grants.settings, redirectUris: this.freshbooks.app.redirectUris };
  }
}
