import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml, htmlPage } from '../../../kit/html.js';
import type { Consent, Grants } from './grants.js';
import { ZOHO_REGIONS, type ZohoApp } from './zoho-app.js';

/** Somebody who can sign in, with the organisations that a consent of theirs opens. */
export interface ZohoUser {
  readonly userId: string;
  readonly region: string;
  readonly organizations: readonly { readonly organizationId: string; readonly name: string }[];
}

/** What the accounts servers work with. */
export interface AccountsContext {
  readonly app: ZohoApp;
  readonly grants: Grants;
  readonly users: () => readonly ZohoUser[];
  /** Base URL of a region's accounts server. */
  readonly accountsUrl: (region: string) => string;
  /** Base URL of a region's APIs, the `api_domain` of token answers. */
  readonly apiUrl: (region: string) => string;
}

type Params = Readonly<Record<string, string | undefined>>;

/**
 * One region's accounts server. The consent page signs anybody in, whatever their region, and sends them back with the `location`
 * and `accounts-server` of their own region; `auto=1` consents at once, `organisation=<id or name>` says as whose owner.
 * Errors of the token endpoint come with HTTP 200, as Zoho's do.
 */
export function addAccountsRoutes(server: FastifyInstance, region: string, context: AccountsContext): void {
  server.get('/oauth/v2/auth', (request, reply) => {
    const params = request.query as Params;
    const problem = problemOf(params, context.app);
    if (problem !== undefined) return errorPage(reply, problem);
    if (params['auto'] !== '1') return consentPage(reply, params, context.users());
    return approve(reply, params, context, params['organisation']);
  });
  server.post('/oauth/v2/auth', (request, reply) => {
    const params = request.query as Params;
    const problem = problemOf(params, context.app);
    if (problem !== undefined) return errorPage(reply, problem);
    const { decision, organisation } = (request.body ?? {}) as Record<string, string | string[]>;
    if (decision !== 'allow') return back(reply, params, { error: 'access_denied' });
    return approve(reply, params, context, Array.isArray(organisation) ? organisation[0] : organisation);
  });
  server.post('/oauth/v2/token', (request, reply) =>
    reply.send(tokenAnswer(paramsOf(request), region, context)),
  );
  server.post('/oauth/v2/token/revoke', (request, reply) => {
    const { token = '' } = paramsOf(request);
    return reply.send(context.grants.revoke(token) ? { status: 'success' } : { error: 'invalid_code' });
  });
  server.get('/oauth/serverinfo', (_request, reply) =>
    reply.send({
      result: 'success',
      locations: Object.fromEntries(ZOHO_REGIONS.map((id) => [id, context.accountsUrl(id)])),
    }),
  );
}

function tokenAnswer(params: Params, region: string, context: AccountsContext): Record<string, unknown> {
  const { app, grants } = context;
  if (params['client_id'] !== app.clientId) return { error: 'invalid_client' };
  if (params['client_secret'] !== app.clientSecret) return { error: 'invalid_client_secret' };
  if (params['grant_type'] === 'refresh_token') return mint(params['refresh_token'] ?? '', region, context);
  if (params['grant_type'] !== 'authorization_code') return { error: 'unsupported_grant_type' };
  const consent = grants.redeem(params['code'] ?? '', { region, redirectUri: params['redirect_uri'] ?? '' });
  if (!consent || !fits(consent.challenge, params['code_verifier'])) return { error: 'invalid_code' };
  const refreshToken = grants.issueRefreshToken(consent);
  return {
    ...mint(refreshToken, region, context),
    refresh_token: refreshToken,
    scope: consent.scopes.join(' '),
  };
}

function mint(
  refreshToken: string,
  region: string,
  { grants, apiUrl }: AccountsContext,
): Record<string, unknown> {
  const minted = grants.mint(refreshToken, region);
  if (minted === 'unknown') return { error: 'invalid_code' };
  if (minted === 'throttled')
    return {
      error_description: 'You have made too many requests continuously. Please try again after some time.',
      error: 'Access Denied',
      status: 'failure',
    };
  return {
    access_token: minted.accessToken,
    api_domain: apiUrl(region),
    token_type: 'Bearer',
    expires_in: Math.floor(grants.settings.accessTtlMs / 1000),
  };
}

/** Zoho takes parameters in the query or as a form. */
function paramsOf(request: FastifyRequest): Params {
  return { ...(request.query as Params), ...(request.body as Params | undefined) };
}

function fits(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined) return true;
  return (
    createHash('sha256')
      .update(verifier ?? '')
      .digest('base64url') === challenge
  );
}

function problemOf(params: Params, app: ZohoApp): string | undefined {
  if (params['client_id'] !== app.clientId) return 'Invalid client';
  if (!URL.canParse(params['redirect_uri'] ?? '')) return 'Invalid Redirect Uri';
  if (params['response_type'] !== 'code') return 'Invalid Response Type';
  return (params['scope'] ?? '').split(',').every((scope) => /^ZohoBooks\.\w+\.\w+$/.test(scope))
    ? undefined
    : 'Scope does not exist';
}

function approve(
  reply: FastifyReply,
  params: Params,
  context: AccountsContext,
  wanted: string | undefined,
): FastifyReply {
  const user = context
    .users()
    .find(
      ({ organizations }) =>
        wanted === undefined ||
        organizations.some(({ organizationId, name }) => organizationId === wanted || name === wanted),
    );
  if (!user) return errorPage(reply, 'There is no such organization');
  const consent: Consent = {
    userId: user.userId,
    region: user.region,
    scopes: (params['scope'] ?? '').split(','),
  };
  const code = context.grants.issueCode(consent, params['redirect_uri'] ?? '', params['code_challenge']);
  const { region } = user;
  return back(reply, params, { code, location: region, 'accounts-server': context.accountsUrl(region) });
}

function back(reply: FastifyReply, params: Params, answer: Readonly<Record<string, string>>): FastifyReply {
  const target = new URL(params['redirect_uri'] ?? '');
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value);
  if (params['state'] !== undefined) target.searchParams.set('state', params['state']);
  return reply.redirect(target.href, 302);
}

function errorPage(reply: FastifyReply, problem: string): FastifyReply {
  const body = `<h1>Error Occurred</h1><p>${escapeHtml(problem)}</p>`;
  return reply.code(400).header('content-type', 'text/html; charset=utf-8').send(htmlPage('Error', body));
}

function consentPage(reply: FastifyReply, params: Params, users: readonly ZohoUser[]): FastifyReply {
  const query = new URLSearchParams(
    Object.entries(params).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const choices = users.flatMap(({ region, organizations }) =>
    organizations.map(
      ({ organizationId, name }) =>
        `<label><input type="radio" name="organisation" value="${escapeHtml(organizationId)}"> ${escapeHtml(name)} (${escapeHtml(region)})</label>`,
    ),
  );
  const body = `<h1>Ledgerwire would like to access the following data</h1>
<p>This is the sandbox's stand-in for Zoho's consent page: <code>${escapeHtml(params['scope'] ?? '')}</code></p>
<form method="post" action="?${escapeHtml(query.toString())}">
${choices.slice(0, 50).join('\n')}
<div><button class="main" name="decision" value="allow">Accept</button> <button name="decision" value="deny">Reject</button></div>
</form>`;
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .send(htmlPage('Connect to Zoho Books (sandbox)', body));
}
