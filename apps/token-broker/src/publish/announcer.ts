import { type Connection, outcomeOf } from '#libs/contracts';
import type { ConnectionRow, Database } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { TokenBrokerMetrics } from '../token-broker.metrics.js';
import type { ConnectionPublisher } from './connection-publisher.js';

/** What {@link Announcer} works with. */
export interface AnnouncerTools {
  readonly database: Pick<Database, 'connections'>;
  readonly publisher: ConnectionPublisher;
  readonly metrics: TokenBrokerMetrics;
  readonly logger: Logger;
}

/** Publications side by side when everything is published again. */
const SIDE_BY_SIDE = 20;
const OWED_BATCH = 200;

/**
 * Publishes connections as they are in the database. Each publication reads, writes and reads again, and goes round once
 * more when the connection changed meanwhile: whichever of several instances writes last to the topic has therefore written
 * the last state. What could not be published stays owed in the database and is published later.
 */
export class Announcer {
  private readonly underWay = new Set<Promise<boolean>>();

  constructor(private readonly tools: AnnouncerTools) {}

  /** Publishes in the background; failures are logged and made good by {@link announceOwed}. */
  announceSoon(connectionIds: readonly string[]): void {
    const work = this.announceAll(connectionIds).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Publishes what the topic does not have for certain. */
  async announceOwed(): Promise<void> {
    await this.announceAll(await this.tools.database.connections.unpublished(OWED_BATCH));
  }

  /** Publishes every connection again: heals a topic that lost something or was created anew. False = not all were. */
  async announceEverything(): Promise<boolean> {
    const rows = await this.tools.database.connections.list();
    return this.announceAll(rows.map(({ connectionId }) => connectionId));
  }

  /** Resolves when nothing is being published in the background. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async announceAll(connectionIds: readonly string[]): Promise<boolean> {
    let all = true;
    for (let start = 0; start < connectionIds.length; start += SIDE_BY_SIDE) {
      const batch = connectionIds.slice(start, start + SIDE_BY_SIDE);
      const done = await Promise.all(batch.map((connectionId) => this.announce(connectionId)));
      all &&= done.every(Boolean);
    }
    return all;
  }

  private async announce(connectionId: string): Promise<boolean> {
    const { logger, metrics } = this.tools;
    try {
      await this.publishUntilCurrent(connectionId);
      metrics.published('ok');
      return true;
    } catch (error) {
      metrics.published('failed');
      logger.warn({ event: 'connection.publish-failed', connectionId, error });
      return false;
    }
  }

  private async publishUntilCurrent(connectionId: string): Promise<void> {
    const { connections } = this.tools.database;
    let row = await connections.find(connectionId);
    for (let published = -1; row && row.revision !== published; row = await connections.find(connectionId)) {
      await this.publish(row);
      published = row.revision;
    }
  }

  private async publish(row: ConnectionRow): Promise<void> {
    const { publisher, database } = this.tools;
    await publisher.publish(connectionOf(row));
    // Repeated when the note below is lost; the trail keeps one, since the id is of the revision.
    if (row.publishedRevision < row.revision)
      await publisher.record(
        outcomeOf({
          workspaceId: row.workspaceId,
          step: 'connect',
          status: row.status === 'active' ? 'connected' : row.status,
          service: 'token-broker',
          at: row.updatedAt,
          vendor: row.vendor,
          connectionId: row.connectionId,
          what: `${row.connectionId}@${row.revision}`,
        }),
      );
    await database.connections.markPublished(row.connectionId, row.revision);
  }
}

/** A connection as every service may know it: no secrets, no grant. */
export function connectionOf(row: ConnectionRow): Connection {
  const { connectionId, workspaceId, vendor, accountId, displayName, status } = row;
  const { timeZone, country, currency, settings, updatedAt } = row;
  return {
    connectionId,
    workspaceId,
    vendor,
    accountId,
    displayName,
    status,
    timeZone,
    country,
    currency,
    settings,
    updatedAt,
  };
}
