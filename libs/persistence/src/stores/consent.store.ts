import { type DataSource, type EntityManager, In, IsNull, Not } from 'typeorm';
import { randomId } from '#libs/core';
import type { EpochMs } from '../columns.js';
import { ApiCredential } from '../entities/api-credential.entity.js';
import { ConnectionRow, correctableFields } from '../entities/connection.entity.js';
import { Grant } from '../entities/grant.entity.js';
import { ReauthorisationAlert } from '../entities/reauthorisation-alert.entity.js';
import { grantSubject, connectionSubject } from './authorisation.store.js';

/**
 * A vendor account as it is written down; its settings are added to those it has. Null = the vendor does not say it: what is known
 * stays, else the account's id is its name and its zone UTC.
 */
export type NewAccount = Pick<
  ConnectionRow,
  'accountId' | 'country' | 'currency' | 'accountHandle' | 'settings'
> & { readonly [Field in 'displayName' | 'timeZone']: ConnectionRow[Field] | null };

/** Where an account belongs. */
export interface AccountOwner {
  readonly workspaceId: string;
  readonly vendor: string;
}

/** What became of the accounts of a consent. */
export interface ConsentResult {
  readonly connections: readonly ConnectionRow[];
  /** Accounts that another workspace has connected; nothing was changed for them. */
  readonly elsewhere: readonly NewAccount[];
}

/** Columns of a new grant that its creator decides; the rest begins empty. */
export type NewGrant = Pick<
  Grant,
  | 'grantId'
  | 'vendor'
  | 'workspaceId'
  | 'keyId'
  | 'accessToken'
  | 'accessTokenExpiresAt'
  | 'refreshToken'
  | 'scopes'
  | 'settings'
>;

/** Accounts coming and going: each call is one transaction over grants, connections, keys and alerts. */
export class ConsentStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Writes a consent and its accounts. An account that this workspace had before keeps its connectionId, and with it its
   * flows, its history and what an operator has set; it is active again and its alerts are settled. Grants that serve no account any more are ended.
   */
  async saveConsent(grant: NewGrant, accounts: readonly NewAccount[], now: EpochMs): Promise<ConsentResult> {
    return this.dataSource.transaction(async (manager) => {
      const connections: ConnectionRow[] = [];
      const elsewhere: NewAccount[] = [];
      await manager.insert(Grant, { ...freshGrant(now), ...grant });
      for (const account of accounts) {
        if (await isElsewhere(manager, grant, account.accountId)) {
          elsewhere.push(account);
          continue;
        }
        connections.push(await putConnection(manager, grant, account, grant.grantId, now));
      }
      const endedGrants = await endUnusedGrants(manager, grant);
      await settleAlerts(manager, connections, endedGrants, now);
      return { connections, elsewhere };
    });
  }

  /** Writes an account with API keys, or new keys for one that is there. Null = another workspace has it connected. */
  async saveKeys(
    owner: AccountOwner,
    account: NewAccount,
    seal: (connectionId: string) => Pick<ApiCredential, 'keyId' | 'credentials'>,
    now: EpochMs,
  ): Promise<ConnectionRow | null> {
    return this.dataSource.transaction(async (manager) => {
      if (await isElsewhere(manager, owner, account.accountId)) return null;
      const connection = await putConnection(manager, owner, account, null, now);
      const { connectionId } = connection;
      const former = await manager.findOneBy(ApiCredential, { connectionId });
      await manager.save(ApiCredential, {
        connectionId,
        ...seal(connectionId),
        version: (former?.version ?? 0) + 1,
        updatedAt: now,
      });
      return connection;
    });
  }

  /**
   * Ends a connection: its keys are deleted, and a grant that serves nobody else is ended with its secrets wiped.
   * Null = there is no such connection, or it was ended before.
   */
  async disconnect(connectionId: string, now: EpochMs): Promise<ConnectionRow | null> {
    return this.dataSource.transaction(async (manager) => {
      const row = await manager.findOne(ConnectionRow, {
        where: { connectionId, status: Not('disconnected') },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) return null;
      const ended = await manager.save(
        ConnectionRow,
        Object.assign(row, {
          status: 'disconnected' as const,
          grantId: null,
          revision: row.revision + 1,
          updatedAt: now,
        }),
      );
      await manager.delete(ApiCredential, { connectionId });
      const endedGrants = await endUnusedGrants(manager, row);
      await settleAlerts(manager, [ended], endedGrants, now);
      return ended;
    });
  }
}

