import { type DataSource, Not, type Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { ConnectionRow, correctableFields } from '../entities/connection.entity.js';

/** What an operator may change about a connection. */
export type ConnectionChange = Partial<
  Pick<ConnectionRow, 'displayName' | 'status' | 'timeZone' | 'country' | 'currency' | 'settings'>
>;

/** Connections: reading them, changing them by revision, and what of them is owed to the topic `connections`. */
export class ConnectionStore {
  private readonly connections: Repository<ConnectionRow>;

  constructor(dataSource: DataSource) {
    this.connections = dataSource.getRepository(ConnectionRow);
  }

  find(connectionId: string): Promise<ConnectionRow | null> {
    return this.connections.findOneBy({ connectionId });
  }

  /** All of a workspace, or all there are, in order of creation. */
  list(workspaceId?: string): Promise<ConnectionRow[]> {
    return this.connections.find({
      where: workspaceId === undefined ? {} : { workspaceId },
      order: { createdAt: 'ASC', connectionId: 'ASC' },
    });
  }

  /** Those reached by a grant that are not disconnected. */
  listOfGrant(grantId: string): Promise<ConnectionRow[]> {
    return this.connections.find({ where: { grantId, status: Not('disconnected') } });
  }

  /** The connection of an account that is not disconnected, whatever its workspace. */
  findLive(vendor: string, accountId: string): Promise<ConnectionRow | null> {
    return this.connections.findOneBy({ vendor, accountId, status: Not('disconnected') });
  }

  /**
   * Changes a connection that is still at `revision`; null = it is not, read it again. Facts of the account that are changed are
   * remembered as set by hand.
   */
  async change(
    connectionId: string,
    revision: number,
    change: ConnectionChange,
    now: EpochMs,
  ): Promise<ConnectionRow | null> {
    const changed = await this.connections.update(
      { connectionId, revision },
      { ...change, ...rememberedFor(change), revision: revision + 1, updatedAt: now },
    );
    return changed.affected === 1 ? this.find(connectionId) : null;
  }

  /** Ids of connections that the topic does not have in their present state for certain. */
  async unpublished(limit: number): Promise<readonly string[]> {
    const rows = await this.connections
      .createQueryBuilder('c')
      .select('c.connectionId')
      .where('c.publishedRevision < c.revision')
      .orderBy('c.updatedAt', 'ASC')
      .limit(limit)
      .getMany();
    return rows.map((row) => row.connectionId);
  }

  /** Notes that the topic has this revision. */
  async markPublished(connectionId: string, revision: number): Promise<void> {
    await this.connections
      .createQueryBuilder()
      .update()
      .set({ publishedRevision: () => 'greatest(published_revision, :revision)' })
      .where('connection_id = :connectionId', { connectionId })
      .setParameter('revision', revision)
      .execute();
  }
}

function rememberedFor(change: ConnectionChange): { setByHand?: () => string } {
  const fields = correctableFields.filter((field) => change[field] !== undefined);
  if (fields.length === 0) return {};
  return { setByHand: () => `ARRAY(SELECT DISTINCT unnest(set_by_hand || '{${fields.join(',')}}'::text[]))` };
}
