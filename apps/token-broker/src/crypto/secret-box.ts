import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { LedgerwireError } from '#libs/core';
import type { MasterKeys } from './master-keys.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a sealed secret stands. It is part of what is authenticated: moved to another place, a secret cannot be opened. */
export interface SecretPlace {
  readonly table: string;
  readonly row: string;
  readonly column: string;
}

/**
 * Seals secrets with AES-256-GCM (NIST SP 800-38D): a random 96-bit nonce for each, then ciphertext, then the 128-bit tag.
 * Random nonces are safe for 2^32 secrets under one key; a busy installation writes some 10^7 a year.
 */
export class SecretBox {
  constructor(private readonly keys: MasterKeys) {}

  /** The key that {@link seal} uses now; store its id beside what was sealed. */
  get currentKeyId(): string {
    return this.keys.current.id;
  }

  /** Seals a text under the current key, for one place. */
  seal(secret: string, place: SecretPlace): Buffer {
    const { id, key } = this.keys.current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(place, id));
    return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /**
   * Opens what {@link seal} made for the same place under the key `keyId`.
   * @throws LedgerwireError `unknown-master-key`, or `sealed-secret-damaged` (halt) when the bytes, the place or the key are
   * not those it was sealed with.
   */
  open(sealed: Buffer, place: SecretPlace, keyId: string): string {
    const { key } = this.keys.get(keyId);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associatedData(place, keyId));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch {
      throw new LedgerwireError(
        `the secret in ${place.table}.${place.column} of ${place.row} cannot be opened with key ${keyId}: the row was altered or the key is another one under the same id`,
        { code: 'sealed-secret-damaged', disposition: 'halt' },
      );
    }
  }
}

/** Unambiguous, so that no two places share their data: each part with its length. */
function associatedData({ table, row, column }: SecretPlace, keyId: string): Buffer {
  const parts = ['ledgerwire-secret-1', table, row, column, keyId];
  return Buffer.from(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''));
}
