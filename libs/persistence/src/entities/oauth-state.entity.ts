import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant, nullableInstant } from '../columns.js';

/** A consent that was begun: what the callback needs to know that it is the answer to it. Kept a while after its use. */
@Entity('oauth_states')
export class OAuthState {
  /** SHA-256 of the `state` parameter, so that reading this table does not help anyone to answer in our name. */
  @PrimaryColumn({ type: 'text' })
  stateDigest!: string;

  @Column({ type: 'text' })
  vendor!: string;

  @Column({ type: 'text' })
  workspaceId!: string;

  /** SHA-256 of the cookie that binds the flow to the browser it began in. */
  @Column({ type: 'text' })
  browserDigest!: string;

  @Column({ type: 'text' })
  keyId!: string;

  /** The PKCE verifier (RFC 7636), sealed. */
  @Column({ type: 'bytea' })
  codeVerifier!: Buffer;

  @Column(instant)
  createdAt!: EpochMs;

  @Index('oauth_states_expires_at')
  @Column(instant)
  expiresAt!: EpochMs;

  /** Set by the one callback that may go on. */
  @Column(nullableInstant)
  usedAt!: EpochMs | null;
}
