import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant, safeBigint } from '../columns.js';

/** `open` until an operator has it tried again or gives it up. */
export type DeadLetterStatus = 'open' | 'requeued' | 'discarded';

/**
 * The index of the topic `dead-letters`: what was set aside, why, and at which offset its bytes lie. The bytes stay in the
 * topic, since they hold personal data and the topic's retention ends them.
 */
@Entity('dead_letters')
@Index('dead_letters_status_at', ['status', 'at'])
@Index('dead_letters_origin', ['originTopic', 'originPartition', 'originOffset'])
export class DeadLetterRow {
  @PrimaryColumn({ type: 'text' })
  deadLetterId!: string;

  /** Where the record lies in `dead-letters`. */
  @Column({ type: 'integer' })
  logPartition!: number;

  @Column(safeBigint)
  logOffset!: number;

  /** From the record's headers, where it had them. */
  @Index('dead_letters_workspace_id', { where: 'workspace_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  workspaceId!: string | null;

  @Column({ type: 'text', nullable: true })
  traceId!: string | null;

  @Column({ type: 'text' })
  service!: string;

  @Column({ type: 'text' })
  originTopic!: string;

  /** -1 for webhooks. */
  @Column({ type: 'integer' })
  originPartition!: number;

  /** -1 for webhooks. */
  @Column(safeBigint)
  originOffset!: number;

  @Column(instant)
  originTimestamp!: EpochMs;

  /** The record key as text, where it is text: the connection for most topics. */
  @Index('dead_letters_key', { where: 'key IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  key!: string | null;

  @Column({ type: 'text' })
  errorCode!: string;

  @Column({ type: 'text' })
  errorMessage!: string;

  @Column({ type: 'integer' })
  attempts!: number;

  @Column(instant)
  at!: EpochMs;

  @Column({ type: 'text', default: 'open' })
  status!: DeadLetterStatus;

  @Column(nullableInstant)
  settledAt!: EpochMs | null;
}
