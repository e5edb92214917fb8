import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { defined } from '../../kit/defined.js';
import { DeliveryLog } from '../../kit/delivery-log.js';
import { addFaultHooks, type FaultableVendor } from '../../kit/fault-hooks.js';
import { FaultPlan } from '../../kit/fault-plan.js';
import { HttpCaller } from '../../kit/http-caller.js';
import { fixedUuid, Ids } from '../../kit/ids.js';
import { mountAt } from '../../kit/mount-at.js';
import { Origin } from '../../kit/origin.js';
import { SandboxClock } from '../../kit/sandbox-clock.js';
import { TruthLedger } from '../../kit/truth-ledger.js';
import type { EndpointDescription, VendorDouble } from '../../kit/vendor-double.js';
import { addConnectionRoutes } from './api/connections.routes.js';
import { addContactRoutes } from './api/contacts.routes.js';
import { gatewayProblem, sendBadRequest, sendNotFound } from './api/envelope.js';
import { IdempotencyKeys } from './api/idempotency.js';
import { addInvoiceRoutes } from './api/invoices.routes.js';
import { addPaymentRoutes } from './api/payments.routes.js';
import { addSettingsRoutes } from './api/settings.routes.js';
import { type AccountingContext, addGuard, tenantOf } from './api/xero-context.js';
import { documentedLimits, XeroLimits, xeroLimitsSchema } from './api/xero-limits.js';
import type { Books } from './books/books.js';
import type { BookChange } from './books/xero-types.js';
import { addAuthorizeRoutes, type Connectable } from './oauth/authorize.routes.js';
import { documentedLifetimes, Grants } from './oauth/grants.js';
import { addIdentityRoutes, formOf, type IdentityContext, issueTokens } from './oauth/identity.routes.js';
import { SigningKey } from './oauth/signing-key.js';
import { defaultApp } from './oauth/xero-app.js';
import { xeroWebhookSchema } from './webhooks/webhook-settings.js';
import { XeroWebhooks } from './webhooks/xero-webhooks.js';
import { fillDemoBooks } from './world/demo-world.js';
import { fillBooks, makeOrganisation, type OrganisationSpec } from './world/make-organisation.js';
import { XERO_ENDPOINTS } from './xero.endpoints.js';

/** An authorised organisation, as `.ledgerwire/sandbox.json` lists it. */
export interface XeroAccount {
  readonly connectionId: string;
  /** The tenant id. */
  readonly accountId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The scopes that the accounts of `GET /__sandbox/clients` have: reading and writing everything the double has. */
const CLIENT_SCOPES = [
  'offline_access',
  'openid',
  'profile',
  'email',
  'accounting.invoices',
  'accounting.payments',
  'accounting.contacts',
  'accounting.settings',
];
const DEMO_TENANT = fixedUuid('xero organisation demo');
const RENEW_BEFORE_MS = 5 * 60_000;

/** Xero's identity server, connections, Accounting API and webhooks over books in memory. */
@Injectable()
export class XeroDouble implements VendorDouble, FaultableVendor {
  readonly vendor = 'xero';
  readonly endpoints: readonly EndpointDescription[] = XERO_ENDPOINTS;
  readonly app = defaultApp();
  readonly grants: Grants;
  readonly subscription: XeroWebhooks;
  private readonly rates = new XeroLimits();
  private readonly key = new SigningKey();
  private readonly books = new Map<string, Books>();
  private readonly owners = new Map<string, string>();
  private readonly accounts = new Map<string, XeroAccount & { readonly renewAt: number }>();
  private readonly idempotency: IdempotencyKeys;
  private isSeeding = false;