function freshGrant(now: EpochMs): Omit<Grant, keyof NewGrant> {
  return {
    status: 'active',
    version: 1,
    previousRefreshToken: null,
    previousUsableUntil: null,
    refreshedAt: now,
    lastUsedAt: null,
    presentedAt: null,
    refusedAt: null,
    failures: 0,
    retryAt: null,
    leaseOwner: null,
    leaseUntil: null,
    accountsCheckedAt: now,
    createdAt: now,
  };
}

async function isElsewhere(manager: EntityManager, owner: AccountOwner, accountId: string): Promise<boolean> {
  const { vendor, workspaceId } = owner;
  return manager.existsBy(ConnectionRow, {
    vendor,
    accountId,
    workspaceId: Not(workspaceId),
    status: Not('disconnected'),
  });
}

async function putConnection(
  manager: EntityManager,
  { workspaceId, vendor }: AccountOwner,
  account: NewAccount,
  grantId: string | null,
  now: EpochMs,
): Promise<ConnectionRow> {
  const former = await manager.findOne(ConnectionRow, {
    where: { workspaceId, vendor, accountId: account.accountId },
    lock: { mode: 'pessimistic_write' },
  });
  const connection: ConnectionRow = {
    connectionId: former?.connectionId ?? randomId(),
    workspaceId,
    vendor,
    ...factsOf(account, former),
    accountId: account.accountId,
    accountHandle: account.accountHandle,
    setByHand: former?.setByHand ?? [],
    // An operator who paused a connection decides when it goes on, whoever authorises it again meanwhile.
    status: former?.status === 'paused' ? 'paused' : 'active',
    settings: { ...former?.settings, ...account.settings },
    grantId,
    revision: (former?.revision ?? 0) + 1,
    publishedRevision: former?.publishedRevision ?? 0,
    createdAt: former?.createdAt ?? now,
    updatedAt: now,
  };
  await manager.save(ConnectionRow, connection);
  return connection;
}

type Facts = Pick<ConnectionRow, (typeof correctableFields)[number]>;

/** What an operator has set, else what the vendor says now, else what was known. */
function factsOf(account: NewAccount, former: ConnectionRow | null): Facts {
  const known: Facts = former ?? {
    displayName: account.accountId,
    timeZone: 'UTC',
    country: null,
    currency: null,
  };
  const facts: Facts = {
    displayName: account.displayName ?? known.displayName,
    timeZone: account.timeZone ?? known.timeZone,
    country: account.country ?? known.country,
    currency: account.currency ?? known.currency,
  };
  const byHand = correctableFields.filter((field) => former?.setByHand.includes(field));
  return { ...facts, ...Object.fromEntries(byHand.map((field) => [field, known[field]])) };
}

/** Wipes and ends grants that serve no connection any more; answers their ids. */
async function endUnusedGrants(
  manager: EntityManager,
  { workspaceId, vendor }: AccountOwner,
): Promise<readonly string[]> {
  const used = manager
    .createQueryBuilder(ConnectionRow, 'c')
    .select('1')
    .where(`c.grant_id = grants.grant_id AND c.status <> 'disconnected'`);
  const ended = await manager
    .createQueryBuilder()
    .update(Grant)
    .set({
      status: 'ended',
      accessToken: null,
      refreshToken: null,
      previousRefreshToken: null,
      previousUsableUntil: null,
      leaseOwner: null,
      leaseUntil: null,
    })
    .where(`workspace_id = :workspaceId AND vendor = :vendor AND status <> 'ended'`, { workspaceId, vendor })
    .andWhere(`NOT EXISTS (${used.getQuery()})`)
    .returning('grant_id')
    .execute();
  return (ended.raw as { grant_id: string }[]).map((row) => row.grant_id);
}

/** Settles the alerts of these connections, and those of grants that nothing hangs on any more. */
async function settleAlerts(
  manager: EntityManager,
  connections: readonly ConnectionRow[],
  endedGrants: readonly string[],
  now: EpochMs,
): Promise<void> {
  const subjects = [
    ...connections.map(({ connectionId }) => connectionSubject(connectionId)),
    ...endedGrants.map(grantSubject),
  ];
  if (subjects.length === 0) return;
  await manager.update(
    ReauthorisationAlert,
    { subject: In(subjects), resolvedAt: IsNull() },
    { resolvedAt: now },
  );
}
