import type { Clock, Random } from '#libs/core';
import type { Database } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { FaultPoints, VendorDefinition } from '#libs/vendor-kit';
import { ConnectLinks } from './connect/connect-links.js';
import { ConsentFlow } from './connect/consent-flow.js';
import { ConnectionDesk } from './connections/connection-desk.js';
import { ServiceKeys } from './connections/service-keys.js';
import { GrantSecrets } from './crypto/grant-secrets.js';
import { KeySecrets } from './crypto/key-secrets.js';
import { SubscriptionSecrets } from './crypto/subscription-secrets.js';
import type { MasterKeys } from './crypto/master-keys.js';
import { SecretBox } from './crypto/secret-box.js';
import { AccountCheck } from './maintenance/account-check.js';
import { KeyRotation } from './maintenance/key-rotation.js';
import { type Chore, Maintenance } from './maintenance/maintenance.js';
import { RefreshAhead } from './maintenance/refresh-ahead.js';
import { Announcer } from './publish/announcer.js';
import type { ConnectionPublisher } from './publish/connection-publisher.js';
import { SubscriptionCalls } from './subscriptions/subscription-calls.js';
import { SubscriptionKeeper } from './subscriptions/subscription-keeper.js';
import type { TokenBrokerMetrics } from './token-broker.metrics.js';
import { AccessTokens } from './tokens/access-tokens.js';
import type { RefreshSettings } from './tokens/refresh-settings.js';
import { TokenRefresher } from './tokens/token-refresher.js';
import type { OAuthAccess, VendorAccess } from './vendor-access.js';

/** Everything outside of token-broker that it works with. */
export interface TokenBrokerParts {
  readonly database: Database;
  readonly masterKeys: MasterKeys;
  readonly vendors: VendorAccess;
  readonly appWebhookKeys: (vendor: VendorDefinition) => readonly string[];
  readonly publisher: ConnectionPublisher;
  readonly publicBaseUrl: string;
  /** Under which vendors reach ingress; undefined = no webhook subscriptions are made. */
  readonly webhookBaseUrl: string | undefined;
  readonly settings: RefreshSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
  readonly faultPoints: FaultPoints;
}

/** A vendor of the build. */
export interface KnownVendor {
  readonly vendor: VendorDefinition;
  /** False: credentials of our app there are missing, so that nothing can be connected. */
  readonly configured: boolean;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** States are kept for a while after they ended, so that whoever comes back with one is told why it is no good. */
const ENDED_STATES_KEPT_MS = 24 * 60 * MINUTE_MS;

/** What token-broker can do, put together without a framework: the module wraps it, tests use it as it is. */
export class TokenBroker {
  readonly accessTokens: AccessTokens;
  readonly serviceKeys: ServiceKeys;
  readonly consents: ConsentFlow;
  readonly links: ConnectLinks;
  readonly desk: ConnectionDesk;
  readonly keyRotation: KeyRotation;
  readonly refreshAhead: RefreshAhead;
  readonly accountCheck: AccountCheck;
  readonly announcer: Announcer;
  readonly subscriptions: SubscriptionKeeper;
  private readonly refresher: TokenRefresher;
  private readonly maintenance: Maintenance;
  private everythingAnnounced = false;

  constructor(private readonly parts: TokenBrokerParts) {
    const box = new SecretBox(parts.masterKeys);
    const secrets = new GrantSecrets(box);
    const keySecrets = new KeySecrets(box);
    this.announcer = new Announcer(parts);
    const { announcer } = this;
    this.refresher = new TokenRefresher({ ...parts, secrets, announcer });
    const { refresher } = this;
    this.accessTokens = new AccessTokens({ ...parts, secrets, refresher });
    const { accessTokens } = this;
    const subscriptionSecrets = new SubscriptionSecrets(box);
    this.serviceKeys = new ServiceKeys({
      ...parts,
      registry: parts.vendors.registry,
      keySecrets,
      subscriptionSecrets,
    });
    const calls = new SubscriptionCalls({ ...parts, accessTokens });
    this.subscriptions = new SubscriptionKeeper({ ...parts, calls, secrets: subscriptionSecrets });
    const { subscriptions } = this;
    this.consents = new ConsentFlow({ ...parts, secrets, box, announcer });
    this.links = new ConnectLinks(parts.masterKeys, parts.clock);
    this.desk = new ConnectionDesk({ ...parts, keySecrets, accessTokens, announcer, subscriptions });
    this.keyRotation = new KeyRotation({ ...parts, secrets, keySecrets, subscriptionSecrets });
    this.refreshAhead = new RefreshAhead({ ...parts, refresher });
    this.accountCheck = new AccountCheck({ ...parts, accessTokens, announcer });
    this.maintenance = new Maintenance(this.chores(), parts.clock, parts.random, parts.logger);
  }

  /** The vendor, if accounts can be connected there by consent. @throws LedgerwireError as {@link VendorAccess.oauth}. */
  assertConnectable(vendorId: string): OAuthAccess {
    return this.parts.vendors.oauth(vendorId);
  }

  /** Every vendor of the build, by name. */
  vendors(): readonly KnownVendor[] {
    const { registry } = this.parts.vendors;
    const usable = new Set(this.parts.vendors.oauthVendors().map(({ vendor }) => vendor.manifest.id));
    return registry.all.map((vendor) => ({
      vendor,
      configured: vendor.auth.kind !== 'oauth2' || usable.has(vendor.manifest.id),
    }));
  }

  /** Begins the work that nobody asks for: refreshing ahead, publishing again, checking accounts. */
  start(): void {
    this.maintenance.start();
  }

  /** Ends that work and waits for refreshes that are under way: their answers exist nowhere else yet. */
  async stop(): Promise<void> {
    await this.maintenance.stop();
    await this.refresher.idle();
    await this.subscriptions.idle();
    await this.announcer.idle();
  }

  private chores(): readonly Chore[] {
    const { database, clock } = this.parts;
    return [
      { name: 'refresh-ahead', everyMs: 15 * SECOND_MS, run: () => this.refreshAhead.run() },
      { name: 'publish', everyMs: 5 * SECOND_MS, run: () => this.publish() },
      { name: 'subscriptions', everyMs: 3 * SECOND_MS, run: () => this.subscriptions.run() },
      { name: 'account-check', everyMs: 5 * MINUTE_MS, run: () => this.accountCheck.run() },
      { name: 'master-keys', everyMs: 10 * MINUTE_MS, run: () => this.watchKeys() },
      {
        name: 'ended-states',
        everyMs: 60 * MINUTE_MS,
        run: async () =>
          void (await database.oauthStates.deleteEndedBefore(clock.now() - ENDED_STATES_KEPT_MS)),
      },
    ];
  }

  private async publish(): Promise<void> {
    if (this.everythingAnnounced) await this.announcer.announceOwed();
    else this.everythingAnnounced = await this.announcer.announceEverything();
  }

  private async watchKeys(): Promise<void> {
    const { missing, configured } = await this.keyRotation.report();
    if (missing.length > 0) this.parts.logger.error({ event: 'master-key.missing', missing, configured });
  }
}
