import { type DataSource, IsNull, MoreThan, Not, type Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { WebhookSubscription } from '../entities/webhook-subscription.entity.js';
import type { KeyUse } from './grant.store.js';

/** What a step of {@link WebhookSubscription} changes. */
export type SubscriptionStep = Partial<
  Pick<
    WebhookSubscription,
    'status' | 'remoteId' | 'url' | 'keyId' | 'secret' | 'attempts' | 'dueAt' | 'problem'
  >
>;

/** A secret as token-broker sealed it. */
export interface SealedSecret {
  readonly keyId: string;
  readonly secret: Buffer;
}

/** Webhook subscriptions at vendors, moved forward by several instances of token-broker without meeting. */
export class WebhookSubscriptionStore {
  private readonly subscriptions: Repository<WebhookSubscription>;

  constructor(private readonly dataSource: DataSource) {
    this.subscriptions = dataSource.getRepository(WebhookSubscription);
  }

  ofConnection(connectionId: string): Promise<WebhookSubscription[]> {
    return this.subscriptions.find({ where: { connectionId }, order: { event: 'ASC' } });
  }

  /** Active connections of a vendor that every service knows of and that lack some of `events` subscriptions. */
  async connectionsLacking(vendor: string, events: number, limit: number): Promise<readonly string[]> {
    const rows: { connection_id: string }[] = await this.dataSource.query(
      `SELECT c.connection_id FROM connections c
        WHERE c.vendor = $1 AND c.status = 'active' AND c.published_revision >= c.revision
          AND (SELECT count(*) FROM webhook_subscriptions s WHERE s.connection_id = c.connection_id) < $2
        LIMIT $3`,
      [vendor, events, limit],
    );
    return rows.map((row) => row.connection_id);
  }

  /** Wants subscriptions that are not there yet; `ids` are for those. */
  async want(
    connectionId: string,
    wanted: readonly { readonly subscriptionId: string; readonly event: string }[],
    now: EpochMs,
  ): Promise<void> {
    await this.subscriptions
      .createQueryBuilder()
      .insert()
      .values(
        wanted.map((one) => ({
          ...one,
          connectionId,
          status: 'wanted' as const,
          dueAt: now,
          updatedAt: now,
        })),
      )
      .orIgnore()
      .execute();
  }

  /**
   * Takes what is due for `leaseMs`: nobody else gets it before, and whoever is killed meanwhile is followed after. Only those of
   * active connections, all that are due of a connection together.
   */
  async claimDue(now: EpochMs, leaseMs: number, limit: number): Promise<WebhookSubscription[]> {
    const claimed: { subscription_id: string }[][] = await this.dataSource.query(
      `UPDATE webhook_subscriptions SET due_at = $2
        WHERE subscription_id IN (
          SELECT s.subscription_id FROM webhook_subscriptions s JOIN connections c USING (connection_id)
           WHERE s.due_at <= $1 AND c.status = 'active'
           ORDER BY s.connection_id LIMIT $3 FOR UPDATE OF s SKIP LOCKED)
        RETURNING subscription_id`,
      [new Date(now), new Date(now + leaseMs), limit],
    );
    const ids = (claimed[0] ?? []).map((row) => row.subscription_id);
    if (ids.length === 0) return [];
    return this.subscriptions
      .createQueryBuilder('s')
      .where('s.subscription_id IN (:...ids)', { ids })
      .orderBy('s.connection_id')
      .addOrderBy('s.event')
      .getMany();
  }

  /** Looks at everything that delivers again soon, spread over `spreadMs` by connection. */
  async wake(now: EpochMs, spreadMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE webhook_subscriptions
          SET due_at = least(due_at, $1::timestamptz + make_interval(secs => (abs(hashtext(connection_id)) % 1000) * $2::float8 / 1e6))
        WHERE status = 'verified'`,
      [new Date(now), spreadMs],
    );
  }

  /** Looks at all of a connection in the next round. */
  async wakeConnection(connectionId: string, now: EpochMs): Promise<void> {
    await this.subscriptions.update({ connectionId, dueAt: MoreThan(now) }, { dueAt: now });
  }

  countAll(): Promise<number> {
    return this.subscriptions.count();
  }

  /** One step. False = it is not (any more) in the state that the step goes out from. */
  async step(
    { subscriptionId, status }: Pick<WebhookSubscription, 'subscriptionId' | 'status'>,
    change: SubscriptionStep,
    now: EpochMs,
  ): Promise<boolean> {
    const done = await this.subscriptions.update({ subscriptionId, status }, { ...change, updatedAt: now });
    return done.affected === 1;
  }

  /**
   * Notes that the vendor has it. The handshake may have been here before this answer: then its secret is kept and due.
   */
  async registered(
    subscriptionId: string,
    { remoteId, url, dueAt }: { readonly remoteId: string; readonly url: string; readonly dueAt: EpochMs },
    now: EpochMs,
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE webhook_subscriptions
          SET remote_id = $2, url = $3, attempts = 0, problem = NULL, updated_at = $5::timestamptz,
              status = CASE WHEN secret IS NULL THEN 'registered' ELSE 'proven' END,
              due_at = CASE WHEN secret IS NULL THEN $4::timestamptz ELSE $5::timestamptz END
        WHERE subscription_id = $1 AND status = 'wanted'`,
      [subscriptionId, remoteId, url, new Date(dueAt), new Date(now)],
    );
  }

  /**
   * Keeps the secret of a handshake until it is given back. One that delivers keeps the secret it has. False = there is no such
   * subscription of the connection.
   */
  async prove(
    { connectionId, subscriptionId }: Pick<WebhookSubscription, 'connectionId' | 'subscriptionId'>,
    { keyId, secret }: SealedSecret,
    now: EpochMs,
  ): Promise<boolean> {
    const known = await this.subscriptions.existsBy({ connectionId, subscriptionId });
    if (!known) return false;
    await this.dataSource.query(
      `UPDATE webhook_subscriptions
          SET key_id = $2, secret = $3, due_at = $4::timestamptz, updated_at = $4::timestamptz,
              status = CASE WHEN remote_id IS NULL THEN status ELSE 'proven' END
        WHERE subscription_id = $1 AND status <> 'verified'`,
      [subscriptionId, keyId, secret, new Date(now)],
    );
    return true;
  }

  async forget(connectionId: string): Promise<void> {
    await this.subscriptions.delete({ connectionId });
  }

  /** Those whose secret is sealed under another key than `keyId`, in order of id, after `afterId`. */
  sealedUnderOtherKeys(keyId: string, afterId: string | null, limit: number): Promise<WebhookSubscription[]> {
    return this.subscriptions.find({
      where: {
        keyId: Not(keyId),
        secret: Not(IsNull()),
        ...(afterId === null ? {} : { subscriptionId: MoreThan(afterId) }),
      },
      order: { subscriptionId: 'ASC' },
      take: limit,
    });
  }

  /** How many secrets are sealed under which master key. */
  countByKey(): Promise<KeyUse[]> {
    return this.subscriptions
      .createQueryBuilder('s')
      .select('s.key_id', 'keyId')
      .addSelect('count(*)::int', 'rows')
      .where('s.key_id IS NOT NULL')
      .groupBy('s.key_id')
      .getRawMany<KeyUse>();
  }

  /** Replaces the sealed secret, unless it changed since the row was read. */
  async reseal(row: WebhookSubscription, resealed: SealedSecret): Promise<boolean> {
    const { subscriptionId, secret } = row;
    const done = await this.subscriptions
      .createQueryBuilder()
      .update()
      .set({ ...resealed })
      .where('subscription_id = :subscriptionId AND secret = :secret', { subscriptionId, secret })
      .execute();
    return done.affected === 1;
  }
}
