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

/** How refreshing a grant goes, for the trail. */
export interface RefreshNews {
  readonly grantId: string;
  /** The version of the tokens that are being replaced: a failing spell is over when they are. */
  readonly version: number;
  readonly status: 'refresh-failing' | 'refresh-recovered';
  /** Epoch milliseconds, as `nextTryAt`. */
  readonly at: number;
  /** One sentence for people. */
  readonly detail?: string;
  readonly nextTryAt?: number;
}

/** Publications side by side when everything is published again. */
const SIDE_BY_SIDE = 20;
const OWED_BATCH = 200;

/**
 * Publishes connections as they are in the database. Each publication reads, writes and reads again, and goes round once
 * more when the connection changed meanwhile: whichever of several instances writes last to the topic has therefore written
 * the last state. What could not be published stays owed in the database and is published later. A publication that failed may
 * still reach the topic, after a newer one of another instance; whoever made it publishes that connection once more.
 */
export class Announcer {
  private readonly underWay = new Set<Promise<boolean>>();
  /** Connections of which a publication of ours failed, so that an old state of them may stand last in the topic. */
  private readonly uncertain = new Set<string>();

  constructor(private readonly tools: AnnouncerTools) {}

  /** Publishes in the background; failures are logged and made good by {@link announceOwed}. */
  announceSoon(connectionIds: readonly string[]): void {
    const work = this.announceAll(connectionIds).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /**
   * Tells the trail of every active connection of a grant, in the background. The trail keeps one line per status and spell. A line
   * that cannot be written is logged and given up: what becomes of the connection itself is never lost.
   */
  tellSoon(news: RefreshNews): void {
    const work = this.tell(news).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Publishes what the topic does not have for certain, or not as the last. */
  async announceOwed(): Promise<void> {
    const owed = await this.tools.database.connections.unpublished(OWED_BATCH);
    const again = [...this.uncertain].slice(0, OWED_BATCH);
    // Before they are published: only a publication that began after the failure makes it good.
    for (const connectionId of again) this.uncertain.delete(connectionId);
    await this.announceAll([...new Set([...owed, ...again])]);
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

  private async tell({ grantId, version, ...news }: RefreshNews): Promise<boolean> {
    const { database, publisher, logger } = this.tools;
    try {
      const rows = await database.connections.listOfGrant(grantId);
      for (const { connectionId, workspaceId, vendor } of rows.filter(({ status }) => status === 'active'))
        await publisher.record(
          outcomeOf({
            ...news,
            step: 'connect',
            service: 'token-broker',
            workspaceId,
            vendor,
            connectionId,
            what: `${connectionId}@tokens-${version}`,
          }),
        );
      return true;
    } catch (error) {
      logger.warn({ event: 'connection.news-failed', grantId, status: news.status, error });
      return false;
    }
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
      this.uncertain.add(connectionId);
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