  constructor(
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(Ids) private readonly ids: Ids,
    @Inject(TruthLedger) private readonly ledger: TruthLedger,
    @Inject(FaultPlan) private readonly faults: FaultPlan,
    @Inject(HttpCaller) caller: HttpCaller,
    @Inject(DeliveryLog) log: DeliveryLog,
    @Inject(Origin) private readonly origin: Origin,
  ) {
    this.grants = new Grants({
      clock,
      ids,
      settings: { ...documentedLifetimes },
      sealKey: this.app.clientSecret,
      isTenant: (tenantId) => this.books.has(tenantId),
    });
    this.idempotency = new IdempotencyKeys(clock);
    this.subscription = new XeroWebhooks({ clock, ids, caller, log, key: this.app.webhookKey });
    this.seed();
  }

  mount(server: FastifyInstance): void {
    const identity = (child: FastifyInstance): void => this.mountIdentity(child);
    // Like Xero's hosts: identity.xero.com, login.xero.com/identity, api.xero.com; one issuer serves all of them.
    for (const prefix of ['/xero/identity', '/xero/login/identity', '/xero'])
      mountAt(server, prefix, identity);
    for (const prefix of ['/xero', '']) {
      mountAt(server, `${prefix}/api.xro/2.0`, (child) => this.mountAccounting(child));
      mountAt(server, prefix, (child) => this.mountConnections(child));
    }
  }

  connectionOf(request: FastifyRequest): string | undefined {
    const refreshToken = request.url.includes('/connect/token')
      ? formOf(request)['refresh_token']
      : undefined;
    return refreshToken === undefined ? tenantOf(request) : this.grants.grantOf(refreshToken)?.tenantIds[0];
  }

  errorBody(status: number): { contentType: string; body: string } {
    return {
      contentType: 'application/json; charset=utf-8',
      body: gatewayProblem(status, 'Sandbox fault', 'An injected fault'),
    };
  }

  clients(origin: string): Record<string, unknown> {
    const accounts = [...this.books.keys()].map((tenantId) => this.account(tenantId));
    const { clientId, clientSecret, webhookKey } = this.app;
    const xero = {
      apiBaseUrl: `${origin}/xero`,
      authBaseUrl: `${origin}/xero/identity`,
      clientId,
      clientSecret,
      webhookKey,
      accounts,
    };
    return { vendors: { xero } };
  }

  servers(): Record<string, string> {
    return { api: '/xero', identity: '/xero/identity', login: '/xero/login' };
  }

  webhooks(): Record<string, unknown> {
    return this.subscription.settings();
  }

  async changeWebhooks(change: unknown): Promise<Record<string, unknown>> {
    await this.subscription.change(xeroWebhookSchema.parse(change));
    return this.webhooks();
  }

  async offerIngress(ingressUrl: string): Promise<boolean> {
    return this.subscription.offer(`${ingressUrl}/webhooks/xero`);
  }

  limits(): Record<string, number | null> {
    return { ...this.rates.current };
  }

  changeLimits(change: unknown): void {
    this.rates.change(defined(xeroLimitsSchema.partial().parse(change)));
  }

  summary(): Record<string, number | string> {
    let invoices = 0;
    let contacts = 0;
    let payments = 0;
    for (const books of this.books.values()) {
      invoices += books.invoices.size;
      contacts += books.contacts.size;
      payments += books.payments.size;
    }
    return {
      organisations: this.books.size,
      contacts,
      invoices,
      payments,
      webhooks: String(this.webhooks()['status']),
    };
  }

  reset(): void {
    this.books.clear();
    this.owners.clear();
    this.accounts.clear();
    this.grants.reset();
    Object.assign(this.grants.settings, documentedLifetimes);
    this.idempotency.reset();
    this.subscription.reset();
    this.rates.reset();
    this.rates.change(documentedLimits);
    this.app.redirectUris = [];
    this.seed();
  }

  /** Adds an organisation, authorises the app for it, and fills it without raising webhooks. */
  addOrganisation(spec: OrganisationSpec): XeroAccount {
    const id = this.ids.uuid();
    const name = spec.name ?? `Organisation ${String(this.books.size + 1).padStart(4, '0')}`;
    this.withoutWebhooks(() => fillBooks(this.create(id, name, spec.country), spec));
    return this.account(id);
  }

