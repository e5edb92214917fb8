import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '#libs/core';
import type { TruthLedger } from '../../../kit/truth-ledger.js';
import type { Consent, Grants } from '../accounts/grants.js';
import { type Fields, type Module, modules } from '../books/modules.js';
import type { Organisation } from '../books/organisation.js';
import { invalidValue, ZohoProblem } from '../books/zoho-problem.js';
import type { ZohoLimits } from './zoho-limits.js';

/** What a region's API works with. */
export interface BooksContext {
  readonly clock: Clock;
  readonly ledger: TruthLedger;
  readonly grants: Grants;
  readonly limits: ZohoLimits;
  /** Organisations of a user. */
  readonly organisationsOf: (userId: string) => readonly Organisation[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The organisation that a call to Zoho Books was admitted for. */
    zohoOrganisation: Organisation | null;
    zohoConsent: Consent | null;
  }
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'READ',
  POST: 'CREATE',
  PUT: 'UPDATE',
  DELETE: 'DELETE',
};
const MAX_PER_PAGE = 200;

/** Token, organisation and limits, in this order, before anything is looked at. */
export function addBooksGuard(server: FastifyInstance, region: string, context: BooksContext): void {
  server.decorateRequest('zohoOrganisation', null);
  server.decorateRequest('zohoConsent', null);
  server.addHook('preHandler', (request, reply, done) => {
    // Clients go on from the time of an answer, so it must be that of the books.
    void reply.header('date', new Date(context.clock.now()).toUTCString());
    const refusal = admit(request, region, context);
    if (refusal === undefined) done();
    else void problem(reply, refusal);
  });
  server.addHook('onResponse', (request, _reply, done) => {
    if (request.zohoOrganisation) context.limits.leave(request.zohoOrganisation.spec.organizationId);
    done();
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof ZohoProblem) return problem(reply, error);
    if ((error.statusCode ?? 500) >= 500) throw error;
    return problem(reply, new ZohoProblem(400, 1038, 'JSON is not well formed'));
  });
  server.setNotFoundHandler((_request, reply) =>
    problem(reply, new ZohoProblem(404, 5, 'Invalid URL Passed')),
  );
}

/** Everything below `/books/v3`. */
export function addBooksRoutes(server: FastifyInstance, context: BooksContext): void {
  server.get('/organizations', (request, reply) => {
    const organizations = context
      .organisationsOf(request.zohoConsent?.userId ?? '')
      .map((organisation, index) => organizationOf(organisation, index === 0));
    return success(reply, 200, { organizations });
  });
  for (const module of modules) addModule(server, module, context);
}

function addModule(server: FastifyInstance, module: Module, { ledger }: BooksContext): void {
  const { path, singular, title } = module;
  const note = (request: FastifyRequest, action: string, record: Fields): void => {
    const account = organisationOf(request).spec.organizationId;
    const id = String(record[module.idField]);
    ledger.record({ vendor: 'zoho-books', kind: singular, action, account, id });
  };
  server.get(`/${path}`, (request, reply) => success(reply, 200, listOf(request, module)));
  server.get<{ Params: { id: string } }>(`/${path}/:id`, (request, reply) =>
    success(reply, 200, { [singular]: organisationOf(request).get(path, request.params.id) }),
  );
  server.post(`/${path}`, (request, reply) => {
    const record = organisationOf(request).create(path, bodyOf(request));
    note(request, 'create', record);
    return success(reply, 201, { [singular]: record }, `The ${title.toLowerCase()} has been created.`);
  });
  server.put<{ Params: { id: string } }>(`/${path}/:id`, (request, reply) => {
    const record = organisationOf(request).update(path, request.params.id, bodyOf(request));
    note(request, 'update', record);
    return success(reply, 200, { [singular]: record }, `${title} information has been updated.`);
  });
  server.delete<{ Params: { id: string } }>(`/${path}/:id`, (request, reply) => {
    organisationOf(request).delete(path, request.params.id);
    note(request, 'delete', { [module.idField]: request.params.id });
    return success(reply, 200, {}, `The ${title.toLowerCase()} has been deleted.`);
  });
  const move = (request: FastifyRequest, id: string, status: string, emailed = false): void =>
    note(request, 'update', organisationOf(request).move(path, id, status, emailed));
  const moving = path === 'contacts' ? `/${path}/:id/:status` : `/${path}/:id/status/:status`;
  server.post<{ Params: { id: string; status: string } }>(moving, (request, reply) => {
    move(request, request.params.id, request.params.status);
    return success(reply, 200, {}, `${title} status has been changed to ${request.params.status}.`);
  });
  if (path === 'invoices')
    server.post<{ Params: { id: string } }>('/invoices/:id/email', (request, reply) => {
      move(request, request.params.id, 'sent', true);
      return success(reply, 200, {}, 'Your invoice has been sent.');
    });
}

