import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant, safeBigint } from '../columns.js';

/**
 * One line of the audit trail: the contract `Outcome`, field for field, and the position in which it arrived. Every id by
 * which people look something up has an index; those on columns that are mostly empty leave the empty rows out.
 */
@Entity('outcomes')
@Index('outcomes_workspace_at', ['workspaceId', 'at'])
@Index('outcomes_refresh', ['connectionId', 'at'], { where: "status LIKE 'refresh-%'" })
export class OutcomeRow {
  @PrimaryColumn({ type: 'text' })
  outcomeId!: string;

  /** Order of arrival, for feeds: it grows, with gaps, and a reader may see a lower one a moment after a higher one. */
  @Index('outcomes_position', { unique: true })
  @Column({ ...safeBigint, generated: 'increment' })
  position!: number;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  step!: string;

  @Column({ type: 'text' })
  status!: string;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  @Index('outcomes_at')
  @Column(instant)
  at!: EpochMs;

  @Column({ type: 'text' })
  service!: string;

  @Index('outcomes_trace_id', { where: 'trace_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  traceId!: string | null;

  @Column({ type: 'text', nullable: true })
  origin!: string | null;

  @Column({ type: 'text', nullable: true })
  vendor!: string | null;

  @Index('outcomes_connection_id', { where: 'connection_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  connectionId!: string | null;

  @Column({ type: 'text', nullable: true })
  entityType!: string | null;

  @Index('outcomes_entity_id', { where: 'entity_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  entityId!: string | null;

  @Index('outcomes_entity_number', { where: 'entity_number IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  entityNumber!: string | null;

  @Index('outcomes_webhook_ids', { type: 'gin' })
  @Column({ type: 'text', array: true })
  webhookIds!: string[];

  @Index('outcomes_notice_ids', { type: 'gin' })
  @Column({ type: 'text', array: true })
  noticeIds!: string[];

  @Index('outcomes_record_id', { where: 'record_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  recordId!: string | null;

  @Index('outcomes_command_id', { where: 'command_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  commandId!: string | null;

  @Index('outcomes_message_sid', { where: 'message_sid IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  messageSid!: string | null;

  @Column({ type: 'text', nullable: true })
  flowId!: string | null;

  @Column({ type: 'text', nullable: true })
  flowStep!: string | null;

  @Column({ type: 'text', nullable: true })
  businessEvent!: string | null;

  @Column({ type: 'text', nullable: true })
  channel!: string | null;

  @Column({ type: 'text', nullable: true })
  recipient!: string | null;

  @Column({ type: 'text', nullable: true })
  errorCode!: string | null;

  @Column(nullableInstant)
  nextTryAt!: EpochMs | null;

  @Index('outcomes_replay_id', { where: 'replay_id IS NOT NULL' })
  @Column({ type: 'text', nullable: true })
  replayId!: string | null;
}
