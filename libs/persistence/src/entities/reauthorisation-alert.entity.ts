import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant } from '../columns.js';

/** Somebody must authorise again. One per subject is open at a time, however many services notice it. */
@Entity('reauthorisation_alerts')
@Index('reauthorisation_alerts_open', ['subject'], { unique: true, where: 'resolved_at IS NULL' })
export class ReauthorisationAlert {
  @PrimaryColumn({ type: 'uuid' })
  alertId!: string;

  /** `grant:<id>` when the whole consent is gone, `connection:<id>` when one account of it is. */
  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  vendor!: string;

  @Index('reauthorisation_alerts_workspace_id')
  @Column({ type: 'text' })
  workspaceId!: string;

  /** Connections that stand still because of it. */
  @Column({ type: 'text', array: true })
  connectionIds!: string[];

  /** `grant-revoked` or `account-vanished`. */
  @Column({ type: 'text' })
  reason!: string;

  @Column(instant)
  raisedAt!: EpochMs;

  @Column(nullableInstant)
  resolvedAt!: EpochMs | null;
}
