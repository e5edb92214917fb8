import { type DataSource, LessThan, type Repository } from 'typeorm';
import type { EpochMs } from '../columns.js';
import { OAuthState } from '../entities/oauth-state.entity.js';

/** What a callback's state turned out to be. Only `fresh` may go on, and only once. */
export type StateUse =
  | { readonly kind: 'fresh'; readonly state: OAuthState }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'used' }
  | { readonly kind: 'expired' }
  /** The state is ours, but it was begun in another browser or for another vendor. */
  | { readonly kind: 'foreign' };

/** Consents that were begun and not yet answered. */
export class OAuthStateStore {
  private readonly states: Repository<OAuthState>;

  constructor(dataSource: DataSource) {
    this.states = dataSource.getRepository(OAuthState);
  }

  async begin(state: Omit<OAuthState, 'usedAt'>): Promise<void> {
    await this.states.insert({ ...state, usedAt: null });
  }

  /** Uses a state up: of several callbacks with the same one, one gets `fresh`. A foreign or expired one is not used up. */
  async use(
    stateDigest: string,
    expected: { readonly vendor: string; readonly browserDigest: string },
    now: EpochMs,
  ): Promise<StateUse> {
    const state = await this.states.findOneBy({ stateDigest });
    if (!state) return { kind: 'unknown' };
    if (state.vendor !== expected.vendor || state.browserDigest !== expected.browserDigest)
      return { kind: 'foreign' };
    if (state.usedAt !== null) return { kind: 'used' };
    if (state.expiresAt <= now) return { kind: 'expired' };
    const { affected } = await this.states
      .createQueryBuilder()
      .update()
      .set({ usedAt: now })
      .where('state_digest = :stateDigest AND used_at IS NULL', { stateDigest })
      .execute();
    return affected === 1 ? { kind: 'fresh', state } : { kind: 'used' };
  }

  /** Deletes states that ended before `before`; used ones are kept till then, so that a second use can be told so. */
  async deleteEndedBefore(before: EpochMs): Promise<number> {
    const { affected } = await this.states.delete({ expiresAt: LessThan(before) });
    return affected ?? 0;
  }
}
