import { Body, Controller, HttpCode, Inject, NotFoundException, Post } from '@nestjs/common';
import { z } from 'zod';
import { parseBody } from '../../kit/parse-body.js';
import type { IntentAnswer } from './webhooks/xero-webhooks.js';
import { organisationSchema, WorldError } from './world/make-organisation.js';
import { type XeroAccount, XeroDouble } from './xero.double.js';
import { BadRequestException } from '@nestjs/common';

const bulkSchema = organisationSchema.extend({
  count: z.int().min(1).max(5000).default(1).describe('So many organisations of this kind'),
});
const tenantSchema = z.strictObject({ tenantId: z.string().min(1) });
const lifetime = z.int().min(0).optional();
const oauthSchema = z.strictObject({
  codeTtlMs: lifetime,
  accessTtlMs: lifetime,
  refreshTtlMs: lifetime,
  refreshGraceMs: lifetime,
  revokeOnReuse: z.boolean().optional(),
  autoApprove: z.boolean().optional(),
  redirectUris: z
    .array(z.string())
    .optional()
    .describe('Registered redirect URIs; empty allows any that Xero would'),
});

/** What a test or a script can do to the Xero double that no Xero API could. */
@Controller('__sandbox/xero')
export class XeroControlController {
  constructor(@Inject(XeroDouble) private readonly xero: XeroDouble) {}

  @Post('organisations')
  addOrganisations(@Body() body: unknown): { accounts: XeroAccount[] } {
    const { count, ...spec } = parseBody(bulkSchema, body);
    try {
      const accounts = Array.from({ length: count }, (_, index) =>
        this.xero.addOrganisation(
          count > 1 && spec.name ? { ...spec, name: `${spec.name} ${String(index + 1)}` } : spec,
        ),
      );
      return { accounts };
    } catch (error) {
      if (error instanceof WorldError) throw new BadRequestException(error.message);
      throw error;
    }
  }

  @Post('disconnect')
  @HttpCode(200)
  disconnect(@Body() body: unknown): { disconnected: string } {
    const { tenantId } = parseBody(tenantSchema, body);
    if (!this.xero.disconnectTenant(tenantId)) throw new NotFoundException('no such connected tenant');
    return { disconnected: tenantId };
  }

  @Post('revoke')
  @HttpCode(200)
  revoke(@Body() body: unknown): { revoked: string } {
    const { tenantId } = parseBody(tenantSchema, body);
    this.xero.grants.revokeTokensOf(tenantId);
    return { revoked: tenantId };
  }

  @Post('intent-to-receive')
  @HttpCode(200)
  async intentToReceive(): Promise<{ passed: boolean; answers: IntentAnswer[] }> {
    const answers = await this.xero.subscription.intentToReceive();
    return { passed: answers.every(({ passed }) => passed), answers };
  }

  @Post('oauth')
  @HttpCode(200)
  oauth(@Body() body: unknown): Record<string, unknown> {
    const { redirectUris, ...settings } = parseBody(oauthSchema, body);
    if (redirectUris) this.xero.app.redirectUris = redirectUris;
    for (const [name, value] of Object.entries(settings))
      if (value !== undefined) Object.assign(this.xero.grants.settings, { [name]: value });
    return { ...this.xero.grants.settings, redirectUris: this.xero.app.redirectUris };
  }
}
