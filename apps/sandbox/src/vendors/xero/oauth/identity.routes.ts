import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import { fixedUuid, type Ids } from '../../../kit/ids.js';
import { type Grant, type Grants, InvalidGrantError } from './grants.js';
import { halfHash, type SigningKey } from './signing-key.js';
import type { XeroApp } from './xero-app.js';

/** What the identity server's routes share. */
export interface IdentityContext {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly app: XeroApp;
  readonly grants: Grants;
  readonly key: SigningKey;
  /** The issuer: the address under which these routes are mounted. */
  readonly issuer: () => string;
}

/** Tokens as the token endpoint answers them. */
export interface TokenSet {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

type Form = Readonly<Record<string, string | undefined>>;

/** Discovery, keys, token endpoint and revocation; mounted where `https://identity.xero.com` would be. */
export function addIdentityRoutes(server: FastifyInstance, context: IdentityContext): void {
  server.get('/.well-known/openid-configuration', (_request, reply) =>
    reply.send(discovery(context.issuer())),
  );
  server.get('/.well-known/openid-configuration/jwks', (_request, reply) => reply.send(context.key.jwks));

  server.post('/connect/token', (request, reply) => {
    void reply.header('cache-control', 'no-store, no-cache, max-age=0');
    const form = formOf(request);
    if (!isAuthentic(request, form, context.app)) return refuse(reply, 'invalid_client');
    try {
      const tokens = grantTokens(context, form);
      return tokens ? reply.send(tokens) : refuse(reply, 'unsupported_grant_type');
    } catch (error) {
      if (error instanceof InvalidGrantError) return refuse(reply, 'invalid_grant');
      throw error;
    }
  });

  server.post('/connect/revocation', (request, reply) => {
    const form = formOf(request);
    if (!isAuthentic(request, form, context.app)) return refuse(reply, 'invalid_client');
    const grant = context.grants.grantOf(form['token'] ?? '');
    if (grant) context.grants.revokeUser(grant.userId);
    return reply.code(200).send();
  });
}

/** Issues an access token, and the refresh and id tokens that the scopes ask for. */
export function issueTokens(context: IdentityContext, grant: Grant, nonce?: string): TokenSet {
  const { clock, grants, ids, key, app } = context;
  const seconds = Math.floor(clock.now() / 1000);
  const issuer = context.issuer();
  const accessToken = key.sign({
    iss: issuer,
    aud: `${issuer}/resources`,
    nbf: seconds,
    exp: seconds + grants.settings.accessTtlMs / 1000,
    client_id: app.clientId,
    sub: grant.userId.replaceAll('-', ''),
    auth_time: Math.floor(grant.authTime / 1000),
    xero_userid: grant.userId,
    global_session_id: fixedUuid(`session ${grant.id}`).replaceAll('-', ''),
    authentication_event_id: grant.authEventId,
    jti: ids.hex(16).toUpperCase(),
    scope: grant.scopes,
    amr: ['pwd'],
  });
  grants.rememberAccessToken(accessToken, grant);
  return {
    access_token: accessToken,
    expires_in: grants.settings.accessTtlMs / 1000,
    token_type: 'Bearer',
    scope: grant.scopes.join(' '),
    ...(grant.scopes.includes('offline_access') ? { refresh_token: grants.issueRefreshToken(grant) } : {}),
    ...(grant.scopes.includes('openid') ? { id_token: idToken(context, grant, accessToken, nonce) } : {}),
  };
}

/** The fields of a form body; a repeated field counts once. */
export function formOf(request: FastifyRequest): Form {
  const body = (request.body ?? {}) as Readonly<Record<string, string | string[] | undefined>>;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function grantTokens(context: IdentityContext, form: Form): TokenSet | undefined {
  const { grants } = context;
  if (form['grant_type'] === 'authorization_code') {
    const { grant, nonce } = grants.redeemCode(
      form['code'] ?? '',
      form['redirect_uri'] ?? '',
      form['code_verifier'],
    );
    return issueTokens(context, grant, nonce);
  }
  if (form['grant_type'] !== 'refresh_token') return undefined;
  return issueTokens(context, grants.useRefreshToken(form['refresh_token'] ?? ''));
}

function idToken(
  context: IdentityContext,
  grant: Grant,
  accessToken: string,
  nonce: string | undefined,
): string {
  const seconds = Math.floor(context.clock.now() / 1000);
  return context.key.sign({
    iss: context.issuer(),
    aud: context.app.clientId,
    nbf: seconds,
    iat: seconds,
    exp: seconds + 300,
    at_hash: halfHash(accessToken),
    sub: grant.userId.replaceAll('-', ''),
    auth_time: Math.floor(grant.authTime / 1000),
    xero_userid: grant.userId,
    preferred_username: 'demo@ledgerwire.example',
    email: 'demo@ledgerwire.example',
    given_name: 'Demo',
    family_name: 'User',
    name: 'Demo User',
    ...(nonce === undefined ? {} : { nonce }),
  });
}

/** HTTP Basic, or the credentials in the body. */
function isAuthentic(request: FastifyRequest, form: Form, app: XeroApp): boolean {
  const header = request.headers.authorization ?? '';
  const basic = header.startsWith('Basic ')
    ? Buffer.from(header.slice('Basic '.length), 'base64').toString()
    : `${form['client_id'] ?? ''}:${form['client_secret'] ?? ''}`;
  const [id = '', secret = ''] = basic.split(':', 2).map(decodeURIComponent);
  return id === app.clientId && secret === app.clientSecret;
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error });
}

function discovery(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
    authorization_endpoint: `${issuer.replace(/\/identity$/, '/login/identity')}/connect/authorize`,
    token_endpoint: `${issuer}/connect/token`,
    revocation_endpoint: `${issuer}/connect/revocation`,
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
  };
}
