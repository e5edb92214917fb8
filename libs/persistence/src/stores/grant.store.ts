import { type DataSource, IsNull, LessThan, MoreThan, Not, type Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { Grant } from '../entities/grant.entity.js';

/** A new set of tokens, every secret sealed under `keyId`. */
export interface SealedTokens {
  readonly keyId: string;
  readonly accessToken: Buffer;
  readonly accessTokenExpiresAt: EpochMs;
  readonly refreshToken: Buffer | null;
  readonly previousRefreshToken: Buffer | null;
  readonly previousUsableUntil: EpochMs | null;
  readonly scopes: string[];
  readonly settings: Record<string, string>;
}

/** The secrets of one grant sealed anew under another key; nothing else changes. */
export type ResealedGrant = Pick<Grant, 'keyId' | 'accessToken' | 'refreshToken' | 'previousRefreshToken'>;

/** Rows whose secrets one master key has sealed. */
export interface KeyUse {
  readonly keyId: string;
  readonly rows: number;
}

/** Which grants of one vendor a refresh ahead of need is due for. */
export interface DueForRefresh {
  readonly vendor: string;
  readonly now: EpochMs;
  /** Of the grants used since `usedSince`: those whose access token ends before this. */
  readonly expiringBefore: EpochMs;
  readonly usedSince: EpochMs;
  /** All whose tokens are older than this, used or not; null = the vendor keeps unused grants alive. */
  readonly idleBefore: EpochMs | null;
  readonly limit: number;
}

/** What changes in a grant at `version` that gets new tokens. */
export function renewed(version: number, tokens: SealedTokens, now: EpochMs): Partial<Grant> {
  return {
    ...tokens,
    version: version + 1,
    refreshedAt: now,
    presentedAt: null,
    refusedAt: null,
    failures: 0,
    retryAt: null,
  };
}

/**
 * Grants and their refresh lease.
 *
 * The lease says who may call the token endpoint; the version says whose tokens count. Both are single statements: no
 * transaction is open while a vendor is called. A holder that was stopped beyond its lease can still come back with an
 * answer; it is kept if nobody stored newer tokens meanwhile, since it may be the only good one, and refused otherwise.
 */
export class GrantStore {
  private readonly grants: Repository<Grant>;

  constructor(dataSource: DataSource) {
    this.grants = dataSource.getRepository(Grant);
  }

  find(grantId: string): Promise<Grant | null> {
    return this.grants.findOneBy({ grantId });
  }

  /**
   * Takes the lease when it is free or has run out, the grant is active and still at `version`. Marks the time at which the
   * refresh token is first presented, before it is. Answers the grant as it is under the lease, or null.
   */
  async acquireLease(
    grantId: string,
    version: number,
    lease: { readonly owner: string; readonly leaseMs: number; readonly now: EpochMs },
  ): Promise<Grant | null> {
    const taken = await this.grants
      .createQueryBuilder()
      .update()
      .set({
        leaseOwner: lease.owner,
        leaseUntil: () => `clock_timestamp() + make_interval(secs => :leaseSeconds)`,
        presentedAt: () => 'coalesce(presented_at, :presentedAt)',
      })
      .where(`grant_id = :grantId AND version = :version AND status = 'active'`)
      .andWhere('(lease_owner IS NULL OR lease_until < clock_timestamp())')
      .setParameters({
        grantId,
        version,
        leaseSeconds: lease.leaseMs / 1000,
        presentedAt: new Date(lease.now),
      })
      .execute();
    if (taken.affected !== 1) return null;
    return this.grants.findOneBy({ grantId, leaseOwner: lease.owner });
  }

  /** Moves the end of a lease that is still held. False = it is somebody else's by now. */
  async renewLease(grantId: string, owner: string, leaseMs: number): Promise<boolean> {
    const renewed = await this.grants
      .createQueryBuilder()
      .update()
      .set({ leaseUntil: () => `clock_timestamp() + make_interval(secs => :leaseSeconds)` })
      .where('grant_id = :grantId AND lease_owner = :owner', { grantId, owner })
      .setParameter('leaseSeconds', leaseMs / 1000)
      .execute();
    return renewed.affected === 1;
  }

  /** Gives a lease back; without effect when it is not held any more. */
  async releaseLease(grantId: string, owner: string): Promise<void> {
    await this.grants.update({ grantId, leaseOwner: owner }, { leaseOwner: null, leaseUntil: null });
  }

  /**
   * Stores new tokens if the grant is still at `version` and active. False = nothing changed: somebody stored newer ones, or the
   * grant was given up meanwhile (see `AuthorisationStore.reviveGrant`).
   */
  async storeTokens(grantId: string, version: number, tokens: SealedTokens, now: EpochMs): Promise<boolean> {
    const stored = await this.grants.update(
      { grantId, version, status: 'active' },
      renewed(version, tokens, now),
    );
    return stored.affected === 1;
  }

  /**
   * Keeps a refresh token that came too late as the one to fall back on. False = the grant has moved on again, or another
   * key is in force.
   */
  async keepFallback(
    grantId: string,
    version: number,
    fallback: { readonly keyId: string; readonly refreshToken: Buffer; readonly usableUntil: EpochMs },
  ): Promise<boolean> {
    const kept = await this.grants.update(
      { grantId, version, keyId: fallback.keyId, status: 'active' },
      { previousRefreshToken: fallback.refreshToken, previousUsableUntil: fallback.usableUntil },
    );
    return kept.affected === 1;
  }

  /** Notes a failed refresh and when the next may be tried; only by the holder of the lease, and only for these tokens. */
  async recordFailure(
    grantId: string,
    attempt: { readonly version: number; readonly owner: string },
    failure: Pick<Grant, 'failures' | 'retryAt' | 'refusedAt'>,
  ): Promise<void> {
    await this.grants.update({ grantId, version: attempt.version, leaseOwner: attempt.owner }, failure);
  }

  /** Notes that the grant is in use, at most once in `everyMs`, so that reads stay reads. */
  async markUsed(grantId: string, now: EpochMs, everyMs: number): Promise<void> {
    await this.grants
      .createQueryBuilder()
      .update()
      .set({ lastUsedAt: now })
      .where('grant_id = :grantId AND (last_used_at IS NULL OR last_used_at < :before)')
      .setParameters({ grantId, before: new Date(now - everyMs) })
      .execute();
  }

  /** Active grants whose tokens should be replaced now, those that end first first. */
  async dueForRefresh(due: DueForRefresh): Promise<readonly Grant[]> {
    const query = this.grants
      .createQueryBuilder('g')
      .where(`g.vendor = :vendor AND g.status = 'active'`, { vendor: due.vendor })
      .andWhere('(g.retryAt IS NULL OR g.retryAt <= :now)', { now: new Date(due.now) })
      .andWhere('(g.leaseOwner IS NULL OR g.leaseUntil < clock_timestamp())')
      .orderBy('g.accessTokenExpiresAt', 'ASC')
      .limit(due.limit);
    const expiring = 'g.lastUsedAt >= :usedSince AND g.accessTokenExpiresAt < :expiringBefore';
    query.setParameters({
      usedSince: new Date(due.usedSince),
      expiringBefore: new Date(due.expiringBefore),
    });
    if (due.idleBefore === null) query.andWhere(`(${expiring})`);
    else {
      query
        .andWhere(`((${expiring}) OR g.refreshedAt < :idleBefore)`)
        .setParameter('idleBefore', new Date(due.idleBefore));
    }
    return query.getMany();
  }

  /**
   * Active grants whose accounts were last looked at before `before`, marked as looked at now, so that of several replicas
   * one does it.
   */
  async claimAccountChecks(before: EpochMs, now: EpochMs, limit: number): Promise<readonly Grant[]> {
    const due = await this.grants.find({
      where: { status: 'active', accountsCheckedAt: LessThan(before) },
      order: { accountsCheckedAt: 'ASC' },
      take: limit,
    });
    const claimed: Grant[] = [];
    for (const grant of due) {
      const { affected } = await this.grants.update(
        { grantId: grant.grantId, accountsCheckedAt: grant.accountsCheckedAt },
        { accountsCheckedAt: now },
      );
      if (affected === 1) claimed.push(grant);
    }
    return claimed;
  }

  /**
   * One active grant as {@link claimAccountChecks} claims several; null = its accounts were looked at since `before`, somebody
   * else is just claiming it, or it is not active.
   */
  async claimAccountCheck(grantId: string, before: EpochMs, now: EpochMs): Promise<Grant | null> {
    const { affected } = await this.grants.update(
      { grantId, status: 'active', accountsCheckedAt: LessThan(before) },
      { accountsCheckedAt: now },
    );
    return affected === 1 ? this.find(grantId) : null;
  }

  /** Lets a check that failed be tried again at `nextCheckAt − interval`. */
  async postponeAccountCheck(grantId: string, accountsCheckedAt: EpochMs): Promise<void> {
    await this.grants.update({ grantId }, { accountsCheckedAt });
  }

  /** Grants with secrets under another key than `keyId`, in order of id, after `afterGrantId`. */
  sealedUnderOtherKeys(keyId: string, afterGrantId: string | null, limit: number): Promise<Grant[]> {
    return this.grants.find({
      where: {
        keyId: Not(keyId),
        status: Not('ended'),
        ...(afterGrantId === null ? {} : { grantId: MoreThan(afterGrantId) }),
      },
      order: { grantId: 'ASC' },
      take: limit,
    });
  }

  /** How many grants have secrets under which key. */
  countByKey(): Promise<KeyUse[]> {
    return this.grants
      .createQueryBuilder('g')
      .select('g.key_id', 'keyId')
      .addSelect('count(*)::int', 'rows')
      .where(`g.status <> 'ended'`)
      .groupBy('g.key_id')
      .getRawMany<KeyUse>();
  }

  /** Replaces sealed secrets, unless tokens or fallback changed since `grant` was read. */
  async reseal(grant: Grant, resealed: ResealedGrant): Promise<boolean> {
    const done = await this.grants.update(
      {
        grantId: grant.grantId,
        version: grant.version,
        keyId: grant.keyId,
        previousUsableUntil: grant.previousUsableUntil ?? IsNull(),
      },
      resealed,
    );
    return done.affected === 1;
  }
}
