import { type DataSource, MoreThan, Not, type Repository } from 'typeorm';
import { ApiCredential } from '../entities/api-credential.entity.js';
import type { KeyUse } from './grant.store.js';

/** The sealed keys of connections without OAuth. They are written by the consent store, with their connection. */
export class ApiCredentialStore {
  private readonly credentials: Repository<ApiCredential>;

  constructor(dataSource: DataSource) {
    this.credentials = dataSource.getRepository(ApiCredential);
  }

  find(connectionId: string): Promise<ApiCredential | null> {
    return this.credentials.findOneBy({ connectionId });
  }

  /** Keys sealed under another key than `keyId`, in order of connection, after `afterConnectionId`. */
  sealedUnderOtherKeys(
    keyId: string,
    afterConnectionId: string | null,
    limit: number,
  ): Promise<ApiCredential[]> {
    return this.credentials.find({
      where: {
        keyId: Not(keyId),
        ...(afterConnectionId === null ? {} : { connectionId: MoreThan(afterConnectionId) }),
      },
      order: { connectionId: 'ASC' },
      take: limit,
    });
  }

  /** How many sets of keys are sealed under which master key. */
  countByKey(): Promise<KeyUse[]> {
    return this.credentials
      .createQueryBuilder('c')
      .select('c.key_id', 'keyId')
      .addSelect('count(*)::int', 'rows')
      .groupBy('c.key_id')
      .getRawMany<KeyUse>();
  }

  /** Replaces the sealed keys, unless they changed since `row` was read. */
  async reseal(row: ApiCredential, resealed: Pick<ApiCredential, 'keyId' | 'credentials'>): Promise<boolean> {
    const done = await this.credentials.update(
      { connectionId: row.connectionId, version: row.version, keyId: row.keyId },
      resealed,
    );
    return done.affected === 1;
  }
}
