import {
  type DataSource,
  type EntityManager,
  type FindOptionsWhere,
  In,
  IsNull,
  type Repository,
} from 'typeorm';
import { randomId } from '#libs/core';
import type { EpochMs } from '../columns.js';
import { ConnectionRow } from '../entities/connection.entity.js';
import { Grant } from '../entities/grant.entity.js';
import { ReauthorisationAlert } from '../entities/reauthorisation-alert.entity.js';
import { renewed, type SealedTokens } from './grant.store.js';

/** Why somebody must authorise again. */
export type ReauthorisationReason = 'grant-revoked' | 'account-vanished';

/** The subject of an alert about a whole consent. */
export function grantSubject(grantId: string): string {
  return `grant:${grantId}`;
}

/** The subject of an alert about one account of a consent. */
export function connectionSubject(connectionId: string): string {
  return `connection:${connectionId}`;
}

/** What a suspension changed. */
export interface Suspension {
  /** Connections that stand still now. */
  readonly connections: readonly ConnectionRow[];
  /** Whether this call raised the alert; false when one was open already. */
  readonly alertRaised: boolean;
}

/** Authorisations that end without anybody telling us, and the alerts about them. */
export class AuthorisationStore {
  private readonly alerts: Repository<ReauthorisationAlert>;

  constructor(private readonly dataSource: DataSource) {
    this.alerts = dataSource.getRepository(ReauthorisationAlert);
  }

  /**
   * The verdict that a grant is dead, by the holder of its lease about the tokens at `version`. Null = it is not the
   * holder any more or there are newer tokens: then the verdict is void.
   */
  async suspendGrant(
    grantId: string,
    verdict: { readonly version: number; readonly owner: string },
    now: EpochMs,
  ): Promise<Suspension | null> {
    return this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(
        Grant,
        { grantId, version: verdict.version, leaseOwner: verdict.owner, status: 'active' },
        { status: 'needs-reauthorisation', leaseOwner: null, leaseUntil: null, retryAt: null },
      );
      if (affected !== 1) return null;
      const grant = await manager.findOneByOrFail(Grant, { grantId });
      const connections = await suspend(manager, await lockConnections(manager, { grantId }), now);
      const alertRaised = await raise(manager, {
        subject: grantSubject(grantId),
        vendor: grant.vendor,
        workspaceId: grant.workspaceId,
        connectionIds: connections.map(({ connectionId }) => connectionId),
        reason: 'grant-revoked',
        raisedAt: now,
      });
      return { connections, alertRaised };
    });
  }

  /**
   * New tokens of a grant that was given up while their holder waited: the verdict was wrong. The grant is active again with
   * them, its alert settled, and so are its connections but those whose account has vanished. Answers the connections that go
   * on; null = the grant is not at `version` any more, or was not given up.
   */
  async reviveGrant(
    grantId: string,
    version: number,
    tokens: SealedTokens,
    now: EpochMs,
  ): Promise<readonly ConnectionRow[] | null> {
    return this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(
        Grant,
        { grantId, version, status: 'needs-reauthorisation' },
        { ...renewed(version, tokens, now), status: 'active' },
      );
      if (affected !== 1) return null;
      const stopped = await lockConnections(manager, { grantId, status: 'needs-reauthorisation' });
      const subjects = stopped.map(({ connectionId }) => connectionSubject(connectionId));
      const vanished = await manager.findBy(ReauthorisationAlert, {
        subject: In(subjects),
        resolvedAt: IsNull(),
      });
      const gone = new Set(vanished.map(({ subject }) => subject));
      const innocent = stopped.filter(({ connectionId }) => !gone.has(connectionSubject(connectionId)));
      const alert = { subject: grantSubject(grantId), resolvedAt: IsNull() };
      await manager.update(ReauthorisationAlert, alert, { resolvedAt: now });
      return setStatus(manager, innocent, 'active', now);
    });
  }

  /** The vendor no longer lists these accounts of a grant that itself is good. */
  async suspendAccounts(connectionIds: readonly string[], now: EpochMs): Promise<Suspension> {
    return this.dataSource.transaction(async (manager) => {
      const found = await lockConnections(manager, { connectionId: In([...connectionIds]) });
      const connections = await suspend(manager, found, now);
      let alertRaised = false;
      for (const { connectionId, vendor, workspaceId } of connections) {
        const raised = await raise(manager, {
          subject: connectionSubject(connectionId),
          vendor,
          workspaceId,
          connectionIds: [connectionId],
          reason: 'account-vanished',
          raisedAt: now,
        });
        alertRaised ||= raised;
      }
      return { connections, alertRaised };
    });
  }

  /** The vendor lists these accounts again. Answers those that were standing still and go on. */
  async restoreAccounts(connectionIds: readonly string[], now: EpochMs): Promise<readonly ConnectionRow[]> {
    return this.dataSource.transaction(async (manager) => {
      const found = await lockConnections(manager, {
        connectionId: In([...connectionIds]),
        status: 'needs-reauthorisation',
      });
      const restored = await setStatus(manager, found, 'active', now);
      await manager.update(
        ReauthorisationAlert,
        {
          subject: In(restored.map(({ connectionId }) => connectionSubject(connectionId))),
          resolvedAt: IsNull(),
        },
        { resolvedAt: now },
      );
      return restored;
    });
  }

  /** Alerts that are open, oldest first. */
  openAlerts(workspaceId?: string): Promise<ReauthorisationAlert[]> {
    return this.alerts.find({
      where: { resolvedAt: IsNull(), ...(workspaceId === undefined ? {} : { workspaceId }) },
      order: { raisedAt: 'ASC' },
    });
  }
}

function lockConnections(
  manager: EntityManager,
  where: FindOptionsWhere<ConnectionRow>,
): Promise<ConnectionRow[]> {
  return manager.find(ConnectionRow, {
    where,
    order: { connectionId: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
}

/** Only active connections change: a paused one stays paused, and its grant's state shows when it is resumed. */
function suspend(
  manager: EntityManager,
  rows: readonly ConnectionRow[],
  now: EpochMs,
): Promise<ConnectionRow[]> {
  const active = rows.filter(({ status }) => status === 'active');
  return setStatus(manager, active, 'needs-reauthorisation', now);
}

async function setStatus(
  manager: EntityManager,
  rows: readonly ConnectionRow[],
  status: ConnectionRow['status'],
  now: EpochMs,
): Promise<ConnectionRow[]> {
  const changed: ConnectionRow[] = [];
  for (const row of rows) {
    const next = { status, revision: row.revision + 1, updatedAt: now };
    await manager.update(ConnectionRow, { connectionId: row.connectionId }, next);
    changed.push(Object.assign(row, next));
  }
  return changed;
}

/** Raises an alert unless one is open for its subject. */
async function raise(
  manager: EntityManager,
  alert: Omit<ReauthorisationAlert, 'alertId' | 'resolvedAt'> & { readonly reason: ReauthorisationReason },
): Promise<boolean> {
  const alertId = randomId();
  await manager
    .createQueryBuilder()
    .insert()
    .into(ReauthorisationAlert)
    .values({ ...alert, alertId, resolvedAt: null })
    .orIgnore()
    .updateEntity(false)
    .execute();
  return manager.existsBy(ReauthorisationAlert, { alertId });
}
