import { type DataSource, type FindOptionsWhere, In, type Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { DeadLetterRow, type DeadLetterStatus } from '../entities/dead-letter.entity.js';
import { deleteBefore } from './delete-before.js';

/** What a list of dead letters is narrowed by; absent = any. */
export interface DeadLetterFilter {
  readonly status?: DeadLetterStatus;
  readonly workspaceId?: string;
  readonly service?: string;
  readonly originTopic?: string;
  readonly errorCode?: string;
  readonly key?: string;
}

/** The index of the topic `dead-letters`. */
export class DeadLetterStore {
  private readonly deadLetters: Repository<DeadLetterRow>;

  constructor(dataSource: DataSource) {
    this.deadLetters = dataSource.getRepository(DeadLetterRow);
  }

  /** Adds what is not there yet; one that arrives again changes nothing, not even its status. */
  async addAll(rows: readonly Omit<DeadLetterRow, 'status' | 'settledAt'>[]): Promise<void> {
    if (rows.length === 0) return;
    await this.deadLetters
      .createQueryBuilder()
      .insert()
      .values(rows.map((row) => ({ ...row, status: 'open' as const, settledAt: null })))
      .orIgnore()
      .updateEntity(false)
      .execute();
  }

  find(deadLetterId: string): Promise<DeadLetterRow | null> {
    return this.deadLetters.findOneBy({ deadLetterId });
  }

  /** Newest first. */
  list(filter: DeadLetterFilter, limit: number): Promise<DeadLetterRow[]> {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    return this.deadLetters.find({
      where: given as FindOptionsWhere<DeadLetterRow>,
      order: { at: 'DESC' },
      take: limit,
    });
  }

  /** Settles those of the ids that are open; answers how many were. */
  async settle(
    deadLetterIds: readonly string[],
    status: Exclude<DeadLetterStatus, 'open'>,
    now: EpochMs,
  ): Promise<number> {
    const { affected } = await this.deadLetters.update(
      { deadLetterId: In([...deadLetterIds]), status: 'open' },
      { status, settledAt: now },
    );
    return affected ?? 0;
  }

  /** Forgets those set aside before `before`, settled or not, the oldest first, at most `limit`, and says how many. */
  deleteBefore(before: EpochMs, limit: number): Promise<number> {
    return deleteBefore(this.deadLetters, before, limit);
  }
}
