import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { defined } from '../../kit/defined.js';
import { DeliveryLog } from '../../kit/delivery-log.js';
import { addFaultHooks, type FaultableVendor } from '../../kit/fault-hooks.js';
import { FaultPlan } from '../../kit/fault-plan.js';
import { HttpCaller } from '../../kit/http-caller.js';
import { Ids } from '../../kit/ids.js';
import { mountAt } from '../../kit/mount-at.js';
import { Origin } from '../../kit/origin.js';
import { SandboxClock } from '../../kit/sandbox-clock.js';
import { TruthLedger } from '../../kit/truth-ledger.js';
import type { EndpointDescription, VendorDouble } from '../../kit/vendor-double.js';
import { type AccountsContext, addAccountsRoutes, type ZohoUser } from './accounts/accounts.routes.js';
import { Grants } from './accounts/grants.js';
import { defaultApp, ZOHO_REGIONS } from './accounts/zoho-app.js';
import { addBooksGuard, addBooksRoutes, type BooksContext, faultBody } from './api/books.routes.js';
import { ZohoLimits, zohoLimitsSchema } from './api/zoho-limits.js';
import { modules } from './books/modules.js';
import { type BookChange, Organisation, type OrganisationSpec } from './books/organisation.js';
import { WorkflowRules } from './webhooks/workflow-rules.js';
import { demoOrganisations, fillDemoBooks } from './world.js';
import { ZOHO_BOOKS_CONTROLS, ZOHO_BOOKS_ENDPOINTS } from './zoho-books.endpoints.js';

/** An authorised organisation, as `.ledgerwire/sandbox.json` lists it. */
export interface ZohoAccount {
  /** The organisation, as Zoho has no other word for a connection. */
  readonly connectionId: string;
  readonly accountId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly region: string;
  readonly apiBaseUrl: string;
  readonly authBaseUrl: string;
}

/** Outside clients may read and write everything that the double has. */
const CLIENT_SCOPES = ['ZohoBooks.settings.ALL', ...modules.map(({ scope }) => `ZohoBooks.${scope}.ALL`)];
const RENEW_BEFORE_MS = 5 * 60_000;

