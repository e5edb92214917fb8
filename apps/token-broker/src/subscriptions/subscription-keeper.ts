import { type Clock, codeOf, randomId, type Random } from '#libs/core';
import type { ConnectionRow, Database, WebhookSubscription } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { RemoteSubscription, SubscriptionProof } from '#libs/vendor-kit';
import type { SubscriptionSecrets } from '../crypto/subscription-secrets.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { VendorAccess } from '../vendor-access.js';
import { advanceSubscription } from './advance-subscription.js';
import type { SubscriptionAccess, SubscriptionCalls } from './subscription-calls.js';

/** What {@link SubscriptionKeeper} works with. */
export interface SubscriptionKeeperTools {
  readonly database: Pick<Database, 'connections' | 'subscriptions'>;
  readonly vendors: VendorAccess;
  readonly calls: SubscriptionCalls;
  readonly secrets: SubscriptionSecrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
  /** Nothing is subscribed to while this is undefined. */
  readonly webhookBaseUrl: string | undefined;
}

/** Whoever is killed with rows in hand is followed after this. */
const LEASE_MS = 60_000;
const BATCH = 60;
/** Room for each row in the look at everything after a start. */
const WAKE_SPREAD_PER_ROW_MS = 50;

/**
 * Keeps the webhook subscriptions of vendors that have an API for them: makes those of new connections, gives handshakes back, asks
 * for lost ones, and makes anew what the vendor no longer has.
 */
export class SubscriptionKeeper {
  private isAwake = false;
  private underWay: Promise<void> = Promise.resolve();

  constructor(private readonly tools: SubscriptionKeeperTools) {}

  /** One round; of several instances each row goes to one. */
  async run(): Promise<void> {
    if (this.tools.webhookBaseUrl === undefined) return;
    if (!this.isAwake) await this.wakeAll();
    await this.wantMissing();
    for (let due = await this.claim(); due.length > 0; due = await this.claim())
      await Promise.all(this.byConnection(due).map((rows) => this.advance(rows)));
  }

  /**
   * Keeps the secret of a handshake, and gives it back to the vendor right away. False = there is no such subscription. Nobody has
   * vouched for it: the vendor will say whether it is the right one.
   */
  async prove(connectionId: string, proof: Omit<SubscriptionProof, 'remoteId'>): Promise<boolean> {
    const { database, secrets, clock } = this.tools;
    const sealed = secrets.seal(proof.subscriptionId, proof.secret);
    const id = { connectionId, subscriptionId: proof.subscriptionId };
    const known = await database.subscriptions.prove(id, sealed, clock.now());
    if (known) this.soon();
    return known;
  }

  list(connectionId: string): Promise<readonly WebhookSubscription[]> {
    return this.tools.database.subscriptions.ofConnection(connectionId);
  }

  /** Removes a connection's subscriptions at the vendor. @throws VendorError, with what is left still known here. */
  async leave(row: ConnectionRow): Promise<void> {
    const access = await this.tools.calls.open(row);
    for (const { remoteId } of access ? await this.list(row.connectionId) : [])
      if (remoteId !== null) await access?.subscriptions.remove(access.call, remoteId);
  }

  /** The next round looks at what the vendor has of a connection, and makes anew what is not there. */
  async lookAgain(connectionId: string): Promise<void> {
    await this.tools.database.subscriptions.wakeConnection(connectionId, this.tools.clock.now());
  }

  /** Resolves when nothing is being done in the background. */
  async idle(): Promise<void> {
    await this.underWay;
  }

  private soon(): void {
    this.underWay = this.underWay
      .then(() => this.run())
      .catch((error: unknown) => {
        this.tools.logger.warn({ event: 'subscriptions.failed', error });
      });
  }

  /** What delivered when this process was started is looked for soon: the vendor may have lost it meanwhile. */
  private async wakeAll(): Promise<void> {
    const { subscriptions } = this.tools.database;
    const rows = await subscriptions.countAll();
    await subscriptions.wake(this.tools.clock.now(), rows * WAKE_SPREAD_PER_ROW_MS);
    this.isAwake = true;
  }

  private async wantMissing(): Promise<void> {
    const { vendors, database, clock } = this.tools;
    for (const { vendor } of vendors.oauthVendors()) {
      const events = vendor.subscriptions?.events ?? [];
      if (events.length === 0) continue;
      const lacking = await database.subscriptions.connectionsLacking(
        vendor.manifest.id,
        events.length,
        BATCH,
      );
      for (const connectionId of lacking) {
        const wanted = events.map((event) => ({ subscriptionId: randomId(), event }));
        await database.subscriptions.want(connectionId, wanted, clock.now());
      }
    }
  }

  private claim(): Promise<WebhookSubscription[]> {
    return this.tools.database.subscriptions.claimDue(this.tools.clock.now(), LEASE_MS, BATCH);
  }

  private byConnection(rows: readonly WebhookSubscription[]): WebhookSubscription[][] {
    return [...Map.groupBy(rows, ({ connectionId }) => connectionId).values()];
  }

  /** One after the other, so that a vendor sees one call of a connection at a time. */
  private async advance(rows: readonly WebhookSubscription[]): Promise<void> {
    const { database, metrics, logger } = this.tools;
    const connection = await database.connections.find(rows[0]?.connectionId ?? '');
    const access = connection && (await this.open(connection));
    if (!connection || !access) return;
    const remote = once(() => access.subscriptions.list(access.call));
    for (const row of rows) {
      const { outcome, problem } = await advanceSubscription(this.tools, access, row, remote);
      metrics.subscription(connection.vendor, outcome);
      const { connectionId, event, subscriptionId } = row;
      const line = {
        event: `subscription.${outcome}`,
        vendor: connection.vendor,
        connectionId,
        subscribedTo: event,
        subscriptionId,
      };
      if (problem === null) logger.info(line);
      else logger.warn({ ...line, problem });
    }
  }

  /** Null when the lease has to run out first: no consent, or no token at the moment. */
  private async open(connection: ConnectionRow): Promise<SubscriptionAccess | null> {
    try {
      return await this.tools.calls.open(connection);
    } catch (error) {
      const { connectionId, vendor } = connection;
      this.tools.logger.warn({ event: 'subscriptions.no-access', connectionId, vendor, code: codeOf(error) });
      return null;
    }
  }
}

/** Asks at the first use and gives the same answer after that. */
function once(
  ask: () => Promise<readonly RemoteSubscription[]>,
): () => Promise<readonly RemoteSubscription[]> {
  let answer: Promise<readonly RemoteSubscription[]> | undefined;
  return () => (answer ??= ask());
}
