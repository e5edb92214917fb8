import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#libs/core';
import type { MasterKeys } from '../crypto/master-keys.js';

/** A link by which somebody may connect an account to one workspace. */
export interface ConnectLink {
  readonly vendor: string;
  readonly workspaceId: string;
  /** Whether the owner is asked for the right to write as well. */
  readonly mayWrite: boolean;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Base64url; covers all the others. */
  readonly signature: string;
}

/** Words that separate these signatures from any other use of the master keys. */
const PURPOSE = 'ledgerwire connect links 1';

/**
 * Links that operators hand to customers. Without one nobody can begin to connect: else anyone who knows a workspace's
 * name could put a company of their own into it. Signed with a key derived from the master keys (RFC 5869), so that every
 * instance checks what any instance signed.
 */
export class ConnectLinks {
  private readonly keys: readonly Buffer[];

  constructor(
    keys: MasterKeys,
    private readonly clock: Clock,
  ) {
    this.keys = keys.all.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', PURPOSE, 32)));
  }

  /** A link that is good for `lifetimeMs`. */
  create(asked: Pick<ConnectLink, 'vendor' | 'workspaceId' | 'mayWrite'>, lifetimeMs: number): ConnectLink {
    const link = { ...asked, expiresAt: this.clock.now() + lifetimeMs };
    return { ...link, signature: signatureOf(link, this.keys[0] ?? Buffer.alloc(0)).toString('base64url') };
  }

  /** `forged` also stands for a link whose master key was taken away. */
  check(link: ConnectLink): 'good' | 'expired' | 'forged' {
    const given = Buffer.from(link.signature, 'base64url');
    const matches = this.keys.map((key) => {
      const expected = signatureOf(link, key);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (!matches.includes(true)) return 'forged';
    return link.expiresAt > this.clock.now() ? 'good' : 'expired';
  }
}

function signatureOf(link: Omit<ConnectLink, 'signature'>, key: Buffer): Buffer {
  const parts = [link.vendor, link.workspaceId, String(link.expiresAt), ...(link.mayWrite ? ['write'] : [])];
  return createHmac('sha256', key)
    .update(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''))
    .digest();
}