/** Zoho's accounts servers, Books API v3 and workflow rules in eight regions, over books in memory. */
@Injectable()
export class ZohoBooksDouble implements VendorDouble, FaultableVendor {
  readonly vendor = 'zoho-books';
  readonly endpoints: readonly EndpointDescription[] = ZOHO_BOOKS_ENDPOINTS;
  readonly controls: readonly EndpointDescription[] = ZOHO_BOOKS_CONTROLS;
  readonly app = defaultApp();
  readonly grants: Grants;
  readonly rules: WorkflowRules;
  private readonly rates = new ZohoLimits();
  private readonly organisations = new Map<string, Organisation>();
  private readonly accounts = new Map<string, ZohoAccount & { readonly renewAt: number }>();
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
    this.grants = new Grants({ clock, ids, sealKey: this.app.clientSecret });
    this.rules = new WorkflowRules({ clock, caller, log });
    this.seed();
  }

  mount(server: FastifyInstance): void {
    for (const region of ZOHO_REGIONS) {
      mountAt(server, `/zoho-books/${region}/accounts`, (child) => {
        addFaultHooks(child, this.faults, this);
        addAccountsRoutes(child, region, this.accountsContext());
      });
      mountAt(server, `/zoho-books/${region}/api/books/v3`, (child) => {
        const context = this.booksContext();
        addBooksGuard(child, region, context);
        addFaultHooks(child, this.faults, this);
        addBooksRoutes(child, context);
      });
    }
  }

  connectionOf(request: FastifyRequest): string | undefined {
    return (request.query as { organization_id?: string }).organization_id;
  }

  errorBody(status: number): { contentType: string; body: string } {
    return faultBody(status);
  }

  clients(origin: string): Record<string, unknown> {
    const accounts = [...this.organisations.values()].map((organisation) =>
      this.account(organisation, origin),
    );
    const { clientId, clientSecret, webhookKey } = this.app;
    const [first] = accounts;
    const zoho = {
      apiBaseUrl: first?.apiBaseUrl,
      authBaseUrl: first?.authBaseUrl,
      clientId,
      clientSecret,
      webhookKey,
      accounts,
    };
    return { vendors: { [this.vendor]: zoho } };
  }

  servers(): Record<string, string> {
    const pairs = ZOHO_REGIONS.flatMap((region) => [
      [`accounts-${region}`, `/zoho-books/${region}/accounts`],
      [`api-${region}`, `/zoho-books/${region}/api`],
    ]);
    return { ...(Object.fromEntries(pairs) as Record<string, string>), login: '/zoho-books/us/accounts' };
  }

  webhooks(): Record<string, unknown> {
    return this.rules.settings();
  }

  async changeWebhooks(change: unknown): Promise<Record<string, unknown>> {
    this.rules.change(change);
    return this.webhooks();
  }

  limits(): Record<string, number | null> {
    const { perMinute, concurrent, perDay } = this.rates.current;
    return { perMinute, concurrent, ...(perDay !== undefined && { perDay }) };
  }

  changeLimits(change: unknown): void {
    this.rates.change(defined(zohoLimitsSchema.partial().parse(change)));
  }

  summary(): Record<string, number | string> {
    const all = [...this.organisations.values()];
    const counts = modules.map(
      ({ path }) => [path, all.reduce((sum, org) => sum + org.count(path), 0)] as const,
    );
    return { organisations: all.length, ...Object.fromEntries(counts) };
  }

  reset(): void {
    this.organisations.clear();
    this.accounts.clear();
    this.grants.reset();
    this.rules.reset();
    this.rates.reset();
    this.seed();
  }

  /** Adds an organisation with an owner of its own. */
  addOrganisation(spec: Omit<OrganisationSpec, 'organizationId'>): ZohoAccount {
    const organizationId = String(30_000_000 + (Number.parseInt(this.ids.hex(5), 16) % 60_000_000));
    return this.account(this.create({ ...spec, organizationId }), this.origin.url);
  }

  organisation(organizationId: string): Organisation | undefined {
    return this.organisations.get(organizationId);
  }

  private seed(): void {
    this.isSeeding = true;
    this.ids.pinned('zoho books demo', () => {
      for (const spec of demoOrganisations) fillDemoBooks(this.create(spec));
    });
    this.isSeeding = false;
  }

  private create(spec: OrganisationSpec): Organisation {
    const onChange = (change: BookChange): void => {
      if (!this.isSeeding) this.rules.take(change);
    };
    const organisation = new Organisation(spec, { clock: this.clock, ids: this.ids }, onChange);
    this.organisations.set(spec.organizationId, organisation);
    return organisation;
  }

  /** Tokens for outside clients, of a user of their own, so that they neither race nor evict the product's. */
  private account(organisation: Organisation, origin: string): ZohoAccount {
    const { organizationId, region } = organisation.spec;
    const known = this.accounts.get(organizationId);
    const { renewAt, ...shown } =
      known && known.renewAt > this.clock.now() ? known : this.newAccount(organisation);
    this.accounts.set(organizationId, { ...shown, renewAt });
    return {
      ...shown,
      apiBaseUrl: `${origin}/zoho-books/${region}/api`,
      authBaseUrl: `${origin}/zoho-books/${region}/accounts`,
    };
  }

  private newAccount({ spec }: Organisation): ZohoAccount & { readonly renewAt: number } {
    const { organizationId, region } = spec;
    const userId = `${ownerOf(organizationId)} (client)`;
    const refreshToken = this.grants.issueRefreshToken({ userId, region, scopes: CLIENT_SCOPES });
    const minted = this.grants.mint(refreshToken, region);
    return {
      connectionId: organizationId,
      accountId: organizationId,
      accessToken: typeof minted === 'string' ? '' : minted.accessToken,
      refreshToken,
      region,
      apiBaseUrl: '',
      authBaseUrl: '',
      renewAt: this.clock.now() + this.grants.settings.accessTtlMs - RENEW_BEFORE_MS,
    };
  }

  private accountsContext(): AccountsContext {
    const { app, grants } = this;
    return {
      app,
      grants,
      users: () => this.users(),
      accountsUrl: (region) => `${this.origin.url}/zoho-books/${region}/accounts`,
      apiUrl: (region) => `${this.origin.url}/zoho-books/${region}/api`,
    };
  }

  private booksContext(): BooksContext {
    const { clock, ledger, grants } = this;
    return {
      clock,
      ledger,
      grants,
      limits: this.rates,
      organisationsOf: (userId) =>
        [...this.organisations.values()].filter(
          ({ spec }) => userId.replace(' (client)', '') === ownerOf(spec.organizationId),
        ),
    };
  }

  private users(): ZohoUser[] {
    return [...this.organisations.values()].map(({ spec }) => ({
      userId: ownerOf(spec.organizationId),
      region: spec.region,
      organizations: [{ organizationId: spec.organizationId, name: spec.name }],
    }));
  }
}

/** Every organisation has an owner of its own. */
export function ownerOf(organizationId: string): string {
  return `owner of ${organizationId}`;
}