function admit(request: FastifyRequest, region: string, context: BooksContext): ZohoProblem | undefined {
  const token = /^Zoho-oauthtoken (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const consent = token === undefined ? undefined : context.grants.consentOf(token, region);
  if (!consent)
    return new ZohoProblem(
      401,
      token === undefined ? 57 : 14,
      'You are not authorized to perform this operation',
    );
  request.zohoConsent = consent;
  const path = request.routeOptions.url?.split('/books/v3/')[1] ?? '';
  const isOrganizations = path === 'organizations';
  const scope = isOrganizations
    ? 'settings'
    : (modules.find((module) => path.startsWith(module.path))?.scope ?? 'settings');
  const verb = verbs[request.method] ?? 'READ';
  const wanted = [`ZohoBooks.${scope}.${verb}`, `ZohoBooks.${scope}.ALL`, 'ZohoBooks.fullaccess.all'];
  if (!wanted.some((name) => consent.scopes.includes(name)))
    return new ZohoProblem(401, 57, 'You are not authorized to perform this operation');
  if (isOrganizations) return undefined;
  const { organization_id: id } = request.query as { organization_id?: string };
  const organisation = context.organisationsOf(consent.userId).find(({ spec }) => spec.organizationId === id);
  if (!organisation) return new ZohoProblem(400, 6, 'Invalid value passed for organization_id');
  const { organizationId, plan } = organisation.spec;
  const refusal = context.limits.enter(organizationId, plan, context.clock.now());
  if (refusal) return new ZohoProblem(429, refusal.code, refusal.message);
  request.zohoOrganisation = organisation;
  return undefined;
}

function organisationOf(request: FastifyRequest): Organisation {
  if (!request.zohoOrganisation) throw new ZohoProblem(400, 6, 'Invalid value passed for organization_id');
  return request.zohoOrganisation;
}

/** The body as JSON, or JSON in the form field `JSONString`. */
function bodyOf(request: FastifyRequest): Fields {
  const body = request.body as Fields | undefined;
  const text = body?.['JSONString'];
  if (typeof text !== 'string') return body ?? {};
  try {
    return JSON.parse(text) as Fields;
  } catch {
    throw new ZohoProblem(400, 1038, 'JSON is not well formed');
  }
}

/** Filters and sort columns that the API does not have are ignored without a word, as Zoho ignores them. */
function listOf(request: FastifyRequest, module: Module): Record<string, unknown> {
  const query = request.query as Readonly<Record<string, string | undefined>>;
  const page = wholeNumber(query['page'], 'page', 1);
  const perPage = Math.min(wholeNumber(query['per_page'], 'per_page', MAX_PER_PAGE), MAX_PER_PAGE);
  const since = sinceOf(query['last_modified_time'], module);
  const rows = organisationOf(request)
    .list(module.path)
    .filter(({ changedAt }) => changedAt >= since)
    .filter(({ record }) => fits(record, query));
  if (query['sort_column'] === 'last_modified_time' && module.path !== 'customerpayments')
    rows.sort((a, b) => b.changedAt - a.changedAt);
  if (query['sort_order'] === 'A') rows.reverse();
  const start = (page - 1) * perPage;
  return {
    [module.plural]: rows.slice(start, start + perPage).map(({ record }) => rowOf(record, module)),
    page_context: {
      page,
      per_page: perPage,
      has_more_page: rows.length > start + perPage,
      applied_filter: 'Status.All',
      sort_column: query['sort_column'] ?? 'created_time',
      sort_order: query['sort_order'] ?? 'D',
    },
  };
}

function fits(record: Fields, query: Readonly<Record<string, string | undefined>>): boolean {
  return ['status', 'customer_id', 'vendor_id', 'contact_type', 'invoice_number', 'bill_number'].every(
    (name) => query[name] === undefined || record[name] === query[name],
  );
}

function rowOf(record: Fields, module: Module): Fields {
  return Object.fromEntries(
    module.rowFields.filter((name) => name in record).map((name) => [name, record[name]]),
  );
}

/** A plus that was not encoded has become a space, and the filter is then no time any more. */
function sinceOf(text: string | undefined, { filtersByTime }: Module): number {
  if (text === undefined || !filtersByTime) return 0;
  const ms = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  if (Number.isNaN(ms)) throw invalidValue('last_modified_time');
  return ms;
}

function wholeNumber(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw invalidValue(name);
  return number;
}

function organizationOf({ spec, currencyId }: Organisation, isDefault: boolean): Fields {
  return {
    organization_id: spec.organizationId,
    name: spec.name,
    contact_name: 'Demo Owner',
    email: 'owner@demo.example',
    is_default_org: isDefault,
    plan_type: 1,
    plan_name: spec.plan,
    plan_period: 'Monthly',
    tax_group_enabled: true,
    language_code: 'en',
    fiscal_year_start_month: 0,
    account_created_date: '2020-02-18',
    time_zone: spec.timeZone,
    is_org_active: true,
    currency_id: currencyId,
    currency_code: spec.currencyCode,
    currency_symbol: spec.currencyCode,
    price_precision: 2,
    country_code: spec.countryCode,
  };
}

function success(reply: FastifyReply, status: number, content: Fields, message = 'success'): FastifyReply {
  return reply.code(status).send({ code: 0, message, ...content });
}

function problem(reply: FastifyReply, { status, code, message }: ZohoProblem): FastifyReply {
  return reply.code(status).send({ code, message });
}

/** The same for injected faults. */
export function faultBody(status: number): { contentType: string; body: string } {
  const code = status === 429 ? 44 : 1000;
  return {
    contentType: 'application/json;charset=UTF-8',
    body: JSON.stringify({ code, message: 'An injected fault' }),
  };
}
