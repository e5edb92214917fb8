import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { codeOf, LedgerwireError } from '#libs/core';
import { type Logger, LOGGER } from '#libs/platform';
import { apiErrorOf } from '../http/api-error.filter.js';
import { CONNECT_LINK_POLICY, PUBLIC_BASE_URL } from '../injection-tokens.js';
import { TokenBroker } from '../token-broker.js';
import { authorisePath, type ConnectQuery, connectQuery } from './connect-path.js';
import { pageHeaders } from './page-style.js';
import { consentPage, endPage, linkPage, type LinkRefusal, type Page, problemPage } from './pages.js';

const COOKIE = 'ledgerwire_connect';
/** As long as somebody may take at the vendor. */
const COOKIE_SECONDS = 900;

const callbackQuery = z.object({
  state: z.string().max(200).default(''),
  code: z.string().min(1).max(4_000).optional(),
  error: z.string().max(200).optional(),
});
/** Other parameters of a callback; a repeated or very long one is none that a vendor sends. */
const otherParameters = z
  .record(z.string(), z.unknown())
  .transform((query) =>
    Object.fromEntries(
      Object.entries(query).flatMap(([name, value]) =>
        typeof value === 'string' && value.length <= 200 ? [[name, value] as const] : [],
      ),
    ),
  );

/** The public part: pages for the people whose accounts are connected. */
@Controller('connect/:vendor')
export class ConnectController {
  constructor(
    @Inject(TokenBroker) private readonly broker: TokenBroker,
    @Inject(PUBLIC_BASE_URL) private readonly publicBaseUrl: string,
    @Inject(CONNECT_LINK_POLICY) private readonly policy: 'signed' | 'open',
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Says what will be passed to whom. */
  @Get()
  async ask(
    @Param('vendor') vendorId: string,
    @Query() query: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.guarded(vendorId, query, reply, (asked) => {
      const { vendor, auth } = this.broker.assertConnectable(vendorId);
      const scopes = [...auth.scopes, ...(asked.write ? (auth.writeScopes ?? []) : [])];
      return show(reply, consentPage(vendor, { ...asked, scopes }, authorisePath(vendorId, asked)));
    });
  }

  /** Begins the consent and sends the browser to the vendor. */
  @Get('authorise')
  async authorise(
    @Param('vendor') vendorId: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.guarded(vendorId, query, reply, async ({ workspaceId, write: mayWrite }) => {
      const browserId = browserIdOf(request);
      const begun = await this.broker.consents.begin(vendorId, workspaceId, { browserId, mayWrite });
      void reply
        .header('set-cookie', this.cookie(begun.browserId))
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .redirect(begun.authorizeUrl, 302);
    });
  }

  /** Where the vendor sends the browser back to. */
  @Get('callback')
  async callback(
    @Param('vendor') vendorId: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.orProblem(reply, async () => {
      const { vendor } = this.broker.assertConnectable(vendorId);
      const parsed = callbackQuery.safeParse(query);
      const answer = parsed.success ? parsed.data : { state: '' };
      const end = await this.broker.consents.finish(
        vendorId,
        { code: undefined, error: undefined, ...answer, others: otherParameters.parse(query ?? {}) },
        browserIdOf(request) ?? '',
      );
      show(reply, endPage(vendor, end));
    });
  }

  private async guarded(
    vendorId: string,
    query: unknown,
    reply: FastifyReply,
    goOn: (asked: ConnectQuery) => Promise<void> | void,
  ): Promise<void> {
    await this.orProblem(reply, () => {
      const asked = connectQuery.safeParse(query);
      if (!asked.success) return show(reply, linkPage('link-forged'));
      const refused = this.refusalOf(vendorId, asked.data);
      return refused ? show(reply, linkPage(refused)) : goOn(asked.data);
    });
  }

  private refusalOf(
    vendor: string,
    { workspaceId, write: mayWrite, expires, signature }: ConnectQuery,
  ): LinkRefusal | undefined {
    if (this.policy === 'open') return undefined;
    if (expires === undefined || signature === undefined) return 'link-missing';
    const verdict = this.broker.links.check({
      vendor,
      workspaceId,
      mayWrite,
      expiresAt: expires,
      signature,
    });
    return verdict === 'good' ? undefined : `link-${verdict}`;
  }

  private async orProblem(reply: FastifyReply, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ event: 'connect.failed', code: codeOf(error), error });
      const { status, body } = apiErrorOf(error);
      const advice = error instanceof LedgerwireError ? body.message : 'Please try again in a few minutes.';
      show(reply, problemPage(status, 'This cannot be connected at the moment', advice));
    }
  }

  /** Lax, because the vendor's redirect comes from another site. */
  private cookie(browserId: string): string {
    const secure = this.publicBaseUrl.startsWith('https:') ? '; Secure' : '';
    return `${COOKIE}=${browserId}; Path=/connect; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax${secure}`;
  }
}

function show(reply: FastifyReply, { status, body }: Page): void {
  void reply.status(status).headers(pageHeaders).send(body);
}

function browserIdOf(request: FastifyRequest): string | undefined {
  const pattern = new RegExp(`(?:^|;\\s*)${COOKIE}=([A-Za-z0-9_-]{43})(?:;|$)`);
  return pattern.exec(request.headers.cookie ?? '')?.[1];
}
