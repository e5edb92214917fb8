import { createSecretKey, type KeyObject } from 'node:crypto';
import { LedgerwireError } from '#libs/core';

/** AES-256 takes keys of this length. */
const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** One key of the ring; a KeyObject shows nothing of itself when it is printed. */
export interface MasterKey {
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * The keys that seal credentials. The first seals; all open. To rotate: put a new key first, restart every instance, have
 * everything sealed anew, then take the old key away.
 */
export class MasterKeys {
  private readonly byId: ReadonlyMap<string, MasterKey>;

  private constructor(
    private readonly first: MasterKey,
    all: readonly MasterKey[],
  ) {
    this.byId = new Map(all.map((key) => [key.id, key]));
  }

  /**
   * Reads `id:base64,id2:base64`, current key first.
   * @throws RangeError that names what is wrong by key id or position, never by value.
   */
  static parse(text: string): MasterKeys {
    const keys = text.split(',').map((entry, index) => parseKey(entry.trim(), index + 1));
    const [first] = keys;
    if (!first) throw new RangeError('must hold at least one key as id:base64');
    const ids = keys.map(({ id }) => id);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) throw new RangeError(`names key ${twice} twice`);
    return new MasterKeys(first, keys);
  }

  /** The key that seals. */
  get current(): MasterKey {
    return this.first;
  }

  /** Every key, the current one first. */
  get all(): readonly MasterKey[] {
    return [...this.byId.values()];
  }

  get ids(): readonly string[] {
    return [...this.byId.keys()];
  }

  /** @throws LedgerwireError `unknown-master-key` (retry, since it heals when the key is put back). */
  get(id: string): MasterKey {
    const key = this.byId.get(id);
    if (key) return key;
    throw new LedgerwireError(
      `a secret is sealed under master key "${id}", which LEDGERWIRE_MASTER_KEYS does not hold (it holds ${this.ids.join(', ')}); put that key back behind the current one`,
      { code: 'unknown-master-key', disposition: 'retry' },
    );
  }
}

function parseKey(entry: string, position: number): MasterKey {
  const separator = entry.indexOf(':');
  const id = entry.slice(0, Math.max(separator, 0));
  if (!KEY_ID.test(id))
    throw new RangeError(`entry ${position} must be id:base64 with an id of letters and digits`);
  const encoded = entry.slice(separator + 1);
  const bytes = Buffer.from(encoded, 'base64');
  // Buffer.from ignores what is not base64; a truncated or mistyped key must not become another key.
  const exact = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  if (!exact || bytes.length !== KEY_BYTES)
    throw new RangeError(
      `key ${id} must be ${KEY_BYTES} bytes in base64; make one with: openssl rand -base64 32`,
    );
  return { id, key: createSecretKey(bytes) };
}
