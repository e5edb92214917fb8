import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml, htmlPage } from '../../../kit/html.js';
import { sendAuthError } from '../api/errors.js';
import { bearerOf } from '../api/freshbooks-guard.js';
import type { Business } from '../books/account-books.js';
import { ALL_SCOPES, type FreshbooksApp, redirectProblem, unknownScopes } from './freshbooks-app.js';
import type { FreshbooksGrants } from './freshbooks-grants.js';

/** A user of FreshBooks with the businesses that they work in. */
export interface FreshbooksUser {
  readonly id: number;
  readonly email: string;
  readonly memberships: readonly { readonly role: string; readonly business: Business }[];
}

/** What the sign-in's routes share. */
export interface OAuthContext {
  readonly app: FreshbooksApp;
  readonly grants: FreshbooksGrants;
  readonly now: () => number;
  readonly user: (id: number) => FreshbooksUser | undefined;
  /** Who signs in at the consent page; with an account, whoever owns that. */
  readonly owner: (account: string | undefined) => FreshbooksUser | undefined;
}

type Fields = Readonly<Record<string, string | undefined>>;

interface Asked {
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly scopes: readonly string[];
  readonly challenge: string | undefined;
}

/** The consent page, where `https://auth.freshbooks.com` would be; `auto=1` consents at once, `organisation=` says for whom. */
export function addAuthorizeRoutes(server: FastifyInstance, context: OAuthContext): void {
  server.route({
    method: ['GET', 'POST'],
    url: '/oauth/authorize',
    handler: (request, reply) => {
      const query = request.query as Fields;
      const asked = readRequest(query, context.app);
      if (typeof asked === 'string') return errorPage(reply, asked);
      const isAuto = query['auto'] === '1' || context.grants.settings.autoApprove;
      const user = context.owner(query['organisation']);
      if (request.method === 'GET' && !isAuto) return consentPage(reply, request.url, asked);
      const isDenied = request.method === 'POST' && (request.body as Fields)['decision'] !== 'allow';
      if (isDenied || !user) return back(reply, asked, { error: 'access_denied' });
      const grant = { userId: user.id, scopes: asked.scopes };
      return back(reply, asked, {
        code: context.grants.issueCode(grant, asked.redirectUri, asked.challenge),
      });
    },
  });
}

/** Token endpoint, revocation and identity, below `https://api.freshbooks.com/auth`. */
export function addTokenRoutes(server: FastifyInstance, context: OAuthContext): void {
  const { app, grants } = context;
  server.post('/oauth/token', (request, reply) => {
    const fields = (request.body ?? {}) as Fields;
    if (!isApp(fields, app))
      return sendAuthError(reply, 401, 'invalid_client', 'Client authentication failed.');
    const isCode = fields['grant_type'] === 'authorization_code';
    if (!isCode && fields['grant_type'] !== 'refresh_token')
      return sendAuthError(reply, 400, 'unsupported_grant_type', 'The grant type is not supported.');
    const grant = isCode
      ? grants.redeemCode(fields['code'] ?? '', fields['redirect_uri'] ?? '', fields['code_verifier'])
      : grants.useRefreshToken(fields['refresh_token'] ?? '');
    if (grant) return reply.send(grants.issue(grant));
    return sendAuthError(
      reply,
      400,
      'invalid_grant',
      'The provided authorization grant is invalid, expired, revoked or was issued to another client.',
    );
  });

  server.post('/oauth/revoke', (request, reply) => {
    const fields = (request.body ?? {}) as Fields;
    if (!isApp(fields, app))
      return sendAuthError(reply, 401, 'invalid_client', 'Client authentication failed.');
    grants.revokeToken(fields['token'] ?? '');
    return reply.send({});
  });

  server.get('/api/v1/users/me', (request, reply) => {
    const grant = grants.byAccessToken(bearerOf(request), context.now());
    const user = grant && context.user(grant.userId);
    if (!user)
      return sendAuthError(reply, 401, 'unauthenticated', 'This action requires authentication to continue.');
    return reply.send({ response: identityOf(user) });
  });
}

function identityOf({ id, email, memberships }: FreshbooksUser): Record<string, unknown> {
  return {
    id,
    identity_id: id,
    first_name: 'Demo',
    last_name: 'User',
    email,
    phone_numbers: [],
    addresses: [],
    profession: null,
    groups: [],
    links: {},
    permissions: {},
    subscription_statuses: {},
    roles: [],
    business_memberships: memberships.map(({ role, business }, index) => ({
      id: 168_372 + index,
      role,
      fasttrack_token: null,
      business: {
        id: business.businessId,
        business_uuid: business.businessUuid,
        name: business.name,
        account_id: business.accountId,
        date_format: 'mm/dd/yyyy',
        active: true,
        address: {
          id: business.businessId,
          street: '1 Main Street',
          city: 'Springfield',
          province: '',
          country: business.country,
          postal_code: '',
        },
        phone_number: null,
        business_clients: [],
      },
    })),
  };
}

function readRequest(query: Fields, app: FreshbooksApp): Asked | string {
  const redirectUri = query['redirect_uri'] ?? '';
  if (query['client_id'] !== app.clientId) return 'Unknown client';
  const problem = redirectProblem(app, redirectUri);
  if (problem !== undefined) return problem;
  if (query['response_type'] !== 'code') return 'response_type must be code';
  const named = (query['scope'] ?? '').split(/\s+/).filter((scope) => scope !== '');
  // What FreshBooks says after the login, and never tells the app.
  if (unknownScopes(named).length > 0) return 'The requested scope is invalid, unknown, or malformed.';
  return {
    redirectUri,
    state: query['state'],
    scopes: named.length === 0 ? ALL_SCOPES : [...new Set(['user:profile:read', ...named])],
    challenge: query['code_challenge'],
  };
}

function isApp(fields: Fields, app: FreshbooksApp): boolean {
  return fields['client_id'] === app.clientId && fields['client_secret'] === app.clientSecret;
}

function back(reply: FastifyReply, asked: Asked, answer: Readonly<Record<string, string>>): FastifyReply {
  const target = new URL(asked.redirectUri);
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value);
  if (asked.state !== undefined) target.searchParams.set('state', asked.state);
  return reply.redirect(target.href, 302);
}

function errorPage(reply: FastifyReply, problem: string): FastifyReply {
  const body = `<h1>Something went wrong</h1><p>${escapeHtml(problem)}</p>`;
  return reply.code(400).header('content-type', 'text/html; charset=utf-8').send(htmlPage('Error', body));
}

function consentPage(reply: FastifyReply, url: FastifyRequest['url'], asked: Asked): FastifyReply {
  const body = `<h1>Allow Ledgerwire to read your books?</h1>
<p>This is the sandbox's stand-in for FreshBooks' consent page. Ledgerwire asks for: <code>${escapeHtml(asked.scopes.join(' '))}</code></p>
<form method="post" action="?${escapeHtml(url.split('?')[1] ?? '')}">
<div><button class="main" name="decision" value="allow">Allow access</button> <button name="decision" value="deny">Cancel</button></div>
</form>`;
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .send(htmlPage('Connect to FreshBooks (sandbox)', body));
}
