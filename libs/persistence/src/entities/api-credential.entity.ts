import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type EpochMs, instant } from '../columns.js';
import { ConnectionRow } from './connection.entity.js';

/** The long-lived keys of one connection, sealed by token-broker as one JSON text. */
@Entity('api_credentials')
export class ApiCredential {
  @PrimaryColumn({ type: 'text' })
  @ForeignKey(() => ConnectionRow, { name: 'api_credentials_connection_id_fkey' })
  connectionId!: string;

  /** The master key that sealed the secret. */
  @Index('api_credentials_key_id')
  @Column({ type: 'text' })
  keyId!: string;

  @Column({ type: 'bytea' })
  credentials!: Buffer;

  /** Grows when the keys are replaced. */
  @Column({ type: 'integer' })
  version!: number;

  @Column(instant)
  updatedAt!: EpochMs;
}
