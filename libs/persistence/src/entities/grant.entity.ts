import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant } from '../columns.js';

/**
 * - `active`: tokens are good, or will be again.
 * - `needs-reauthorisation`: the vendor refuses the refresh token for good; the customer must consent again.
 * - `ended`: disconnected or replaced by a newer consent; its secrets are wiped.
 */
export type GrantStatus = 'active' | 'needs-reauthorisation' | 'ended';

/**
 * One consent of one person at one vendor and the tokens it gave. Xero's consent can cover several organisations, so
 * tokens, their lock and their version belong to the grant and not to the connection.
 *
 * Secrets are sealed by token-broker before they come here (AES-256-GCM under `keyId`); this library never sees them.
 */
@Entity('grants')
@Check('grants_status', `status IN ('active', 'needs-reauthorisation', 'ended')`)
export class Grant {
  @PrimaryColumn({ type: 'uuid' })
  grantId!: string;

  @Column({ type: 'text' })
  vendor!: string;

  @Index('grants_workspace_id')
  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  status!: GrantStatus;

  /** Grows with each new set of tokens; a writer names the version it started from and loses when it is not the last. */
  @Column({ type: 'integer' })
  version!: number;

  /** The master key that sealed every secret of this row. */
  @Index('grants_key_id')
  @Column({ type: 'text' })
  keyId!: string;

  @Column({ type: 'bytea', nullable: true })
  accessToken!: Buffer | null;

  @Column(nullableInstant)
  accessTokenExpiresAt!: EpochMs | null;

  @Column({ type: 'bytea', nullable: true })
  refreshToken!: Buffer | null;

  /** The refresh token before the present one, kept while the vendor's grace lasts. */
  @Column({ type: 'bytea', nullable: true })
  previousRefreshToken!: Buffer | null;

  @Column(nullableInstant)
  previousUsableUntil!: EpochMs | null;

  @Column({ type: 'text', array: true })
  scopes!: string[];

  /** Settings that came with the tokens (Zoho's `api_domain`); they decide which servers are asked. */
  @Column({ type: 'jsonb' })
  settings!: Record<string, string>;

  /** When the present tokens were stored. */
  @Column(instant)
  refreshedAt!: EpochMs;

  /** When somebody last asked for an access token, to within some minutes. */
  @Column(nullableInstant)
  lastUsedAt!: EpochMs | null;

  /** When the present refresh token was first presented; the vendor's grace counts from here. */
  @Column(nullableInstant)
  presentedAt!: EpochMs | null;

  /** When the vendor first refused the present refresh token; null while it has not. */
  @Column(nullableInstant)
  refusedAt!: EpochMs | null;

  /** Refreshes that failed since the last one that did not. */
  @Column({ type: 'integer', default: 0 })
  failures!: number;

  /** No refresh before this time (backoff). */
  @Column(nullableInstant)
  retryAt!: EpochMs | null;

  /** The one attempt that may call the token endpoint now. */
  @Column({ type: 'uuid', nullable: true })
  leaseOwner!: string | null;

  /** In the database's time, so that replicas with wrong clocks agree. */
  @Column(nullableInstant)
  leaseUntil!: EpochMs | null;

  /** When the vendor was last asked which accounts the grant covers. */
  @Column(instant)
  accountsCheckedAt!: EpochMs;

  @Column(instant)
  createdAt!: EpochMs;
}