  /** Cuts the app off from a tenant as its user would in Xero: 403 on calls, while refreshing still works. */
  disconnectTenant(tenantId: string): boolean {
    const owner = this.owners.get(tenantId);
    const connection = owner === undefined ? undefined : this.grants.connectionOf(owner, tenantId);
    return connection !== undefined && this.grants.disconnect(connection.id);
  }

  booksOf(tenantId: string): Books | undefined {
    return this.books.get(tenantId);
  }

  private seed(): void {
    this.withoutWebhooks(() =>
      this.ids.pinned('xero demo', () => fillDemoBooks(this.create(DEMO_TENANT, 'Demo Company (NZ)', 'NZ'))),
    );
  }

  private withoutWebhooks(fill: () => void): void {
    this.isSeeding = true;
    try {
      fill();
    } finally {
      this.isSeeding = false;
    }
  }

  private create(id: string, name: string, country: string): Books {
    const onChange = (change: BookChange): void => this.tell(change);
    const books = makeOrganisation(id, name, country, { clock: this.clock, ids: this.ids, onChange });
    this.books.set(id, books);
    this.owners.set(id, fixedUuid(`xero user of ${id}`));
    return books;
  }

  private tell(change: BookChange): void {
    if (!this.isSeeding && this.grants.isConnected(change.tenantId)) this.subscription.take(change);
  }

  /** Tokens for outside clients, of a grant of their own so that they never race the product's refreshes. */
  private account(tenantId: string): XeroAccount {
    const now = this.clock.now();
    const known = this.accounts.get(tenantId);
    const ownerId = this.owners.get(tenantId) ?? '';
    if (known && known.renewAt > now && this.grants.connectionOf(ownerId, tenantId)) return shown(known);
    const grant = this.grants.consent({ userId: ownerId, scopes: CLIENT_SCOPES, tenantIds: [tenantId] });
    const tokens = issueTokens(this.identity(), grant);
    const account = {
      connectionId: this.grants.connectionOf(ownerId, tenantId)?.id ?? '',
      accountId: tenantId,
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token ?? '',
      renewAt: now + this.grants.settings.accessTtlMs - RENEW_BEFORE_MS,
    };
    this.accounts.set(tenantId, account);
    return shown(account);
  }

  private identity(): IdentityContext {
    const { clock, ids, app, grants, key } = this;
    return { clock, ids, app, grants, key, issuer: () => `${this.origin.url}/xero/identity` };
  }

  private mountIdentity(server: FastifyInstance): void {
    addFaultHooks(server, this.faults, this);
    addIdentityRoutes(server, this.identity());
    addAuthorizeRoutes(server, this.identity(), () => this.connectable());
  }

  private connectable(): Connectable[] {
    return [...this.books.values()].map(({ organisation }) => ({
      tenantId: organisation.id,
      name: organisation.name,
      ownerId: this.owners.get(organisation.id) ?? '',
    }));
  }

  private mountAccounting(server: FastifyInstance): void {
    const context = this.accounting();
    addGuard(server, context);
    this.idempotency.addMemory(server);
    addFaultHooks(server, this.faults, this);
    this.idempotency.addCheck(server);
    addInvoiceRoutes(server, context);
    addContactRoutes(server, context);
    addPaymentRoutes(server, context);
    addSettingsRoutes(server, context);
    server.setNotFoundHandler((_request, reply) => sendNotFound(reply));
    server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      if ((error.statusCode ?? 500) >= 500) throw error;
      return sendBadRequest(reply, 14, 'PostDataInvalidException', error.message);
    });
  }

  private mountConnections(server: FastifyInstance): void {
    addFaultHooks(server, this.faults, this);
    addConnectionRoutes(server, this.accounting());
  }

  private accounting(): AccountingContext {
    const { clock, ledger, grants } = this;
    return { clock, ledger, grants, limits: this.rates, booksOf: (tenantId) => this.books.get(tenantId) };
  }
}

function shown({ connectionId, accountId, accessToken, refreshToken }: XeroAccount): XeroAccount {
  return { connectionId, accountId, accessToken, refreshToken };
}
