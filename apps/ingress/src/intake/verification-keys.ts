import { type Clock, LedgerwireError } from '#libs/core';
import type { VerificationKey } from '#libs/vendor-kit';

/** Where keys come from: token-broker, in production. */
export interface KeySource {
  /**
   * The keys that may have signed a vendor's webhooks, newest first; of one connection where the vendor has keys by connection.
   * An empty list = none is known. @throws LedgerwireError when they cannot be had at the moment.
   */
  verificationKeys(vendor: string, connectionId?: string): Promise<readonly VerificationKey[]>;
}

/** Whose keys are meant: a vendor's app key, or those of one connection. */
export interface KeyScope {
  readonly vendor: string;
  readonly connectionId?: string;
}

/** How long keys are used and how often they are asked for again, in milliseconds. */
export interface KeyCacheTimes {
  /** Keys older than this are renewed in the background; a removed key is then forgotten. */
  readonly maxAgeMs: number;
  /** After a refused signature, keys are asked for again at most this often per scope: a forger must not become token-broker's load. */
  readonly renewalPauseMs: number;
}

interface Entry {
  keys: readonly VerificationKey[];
  /** When they were asked for, epoch milliseconds. */
  askedAt: number;
  pending: Promise<readonly VerificationKey[]> | undefined;
  loaded: boolean;
}

/**
 * Verification keys in memory. Once known they are used for as long as token-broker is away, so that ingress goes on without
 * it; a rotation is found when a signature fails.
 */
export class VerificationKeys {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly source: KeySource,
    private readonly clock: Clock,
    private readonly times: KeyCacheTimes,
    private readonly onFailure: (scope: KeyScope, error: unknown) => void = () => undefined,
  ) {}

  /** Keys that are known already, without waiting; undefined on the first use of a scope. */
  known(scope: KeyScope): readonly VerificationKey[] | undefined {
    const entry = this.entries.get(scopeKey(scope));
    if (!entry?.loaded) return undefined;
    if (this.clock.now() - entry.askedAt >= this.times.maxAgeMs) this.renewInBackground(scope, entry);
    return entry.keys;
  }

  /**
   * Asks for the keys of a scope; several callers share one question.
   * @throws LedgerwireError `verification-keys-unavailable` (retry).
   */
  async load(scope: KeyScope): Promise<readonly VerificationKey[]> {
    try {
      return await this.ask(scope, this.entryOf(scope));
    } catch (cause) {
      throw new LedgerwireError(`no verification keys for ${scope.vendor}: token-broker does not answer`, {
        code: 'verification-keys-unavailable',
        disposition: 'retry',
        vendor: scope.vendor,
        cause,
      });
    }
  }

  /**
   * After a signature that none of the known keys made: newer keys if there are any. undefined when they are the same, were
   * asked for a moment ago, or cannot be had; the refusal then stands.
   */
  async newer(scope: KeyScope): Promise<readonly VerificationKey[] | undefined> {
    const entry = this.entryOf(scope);
    const before = entry.keys;
    if (!entry.pending && this.clock.now() - entry.askedAt < this.times.renewalPauseMs) return undefined;
    try {
      const keys = await this.ask(scope, entry);
      return sameKeys(before, keys) ? undefined : keys;
    } catch {
      return undefined;
    }
  }

  /** The keys of a scope have changed: the next refused signature asks for them at once. */
  expire(scope: KeyScope): void {
    const entry = this.entries.get(scopeKey(scope));
    if (entry) entry.askedAt = -Infinity;
  }

  private entryOf(scope: KeyScope): Entry {
    const key = scopeKey(scope);
    let entry = this.entries.get(key);
    if (!entry) {
      entry = { keys: [], askedAt: -Infinity, pending: undefined, loaded: false };
      this.entries.set(key, entry);
    }
    return entry;
  }

  private renewInBackground(scope: KeyScope, entry: Entry): void {
    if (!entry.pending) this.ask(scope, entry).catch(() => undefined);
  }

  private ask(scope: KeyScope, entry: Entry): Promise<readonly VerificationKey[]> {
    entry.pending ??= this.fetch(scope, entry).finally(() => {
      entry.pending = undefined;
    });
    return entry.pending;
  }

  private async fetch(scope: KeyScope, entry: Entry): Promise<readonly VerificationKey[]> {
    entry.askedAt = this.clock.now();
    try {
      entry.keys = await this.source.verificationKeys(scope.vendor, scope.connectionId);
      entry.loaded = true;
      return entry.keys;
    } catch (error) {
      this.onFailure(scope, error);
      throw error;
    }
  }
}

function scopeKey(scope: KeyScope): string {
  return scope.connectionId === undefined ? scope.vendor : `${scope.vendor} ${scope.connectionId}`;
}

function sameKeys(one: readonly VerificationKey[], other: readonly VerificationKey[]): boolean {
  return one.length === other.length && one.every((key, index) => key.secret === other[index]?.secret);
}
