import { codeOf } from '#libs/core';
import type { ApiCredential, Database, Grant, KeyUse, WebhookSubscription } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { GrantSecrets } from '../crypto/grant-secrets.js';
import type { KeySecrets } from '../crypto/key-secrets.js';
import type { SubscriptionSecrets } from '../crypto/subscription-secrets.js';
import type { MasterKeys } from '../crypto/master-keys.js';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';

/** What {@link KeyRotation} works with. */
export interface KeyRotationTools {
  readonly database: Pick<Database, 'grants' | 'apiCredentials' | 'subscriptions'>;
  readonly masterKeys: MasterKeys;
  readonly secrets: GrantSecrets;
  readonly keySecrets: KeySecrets;
  readonly subscriptionSecrets: SubscriptionSecrets;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
}

/** Which master keys have sealed what. A key that is not current and seals nothing can be taken away. */
export interface KeyReport {
  readonly current: string;
  readonly configured: readonly string[];
  readonly inUse: readonly KeyUse[];
  /** In use but not configured: what they seal cannot be opened. */
  readonly missing: readonly string[];
}

/** What one run of the rotation did. */
export interface RotationResult {
  readonly resealed: number;
  /** Changed by others meanwhile; the next run takes them. */
  readonly skipped: number;
  /** Rows that cannot be opened, by their id. */
  readonly failed: readonly string[];
  readonly keys: KeyReport;
}

const BATCH = 100;

type Tally = { resealed: number; skipped: number; failed: string[] };

/** Seals everything anew under the current master key, in batches, while the service goes on working. */
export class KeyRotation {
  constructor(private readonly tools: KeyRotationTools) {}

  async report(): Promise<KeyReport> {
    const { database, masterKeys, metrics } = this.tools;
    const rows = new Map<string, number>();
    for (const { keyId, rows: count } of [
      ...(await database.grants.countByKey()),
      ...(await database.apiCredentials.countByKey()),
      ...(await database.subscriptions.countByKey()),
    ])
      rows.set(keyId, (rows.get(keyId) ?? 0) + count);
    const current = masterKeys.current.id;
    const inUse = [...rows].map(([keyId, count]) => ({ keyId, rows: count }));
    metrics.rowsUnderOldKeys(inUse.reduce((sum, use) => sum + (use.keyId === current ? 0 : use.rows), 0));
    const missing = [...rows.keys()].filter((keyId) => !masterKeys.ids.includes(keyId));
    return { current, configured: masterKeys.ids, inUse, missing };
  }

  /** Safe to run while others refresh, and twice at once: a row that changed since it was read is skipped. */
  async run(): Promise<RotationResult> {
    const { database, masterKeys, logger } = this.tools;
    const current = masterKeys.current.id;
    const tally: Tally = { resealed: 0, skipped: 0, failed: [] };
    await this.each<Grant>(
      (after) => database.grants.sealedUnderOtherKeys(current, after, BATCH),
      ({ grantId }) => grantId,
      (grant) => database.grants.reseal(grant, this.tools.secrets.reseal(grant)),
      tally,
    );
    await this.each<ApiCredential>(
      (after) => database.apiCredentials.sealedUnderOtherKeys(current, after, BATCH),
      ({ connectionId }) => connectionId,
      (row) => {
        const credentials = this.tools.keySecrets.credentialsOf(row);
        return database.apiCredentials.reseal(row, this.tools.keySecrets.seal(row.connectionId, credentials));
      },
      tally,
    );
    await this.each<WebhookSubscription>(
      (after) => database.subscriptions.sealedUnderOtherKeys(current, after, BATCH),
      ({ subscriptionId }) => subscriptionId,
      async (row) => {
        const { subscriptionSecrets } = this.tools;
        const secret = subscriptionSecrets.secretOf(row);
        const resealed = secret === null ? null : subscriptionSecrets.seal(row.subscriptionId, secret);
        return resealed !== null && database.subscriptions.reseal(row, resealed);
      },
      tally,
    );
    const keys = await this.report();
    logger.info({ event: 'master-key.rotated', current, ...tally, inUse: keys.inUse });
    return { ...tally, keys };
  }

  private async each<T>(
    next: (after: string | null) => Promise<readonly T[]>,
    idOf: (row: T) => string,
    reseal: (row: T) => Promise<boolean>,
    tally: Tally,
  ): Promise<void> {
    let after: string | null = null;
    for (let rows = await next(after); rows.length > 0; rows = await next(after)) {
      for (const row of rows) {
        after = idOf(row);
        await this.resealOne(after, () => reseal(row), tally);
      }
    }
  }

  private async resealOne(id: string, reseal: () => Promise<boolean>, tally: Tally): Promise<void> {
    try {
      if (await reseal()) tally.resealed += 1;
      else tally.skipped += 1;
    } catch (error) {
      tally.failed.push(id);
      this.tools.logger.error({ event: 'master-key.reseal-failed', id, code: codeOf(error), error });
    }
  }
}
