import type { DataSource, Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { ReplayRow } from '../entities/replay.entity.js';

/** What one step of a replay changes. */
export type ReplayProgress = Pick<
  ReplayRow,
  'spans' | 'read' | 'replayed' | 'unanswered' | 'status' | 'problem' | 'attempts' | 'nextTryAt' | 'endedAt'
>;

/** Replays: asked for, under way and ended. */
export class ReplayStore {
  private readonly replays: Repository<ReplayRow>;

  constructor(dataSource: DataSource) {
    this.replays = dataSource.getRepository(ReplayRow);
  }

  async add(replay: ReplayRow): Promise<void> {
    // A copy: TypeORM writes into what it is given, and a bigint with a default comes back as text.
    await this.replays.insert(this.replays.create(replay));
  }

  find(replayId: string): Promise<ReplayRow | null> {
    return this.replays.findOneBy({ replayId });
  }

  /** Newest first. */
  list(limit: number): Promise<ReplayRow[]> {
    return this.replays.find({ order: { createdAt: 'DESC' }, take: limit });
  }

  /** Ends a running replay; false when it was not running any more. */
  async cancel(replayId: string, now: EpochMs): Promise<boolean> {
    const { affected } = await this.replays.update(
      { replayId, status: 'running' },
      { status: 'cancelled', endedAt: now },
    );
    return affected === 1;
  }

  /**
   * Does one step of the oldest running replay that is due and that no other process works on at this moment. When the process
   * dies in it, the step is done again by whoever is next. Answers whether there was one.
   */
  step(now: EpochMs, work: (replay: ReplayRow) => Promise<ReplayProgress>): Promise<boolean> {
    return this.replays.manager.transaction(async (manager) => {
      const replays = manager.getRepository(ReplayRow);
      const replay = await replays
        .createQueryBuilder('r')
        .where("r.status = 'running' AND (r.nextTryAt IS NULL OR r.nextTryAt <= :now)", {
          now: new Date(now),
        })
        .orderBy('r.createdAt', 'ASC')
        .limit(1)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getOne();
      if (!replay) return false;
      await replays.update({ replayId: replay.replayId }, await work(replay));
      return true;
    });
  }
}
