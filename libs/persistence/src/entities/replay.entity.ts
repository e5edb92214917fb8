import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant, safeBigint } from '../columns.js';

/** `running` until everything is read; `cancelled` by an operator; `failed` when the span cannot be read at all. */
export type ReplayStatus = 'running' | 'done' | 'cancelled' | 'failed';

/** How far one partition of a replay is: offsets from `next` up to `to` (excluded) are still to be read. */
export interface ReplaySpan {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly next: number;
}

/** What a replay is narrowed by; absent = any. */
export interface ReplayFilter {
  readonly connectionId?: string;
  readonly entityType?: string;
  readonly entityId?: string;
  /** Of the topic `messages` alone: this one command. */
  readonly commandId?: string;
}

/** A span of a topic that is brought again. */
@Entity('replays')
@Index('replays_status', ['status', 'createdAt'])
export class ReplayRow {
  @PrimaryColumn({ type: 'text' })
  replayId!: string;

  @Column({ type: 'text' })
  topic!: string;

  /** `ReplayMode` of contracts. */
  @Column({ type: 'text' })
  mode!: string;

  /** Why, in the operator's words. */
  @Column({ type: 'text' })
  reason!: string;

  @Column({ type: 'jsonb' })
  filter!: ReplayFilter;

  @Column({ type: 'jsonb' })
  spans!: readonly ReplaySpan[];

  @Column({ type: 'text' })
  status!: ReplayStatus;

  /** Records looked at. */
  @Column(safeBigint)
  read!: number;

  /** Of those, records that fit the filter and were written again. */
  @Column(safeBigint)
  replayed!: number;

  /** Of a dry run over notices: entities of which the log has no record, so that nothing can be said of them. */
  @Column({ ...safeBigint, default: 0 })
  unanswered!: number;

  /** How often in a row its next step has failed; 0 while all goes well. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** When the step that failed is tried again. */
  @Column(nullableInstant)
  nextTryAt!: EpochMs | null;

  /** Why it failed, or why its next step has failed so far; without personal data. */
  @Column({ type: 'text', nullable: true })
  problem!: string | null;

  @Column(instant)
  createdAt!: EpochMs;

  @Column(nullableInstant)
  endedAt!: EpochMs | null;
}
