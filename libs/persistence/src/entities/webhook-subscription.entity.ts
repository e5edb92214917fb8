import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant } from '../columns.js';
import { ConnectionRow } from './connection.entity.js';

/**
 * How far a subscription is: to be made at the vendor, made and waiting for the handshake, the handshake's secret is here and is to be
 * given back, or delivering.
 */
export type SubscriptionStatus = 'wanted' | 'registered' | 'proven' | 'verified';

/** A webhook subscription that token-broker keeps at a vendor, one for each event of a connection. */
@Entity('webhook_subscriptions')
@Check('webhook_subscriptions_status', `status IN ('wanted', 'registered', 'proven', 'verified')`)
@Index('webhook_subscriptions_event', ['connectionId', 'event'], { unique: true })
export class WebhookSubscription {
  /** Part of the URL that the vendor calls, and known to nobody else. */
  @PrimaryColumn({ type: 'uuid' })
  subscriptionId!: string;

  @Column({ type: 'text' })
  @ForeignKey(() => ConnectionRow, { name: 'webhook_subscriptions_connection_id_fkey' })
  connectionId!: string;

  /** As the vendor names it. */
  @Column({ type: 'text' })
  event!: string;

  @Column({ type: 'text' })
  status!: SubscriptionStatus;

  /** The vendor's id of it. */
  @Column({ type: 'text', nullable: true })
  remoteId!: string | null;

  /** Where the vendor was told to call. */
  @Column({ type: 'text', nullable: true })
  url!: string | null;

  /** The master key that sealed the secret. */
  @Index('webhook_subscriptions_key_id')
  @Column({ type: 'text', nullable: true })
  keyId!: string | null;

  /** The key of its signatures, sealed. */
  @Column({ type: 'bytea', nullable: true })
  secret!: Buffer | null;

  /** Tries since the last step forward. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** When it is looked at again. */
  @Index('webhook_subscriptions_due_at')
  @Column(instant)
  dueAt!: EpochMs;

  /** Why it is not further, as a code; null = nothing is wrong. */
  @Column({ type: 'text', nullable: true })
  problem!: string | null;

  @Column(instant)
  updatedAt!: EpochMs;
}
