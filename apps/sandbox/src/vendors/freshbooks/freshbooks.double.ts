import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DeliveryLog } from '../../kit/delivery-log.js';
import { addFaultHooks, type FaultableVendor } from '../../kit/fault-hooks.js';
import { FaultPlan } from '../../kit/fault-plan.js';
import { HttpCaller } from '../../kit/http-caller.js';
import { fixedUuid, Ids } from '../../kit/ids.js';
import { mountAt } from '../../kit/mount-at.js';
import { SandboxClock } from '../../kit/sandbox-clock.js';
import { TruthLedger } from '../../kit/truth-ledger.js';
import type { EndpointDescription, VendorDouble } from '../../kit/vendor-double.js';
import { addAccountingRoutes } from './api/accounting.routes.js';
import { addCallbackRoutes } from './api/callbacks.routes.js';
import { accountOf, addGuard, type ApiContext, CallLimits } from './api/freshbooks-guard.js';
import { AccountBooks, type Business } from './books/account-books.js';
import type { BookChange } from './books/entity.js';
import { FRESHBOOKS_ENDPOINTS } from './freshbooks.endpoints.js';
import { ALL_SCOPES, defaultApp } from './oauth/freshbooks-app.js';
import { FreshbooksGrants } from './oauth/freshbooks-grants.js';
import {
  addAuthorizeRoutes,
  addTokenRoutes,
  type FreshbooksUser,
  type OAuthContext,
} from './oauth/oauth.routes.js';
import { FreshbooksCallbacks } from './webhooks/freshbooks-callbacks.js';
import { fillDemoBooks } from './world/demo-books.js';

/** An authorised business, as `.ledgerwire/sandbox.json` lists it. */
export interface FreshbooksAccount {
  /** The number of the business. */
  readonly connectionId: string;
  readonly accountId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What a test or a script may say about a further business. */
export interface BusinessSpec {
  readonly name?: string | undefined;
  readonly country?: string | undefined;
  readonly currency?: string | undefined;
}

const limitsSchema = z.strictObject({
  perAccountMinute: z
    .int()
    .min(0)
    .nullable()
    .describe('Calls a minute for one account; FreshBooks publishes none'),
});
const OWNER = 712_052;
/** Outside clients sign in as somebody else, since a user has one refresh token per app. */
const COLLEAGUE = 900_001;
const RENEW_BEFORE_MS = 30 * 60_000;

/** FreshBooks' sign-in, identity, accounting and callbacks over books in memory. */
@Injectable()
export class FreshbooksDouble implements VendorDouble, FaultableVendor {
  readonly vendor = 'freshbooks';
  readonly endpoints: readonly EndpointDescription[] = FRESHBOOKS_ENDPOINTS;
  readonly app = defaultApp();
  readonly grants: FreshbooksGrants;
  readonly callbacks: FreshbooksCallbacks;
  private readonly callLimits = new CallLimits();
  private readonly books = new Map<string, AccountBooks>();
  private readonly owners = new Map<string, number>();
  private clientTokens: { accessToken: string; refreshToken: string; renewAt: number } | undefined;
  private isSeeding = false;

  constructor(
    @Inject(SandboxClock) private readonly clock: SandboxClock,
    @Inject(Ids) private readonly ids: Ids,
    @Inject(TruthLedger) private readonly ledger: TruthLedger,
    @Inject(FaultPlan) private readonly faults: FaultPlan,
    @Inject(HttpCaller) caller: HttpCaller,
    @Inject(DeliveryLog) log: DeliveryLog,
  ) {
    this.grants = new FreshbooksGrants({
      clock,
      ids,
      sealKey: this.app.clientSecret,
      users: () => [...this.owners.values(), COLLEAGUE],
      allScopes: ALL_SCOPES,
    });
    this.callbacks = new FreshbooksCallbacks({ clock, ids, caller, log });
    this.seed();
  }

  mount(server: FastifyInstance): void {
    const withFaults = (mount: (scope: FastifyInstance) => void) => (scope: FastifyInstance) => {
      addFaultHooks(scope, this.faults, this);
      mount(scope);
    };
    mountAt(
      server,
      '/freshbooks/login',
      withFaults((scope) => addAuthorizeRoutes(scope, this.oauth())),
    );
    mountAt(
      server,
      '/freshbooks/auth',
      withFaults((scope) => addTokenRoutes(scope, this.oauth())),
    );
    mountAt(server, '/freshbooks/accounting', (scope) => {
      addGuard(scope, this.api());
      addFaultHooks(scope, this.faults, this);
      addAccountingRoutes(scope, { clock: this.clock, ledger: this.ledger });
    });
    mountAt(server, '/freshbooks/events', (scope) => {
      addGuard(scope, this.api());
      addFaultHooks(scope, this.faults, this);
      addCallbackRoutes(scope, this.callbacks);
    });
  }

  connectionOf(request: FastifyRequest): string | undefined {
    const account = accountOf(request);
    return account === '' ? undefined : account;
  }

  errorBody(status: number): { contentType: string; body: string } {
    const body = JSON.stringify({ code: status, message: 'An injected fault', details: [] });
    return { contentType: 'application/json; charset=utf-8', body };
  }

  clients(origin: string): Record<string, unknown> {
    const { clientId, clientSecret } = this.app;
    const accounts = [...this.books.values()].map(({ business }) => this.account(business));
    const freshbooks = {
      apiBaseUrl: `${origin}/freshbooks`,
      authBaseUrl: `${origin}/freshbooks/login`,
      clientId,
      clientSecret,
      // Each callback has a secret of its own: `GET /__sandbox/freshbooks/callbacks` shows them.
      webhookKey: '',
      accounts,
    };
    return { vendors: { freshbooks } };
  }

