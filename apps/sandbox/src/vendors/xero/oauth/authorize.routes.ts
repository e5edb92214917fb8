import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml, htmlPage } from '../../../kit/html.js';
import { formOf, type IdentityContext } from './identity.routes.js';
import { redirectProblem, refusedScopes } from './xero-app.js';

/** An organisation that the signed-in person may connect. */
export interface Connectable {
  readonly tenantId: string;
  readonly name: string;
  /** Whose consent it is: organisations of one owner share their tokens. */
  readonly ownerId: string;
}

interface Request {
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly scopes: readonly string[];
  readonly challenge: string | undefined;
  readonly nonce: string | undefined;
}

type Params = Readonly<Record<string, string | undefined>>;

/**
 * The consent page, mounted where `https://login.xero.com/identity` would be. `auto=1` in the query (or the sandbox's
 * autoApprove setting) consents at once; `organisation=<tenant id or name>` says which one, else it is the first.
 */
export function addAuthorizeRoutes(
  server: FastifyInstance,
  context: IdentityContext,
  organisations: () => readonly Connectable[],
): void {
  server.get('/connect/authorize', (request, reply) => {
    const params = queryOf(request);
    const asked = readRequest(params, context);
    if ('problem' in asked) return errorPage(reply, asked.error, asked.problem);
    const isAuto = params['auto'] === '1' || context.grants.settings.autoApprove;
    if (!isAuto) return consentPage(reply, params, asked, organisations());
    const chosen = choose(organisations(), params['organisation']);
    if (!chosen) return errorPage(reply, 'invalid_request', 'there is no such organisation');
    return approve(reply, context, asked, [chosen]);
  });

  server.post('/connect/authorize', (request, reply) => {
    const asked = readRequest(queryOf(request), context);
    if ('problem' in asked) return errorPage(reply, asked.error, asked.problem);
    const form = formOf(request);
    if (form['decision'] !== 'allow') return back(reply, asked, { error: 'access_denied' });
    const ticked = tickedTenants(request);
    const chosen = organisations().filter(({ tenantId }) => ticked.has(tenantId));
    return chosen.length === 0
      ? errorPage(reply, 'invalid_request', 'choose at least one organisation')
      : approve(reply, context, asked, chosen);
  });
}

function readRequest(params: Params, context: IdentityContext): Request | { error: string; problem: string } {
  const redirectUri = params['redirect_uri'] ?? '';
  if (params['client_id'] !== context.app.clientId)
    return { error: 'unauthorized_client', problem: 'Unknown client' };
  const problem = redirectProblem(context.app, redirectUri);
  if (problem !== undefined) return { error: 'invalid_request', problem };
  if (params['response_type'] !== 'code')
    return { error: 'unsupported_response_type', problem: 'response_type must be code' };
  const scopes = (params['scope'] ?? '').split(/\s+/).filter((scope) => scope !== '');
  const refused = refusedScopes(scopes);
  if (scopes.length === 0 || refused.length > 0)
    return { error: 'invalid_scope', problem: `Invalid scope for client: ${refused.join(' ')}` };
  const challenge = params['code_challenge'];
  if (challenge !== undefined && params['code_challenge_method'] !== 'S256')
    return { error: 'invalid_request', problem: 'code_challenge_method must be S256' };
  return { redirectUri, state: params['state'], scopes, challenge, nonce: params['nonce'] };
}

function approve(
  reply: FastifyReply,
  context: IdentityContext,
  asked: Request,
  chosen: readonly Connectable[],
): FastifyReply {
  const userId = chosen[0]?.ownerId ?? '';
  const tenantIds = chosen.map(({ tenantId }) => tenantId);
  const grant = context.grants.consent({ userId, scopes: asked.scopes, tenantIds });
  const code = context.grants.issueCode(grant, asked.redirectUri, asked.challenge, asked.nonce);
  return back(reply, asked, { code, scope: asked.scopes.join(' ') });
}

function back(reply: FastifyReply, asked: Request, answer: Readonly<Record<string, string>>): FastifyReply {
  const target = new URL(asked.redirectUri);
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value);
  if (asked.state !== undefined) target.searchParams.set('state', asked.state);
  return reply.redirect(target.href, 302);
}

function choose(organisations: readonly Connectable[], wanted: string | undefined): Connectable | undefined {
  if (wanted === undefined) return organisations[0];
  return organisations.find(({ tenantId, name }) => tenantId === wanted || name === wanted);
}

function tickedTenants(request: FastifyRequest): Set<string> {
  const { organisation } = (request.body ?? {}) as { organisation?: string | string[] };
  return new Set(Array.isArray(organisation) ? organisation : [organisation ?? '']);
}

function queryOf(request: FastifyRequest): Params {
  return request.query as Params;
}

function errorPage(reply: FastifyReply, error: string, problem: string): FastifyReply {
  const body = `<h1>Sorry, something went wrong</h1><p>Error: <code>${escapeHtml(error)}</code> – ${escapeHtml(problem)}</p>`;
  return reply.code(400).header('content-type', 'text/html; charset=utf-8').send(htmlPage('Error', body));
}

function consentPage(
  reply: FastifyReply,
  params: Params,
  asked: Request,
  organisations: readonly Connectable[],
): FastifyReply {
  const query = new URLSearchParams(
    Object.entries(params).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const choices = organisations
    .slice(0, 50)
    .map(
      ({ tenantId, name }, index) =>
        `<label><input type="checkbox" name="organisation" value="${escapeHtml(tenantId)}"${index === 0 ? ' checked' : ''}> ${escapeHtml(name)}</label>`,
    );
  const body = `<h1>Allow Ledgerwire to connect to your books?</h1>
<p>This is the sandbox's stand-in for Xero's consent page. Ledgerwire asks for: <code>${escapeHtml(asked.scopes.join(' '))}</code></p>
<form method="post" action="?${escapeHtml(query.toString())}">
${choices.join('\n')}
<div><button class="main" name="decision" value="allow">Allow access</button> <button name="decision" value="deny">Cancel</button></div>
</form>`;
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .send(htmlPage('Connect to Xero (sandbox)', body));
}
