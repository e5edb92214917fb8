import { createHash, randomBytes } from 'node:crypto';
import { type Random, seededRandom } from '#libs/core';

/**
 * Identifiers of what the doubles create. Without a seed they are random, so that a restarted sandbox never repeats an
 * id that a running product has already seen and deduplicated; with one they repeat exactly.
 */
export class Ids {
  private random: Random | undefined;

  constructor(seed?: number) {
    this.random = seed === undefined ? undefined : seededRandom(seed);
  }

  /** `bytes` bytes as lower-case hexadecimal. */
  hex(bytes: number): string {
    return this.take(bytes).toString('hex');
  }

  /** A version 4 UUID. */
  uuid(): string {
    return asUuid(this.take(16), 0x40);
  }

  /** A Twilio-style identifier: two letters and 32 hexadecimal digits. */
  sid(prefix: string): string {
    return prefix + this.hex(16);
  }

  /** An opaque secret of 32 bytes, URL-safe. */
  token(): string {
    return this.take(32).toString('base64url');
  }

  /**
   * Runs `make` with identifiers that follow from `name` alone: the demo world has the same ones in every run, so that
   * a product that kept its data recognises it.
   */
  pinned(name: string, make: () => void): void {
    const { random } = this;
    this.random = seededRandom(digest(name).readUInt32BE(0));
    try {
      make();
    } finally {
      this.random = random;
    }
  }

  private take(bytes: number): Buffer {
    if (!this.random) return randomBytes(bytes);
    const taken = Buffer.allocUnsafe(bytes);
    for (let index = 0; index < bytes; index += 1) taken[index] = Math.floor(this.random() * 256);
    return taken;
  }
}

/** The same UUID for the same name, always: for the parts of the default world that scripts rely on. */
export function fixedUuid(name: string): string {
  return asUuid(digest(name).subarray(0, 16), 0x50);
}

/** The same Twilio-style identifier for the same name, always. */
export function fixedSid(prefix: string, name: string): string {
  return prefix + digest(name).subarray(0, 16).toString('hex');
}

/** The same 32 upper-case hexadecimal digits for the same name, always (the shape of a Xero client id). */
export function fixedKey(name: string): string {
  return digest(name).subarray(0, 16).toString('hex').toUpperCase();
}

function digest(name: string): Buffer {
  return createHash('sha256').update(`ledgerwire.sandbox:${name}`).digest();
}

function asUuid(bytes: Buffer, version: number): string {
  const copy = Buffer.from(bytes);
  copy[6] = ((copy[6] ?? 0) & 0x0f) | version;
  copy[8] = ((copy[8] ?? 0) & 0x3f) | 0x80;
  const hex = copy.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
