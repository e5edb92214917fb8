import { codeOf } from '#libs/core';
import type { ConnectionRow, Database } from '#libs/persistence';
import {
  type CredentialsAnswer,
  type VendorDefinition,
  type VendorRegistry,
  type VerificationKeysAnswer,
  webhookRoot,
} from '#libs/vendor-kit';
import type { KeySecrets } from '../crypto/key-secrets.js';
import type { SubscriptionSecrets } from '../crypto/subscription-secrets.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import { refusal } from '../refusal.js';

/** What {@link ServiceKeys} works with. */
export interface ServiceKeyTools {
  readonly database: Pick<Database, 'connections' | 'apiCredentials' | 'subscriptions'>;
  readonly registry: VendorRegistry;
  readonly keySecrets: KeySecrets;
  readonly subscriptionSecrets: SubscriptionSecrets;
  readonly metrics: TokenBrokerMetrics;
  /** Webhook keys of our app at a vendor, newest first; empty when none is configured. */
  readonly appWebhookKeys: (vendor: VendorDefinition) => readonly string[];
}

/** What {@link ServiceKeys.webhookSetup} answers. */
export interface WebhookSetup {
  /** What is left of `:name` is chosen by whoever sets it up; see the vendor's page in docs/vendors. */
  readonly paths: readonly string[];
  readonly secret: string;
}

/** Hands long-lived keys to services, to each the part that it needs. */
export class ServiceKeys {
  constructor(private readonly tools: ServiceKeyTools) {}

  /**
   * What a service needs to call the vendor for one connection.
   * @throws LedgerwireError `unknown-connection`, `connection-disconnected`, `not-by-keys`.
   */
  async credentialsFor(connectionId: string): Promise<CredentialsAnswer> {
    const row = await this.tools.database.connections.find(connectionId);
    return this.counted(row?.vendor, async () => {
      const { connection, auth, credentials } = await this.keysOf(row, connectionId);
      return { accountId: connection.accountId, credentials: { ...auth.sendingCredentials(credentials) } };
    });
  }

  /**
   * Keys that may have signed a webhook: those of our app, or those of one connection where the vendor signs with the
   * account's. An app without a configured key gives none, so that nothing passes.
   * @throws LedgerwireError `unknown-vendor`, `unknown-connection`, `connection-disconnected`, `not-by-keys`.
   */
  async verificationKeys(vendorId: string, connectionId?: string): Promise<VerificationKeysAnswer> {
    const vendor = this.tools.registry.find(vendorId);
    if (!vendor) throw refusal('unknown-vendor', `there is no vendor "${vendorId}"`);
    return this.counted(vendorId, async () => {
      if (vendor.webhooks?.keyScope !== 'connection') return this.appKeys(vendor);
      const row =
        connectionId === undefined ? null : await this.tools.database.connections.find(connectionId);
      // A connection of another vendor is as unknown here as one that does not exist.
      const own = row?.vendor === vendorId ? row : null;
      if (vendor.subscriptions) return await this.subscriptionKeys(assertConnected(own, connectionId));
      if (vendor.webhooks.deriveKey) return this.derivedKeys(vendor, assertConnected(own, connectionId));
      const { connection, auth, credentials } = await this.keysOf(own, connectionId ?? 'without id');
      return { keys: [...auth.verificationKeys(credentials)], accountId: connection.accountId };
    });
  }

  /**
   * Paths below the public URL of ingress, and the secret to sign with, for vendors at which a person sets webhooks up.
   * @throws LedgerwireError `unknown-connection`, `connection-disconnected`, `no-webhook-setup`.
   */
  async webhookSetup(connectionId: string): Promise<WebhookSetup> {
    const row = assertConnected(await this.tools.database.connections.find(connectionId), connectionId);
    const vendor = this.tools.registry.get(row.vendor);
    const secret = vendor.webhooks?.deriveKey && this.derivedKeys(vendor, row).keys[0]?.secret;
    if (!vendor.webhooks || secret === undefined)
      throw refusal('no-webhook-setup', `there is nothing to set up by hand for ${vendor.manifest.name}`);
    const paths = vendor.webhooks.routes.map((route) => route.path.replace(':connectionId', connectionId));
    return { paths: paths.map((path) => webhookRoot + path), secret };
  }

  private appKeys(vendor: VendorDefinition): VerificationKeysAnswer {
    const secrets = this.tools.appWebhookKeys(vendor);
    return { keys: secrets.map((secret, index) => ({ keyId: `app-${index + 1}`, secret })), accountId: null };
  }

  /** The secrets of the connection's subscriptions, from their handshakes on. */
  private async subscriptionKeys({
    connectionId,
    accountId,
  }: ConnectionRow): Promise<VerificationKeysAnswer> {
    const { database, subscriptionSecrets } = this.tools;
    const rows = await database.subscriptions.ofConnection(connectionId);
    const keys = rows.flatMap((row) => {
      const secret = subscriptionSecrets.secretOf(row);
      return secret === null ? [] : [{ keyId: row.subscriptionId, secret }];
    });
    return { keys, accountId };
  }

  /** One secret for each key of the app, so that a rotated key is known for as long as the former one is configured. */
  private derivedKeys(vendor: VendorDefinition, { connectionId, accountId }: ConnectionRow) {
    const keys = this.tools.appWebhookKeys(vendor).flatMap((appKey, index) => {
      const secret = vendor.webhooks?.deriveKey?.(appKey, connectionId);
      return secret === undefined ? [] : [{ keyId: `derived-${index + 1}`, secret }];
    });
    return { keys, accountId };
  }

  private async keysOf(found: ConnectionRow | null, connectionId: string) {
    const row = assertConnected(found, connectionId);
    const { auth } = this.tools.registry.get(row.vendor);
    const stored = await this.tools.database.apiCredentials.find(connectionId);
    if (auth.kind !== 'api-key' || !stored)
      throw refusal('not-by-keys', `connection ${connectionId} has no API keys`);
    return { connection: row, auth, credentials: this.tools.keySecrets.credentialsOf(stored) };
  }

  private async counted<T>(vendor: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      const answer = await work();
      this.tools.metrics.read(vendor ?? 'unknown', 'ok');
      return answer;
    } catch (error) {
      this.tools.metrics.read(vendor ?? 'unknown', codeOf(error));
      throw error;
    }
  }
}

function assertConnected(row: ConnectionRow | null, connectionId = 'without id'): ConnectionRow {
  if (!row) throw refusal('unknown-connection', `there is no connection ${connectionId}`);
  if (row.status === 'disconnected')
    throw refusal('connection-disconnected', `connection ${connectionId} was disconnected`);
  return row;
}
