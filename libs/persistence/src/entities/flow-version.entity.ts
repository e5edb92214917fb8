import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant } from '../columns.js';

/**
 * One version of a flow as it was applied. Versions are never changed; the highest is in force, and its number being the
 * key makes of two operators who change the same version at once one who must look again.
 */
@Entity('flows')
export class FlowVersion {
  @PrimaryColumn({ type: 'text' })
  flowId!: string;

  /** 1, 2, 3, … */
  @PrimaryColumn({ type: 'integer' })
  version!: number;

  @Index('flows_workspace_id')
  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column({ type: 'text' })
  sourceConnectionId!: string;

  @Column({ type: 'text' })
  targetConnectionId!: string;

  /** The definition as the operator wrote it. */
  @Column({ type: 'text' })
  yaml!: string;

  /** Who applied it, for the history; null when the interface does not know. */
  @Column({ type: 'text', nullable: true })
  appliedBy!: string | null;

  @Column(instant)
  appliedAt!: EpochMs;
}