  servers(): Record<string, string> {
    return { api: '/freshbooks', auth: '/freshbooks/login' };
  }

  webhooks(): Record<string, unknown> {
    return this.callbacks.settings();
  }

  async changeWebhooks(change: unknown): Promise<Record<string, unknown>> {
    this.callbacks.change(change);
    return Promise.resolve(this.webhooks());
  }

  limits(): Record<string, number | null> {
    return { perAccountMinute: this.callLimits.perAccountMinute };
  }

  changeLimits(change: unknown): void {
    const { perAccountMinute } = limitsSchema.partial().parse(change);
    if (perAccountMinute !== undefined) this.callLimits.perAccountMinute = perAccountMinute;
  }

  summary(): Record<string, number | string> {
    const count = (kind: Parameters<AccountBooks['all']>[0]): number =>
      [...this.books.values()].reduce((sum, books) => sum + books.all(kind).length, 0);
    return {
      businesses: this.books.size,
      clients: count('client'),
      invoices: count('invoice'),
      payments: count('payment'),
      bills: count('bill'),
      callbacks: Number(this.webhooks()['callbacks']),
    };
  }

  reset(): void {
    this.books.clear();
    this.owners.clear();
    this.clientTokens = undefined;
    this.grants.reset();
    this.callbacks.reset();
    this.callLimits.reset();
    this.app.redirectUris = [];
    this.seed();
  }

  /** A further business with an owner of its own and empty books. */
  addBusiness({ name, country = 'United States', currency = 'USD' }: BusinessSpec): FreshbooksAccount {
    const number = this.books.size + 1;
    const business: Business = {
      accountId: this.ids.hex(3),
      businessId: 80_000 + number,
      businessUuid: this.ids.uuid(),
      name: name ?? `Business ${String(number).padStart(4, '0')}`,
      country,
      currency,
    };
    this.create(business, OWNER + number);
    return this.account(business);
  }

  /** Ends what the owner of an account allowed, as they would in FreshBooks: calls and refreshes are refused. */
  revoke(accountId: string): boolean {
    const owner = this.owners.get(accountId);
    return owner !== undefined && this.grants.revokeUser(owner);
  }

  accountIds(): Iterable<string> {
    return this.books.keys();
  }

  private seed(): void {
    const business: Business = {
      accountId: '6BApk',
      businessId: 77_128,
      businessUuid: fixedUuid('freshbooks business demo'),
      name: 'Main Street Accounting (US)',
      country: 'United States',
      currency: 'USD',
    };
    this.isSeeding = true;
    try {
      fillDemoBooks(this.create(business, OWNER));
    } finally {
      this.isSeeding = false;
    }
    // What is made from now on has other numbers than in every run before.
    this.books.get(business.accountId)?.numberFrom(1_000_000 + Number.parseInt(this.ids.hex(4), 16));
  }

  private create(business: Business, ownerId: number): AccountBooks {
    const books = new AccountBooks(business, this.clock, (change) => this.tell(change));
    this.books.set(business.accountId, books);
    this.owners.set(business.accountId, ownerId);
    return books;
  }

  private tell(change: BookChange): void {
    if (!this.isSeeding) this.callbacks.take(change);
  }

  /** Tokens for outside clients, of a user of their own: they reach every business and race nobody for a refresh token. */
  private account({ accountId, businessId }: Business): FreshbooksAccount {
    const now = this.clock.now();
    if (!this.clientTokens || this.clientTokens.renewAt <= now) {
      const tokens = this.grants.issue({ userId: COLLEAGUE, scopes: ALL_SCOPES });
      const renewAt = now + this.grants.settings.accessTtlMs - RENEW_BEFORE_MS;
      this.clientTokens = { accessToken: tokens.access_token, refreshToken: tokens.refresh_token, renewAt };
    }
    const { accessToken, refreshToken } = this.clientTokens;
    return { connectionId: String(businessId), accountId, accessToken, refreshToken };
  }

  private userOf(id: number): FreshbooksUser | undefined {
    const businesses = [...this.books.values()].map(({ business }) => business);
    const own = businesses.filter(({ accountId }) => this.owners.get(accountId) === id);
    if (id === COLLEAGUE)
      return {
        id,
        email: 'colleague@ledgerwire.example',
        memberships: businesses.map((business) => ({ role: 'manager', business })),
      };
    if (own.length === 0) return undefined;
    return {
      id,
      email: 'owner@ledgerwire.example',
      memberships: own.map((business) => ({ role: 'owner', business })),
    };
  }

  private oauth(): OAuthContext {
    return {
      app: this.app,
      grants: this.grants,
      now: () => this.clock.now(),
      user: (id) => this.userOf(id),
      owner: (account) => {
        const found = [...this.books.values()].find(
          ({ business }) => account === undefined || [business.accountId, business.name].includes(account),
        );
        return found && this.userOf(this.owners.get(found.business.accountId) ?? 0);
      },
    };
  }

  private api(): ApiContext {
    return {
      clock: this.clock,
      grants: this.grants,
      limits: this.callLimits,
      booksOf: (accountId) => this.books.get(accountId),
      isMember: (userId, accountId) =>
        this.userOf(userId)?.memberships.some(({ business }) => business.accountId === accountId) ?? false,
    };
  }
}
