import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant } from '../columns.js';
import { Grant } from './grant.entity.js';

/** What an operator may correct about an account; it then goes before what the vendor says. */
export const correctableFields = ['displayName', 'timeZone', 'country', 'currency'] as const;

/** As in the contract `Connection.status`. */
export type ConnectionStatus = 'active' | 'needs-reauthorisation' | 'paused' | 'disconnected';

/**
 * One authorised account in one vendor. What other services may know of it is published to the topic `connections`;
 * `publishedRevision` behind `revision` means that a publication is owed.
 */
@Entity('connections')
@Check('connections_status', `status IN ('active', 'needs-reauthorisation', 'paused', 'disconnected')`)
@Index('connections_account', ['workspaceId', 'vendor', 'accountId'], { unique: true })
// A webhook names the account only, so that one account cannot be connected twice at a time.
@Index('connections_live_account', ['vendor', 'accountId'], {
  unique: true,
  where: `status <> 'disconnected'`,
})
export class ConnectionRow {
  @PrimaryColumn({ type: 'text' })
  connectionId!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  @Column({ type: 'text' })
  vendor!: string;

  /** The vendor's id: Xero tenantId, Twilio AccountSid, … */
  @Column({ type: 'text' })
  accountId!: string;

  @Column({ type: 'text' })
  displayName!: string;

  @Column({ type: 'text' })
  status!: ConnectionStatus;

  /** IANA zone. */
  @Column({ type: 'text' })
  timeZone!: string;

  /** ISO 3166 alpha-2. */
  @Column({ type: 'text', nullable: true })
  country!: string | null;

  /** ISO 4217. */
  @Column({ type: 'text', nullable: true })
  currency!: string | null;

  /** Those of {@link correctableFields} that an operator has set. */
  @Column({ type: 'text', array: true, default: [] })
  setByHand!: string[];

  /** Texts by name, checked against the vendor's manifest; no secrets. */
  @Column({ type: 'jsonb' })
  settings!: Record<string, string>;

  /** The consent that this account is reached by; null for vendors with API keys. */
  @Index('connections_grant_id')
  @ForeignKey(() => Grant, { name: 'connections_grant_id_fkey' })
  @Column({ type: 'uuid', nullable: true })
  grantId!: string | null;

  /** What the vendor needs to take this account out of the grant. */
  @Column({ type: 'text', nullable: true })
  accountHandle!: string | null;

  /** Grows with each change. */
  @Column({ type: 'integer' })
  revision!: number;

  /** The revision that the topic `connections` has for certain; 0 = none yet. */
  @Column({ type: 'integer', default: 0 })
  publishedRevision!: number;

  @Column(instant)
  createdAt!: EpochMs;

  @Column(instant)
  updatedAt!: EpochMs;
}
