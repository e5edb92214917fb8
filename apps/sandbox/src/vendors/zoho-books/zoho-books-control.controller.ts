import { Body, Controller, HttpCode, Inject, NotFoundException, Post } from '@nestjs/common';
import { z } from 'zod';
import { parseBody } from '../../kit/parse-body.js';
import { ZOHO_REGIONS } from './accounts/zoho-app.js';
import { ruleSetupSchema } from './webhooks/workflow-rules.js';
import { ownerOf, type ZohoAccount, ZohoBooksDouble } from './zoho-books.double.js';

const organisationSchema = z.strictObject({
  name: z.string().min(1).default('Another Company'),
  region: z.enum(ZOHO_REGIONS).default('us'),
  plan: z.string().min(1).default('PROFESSIONAL'),
  timeZone: z.string().min(1).default('UTC'),
  currencyCode: z.string().length(3).default('USD'),
  countryCode: z.string().length(2).default('US'),
});
const ownerSchema = z.strictObject({ organizationId: z.string().min(1) });
const setting = z.int().min(0).optional();
const oauthSchema = z.strictObject({
  codeTtlMs: setting,
  accessTtlMs: setting,
  refreshTokensPerUser: setting,
  mintsPerTenMinutes: setting,
  liveAccessTokens: setting,
});

/** What a test or a script can do to the Zoho Books double that no API of Zoho's could. */
@Controller('__sandbox/zoho-books')
export class ZohoBooksControlController {
  constructor(@Inject(ZohoBooksDouble) private readonly zoho: ZohoBooksDouble) {}

  @Post('organisations')
  addOrganisation(@Body() body: unknown): { account: ZohoAccount } {
    return { account: this.zoho.addOrganisation(parseBody(organisationSchema, body)) };
  }

  /** As a person does under Settings → Automation. */
  @Post('rules')
  @HttpCode(200)
  setUpRules(@Body() body: unknown): Record<string, unknown> {
    const setup = parseBody(ruleSetupSchema, body);
    if (!this.zoho.organisation(setup.organizationId)) throw new NotFoundException('no such organisation');
    this.zoho.rules.setUp(setup);
    return this.zoho.webhooks();
  }

  /** As the owner does in their Zoho account, under connected apps. */
  @Post('revoke')
  @HttpCode(200)
  revoke(@Body() body: unknown): { revoked: number } {
    const { organizationId } = parseBody(ownerSchema, body);
    return { revoked: this.zoho.grants.revokeAllOf(ownerOf(organizationId)) };
  }

  @Post('oauth')
  @HttpCode(200)
  oauth(@Body() body: unknown): Record<string, unknown> {
    for (const [name, value] of Object.entries(parseBody(oauthSchema, body)))
      if (value !== undefined) Object.assign(this.zoho.grants.settings, { [name]: value });
    return { ...this.zoho.grants.settings };
  }
}
