import type { Connection } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { VerificationKey, WebhookVerdict } from '#libs/vendor-kit';
import type { IngressMetrics } from '../ingress.metrics.js';
import { beforeDeadline } from './answer-deadline.js';
import type { Endpoint, ReceivedRequest } from './endpoint.js';
import type { KeyScope, VerificationKeys } from './verification-keys.js';

/** What a {@link WebhookVerifier} works with. */
export interface VerifierParts {
  readonly keys: VerificationKeys;
  readonly metrics: IngressMetrics;
  readonly clock: Clock;
}

/** Judges a webhook by its vendor's rules and keys; a key that is newer than those that are known is asked for. */
export class WebhookVerifier {
  constructor(private readonly parts: VerifierParts) {}

  /** By the keys that are known, at once, where they settle it; `since` is when waiting for others began. */
  verify(
    endpoint: Endpoint,
    request: ReceivedRequest,
    connection: Connection | null,
    since: number,
  ): WebhookVerdict | Promise<WebhookVerdict> {
    const known = this.parts.keys.known(scopeOf(endpoint, connection));
    const verdict = known && this.timedVerdict(endpoint, request, known, connection);
    if (verdict && !mayBeOfNewerKey(verdict)) return verdict;
    return this.verifyByOtherKeys(endpoint, { request, connection, since, verdict });
  }

  /** By keys that have to be asked for: the first ones, or newer ones when those that are known refuse it. */
  private async verifyByOtherKeys(
    endpoint: Endpoint,
    so: {
      readonly request: ReceivedRequest;
      readonly connection: Connection | null;
      readonly since: number;
      readonly verdict: WebhookVerdict | undefined;
    },
  ): Promise<WebhookVerdict> {
    const { keys } = this.parts;
    const { request, connection, since } = so;
    const scope = scopeOf(endpoint, connection);
    let { verdict } = so;
    if (!verdict) {
      const loaded = await beforeDeadline(this.parts.clock, endpoint, since, keys.load(scope));
      verdict = this.timedVerdict(endpoint, request, loaded, connection);
      if (!mayBeOfNewerKey(verdict)) return verdict;
    }
    const newer = await beforeDeadline(this.parts.clock, endpoint, since, keys.newer(scope));
    return newer === undefined ? verdict : this.timedVerdict(endpoint, request, newer, connection);
  }

  private timedVerdict(
    endpoint: Endpoint,
    request: ReceivedRequest,
    keys: readonly VerificationKey[],
    connection: Connection | null,
  ): WebhookVerdict {
    const startedAt = performance.now();
    const verdict = endpoint.webhooks.receive(request, keys, connection);
    this.parts.metrics.verified(endpoint.vendor, performance.now() - startedAt);
    return verdict;
  }
}

function mayBeOfNewerKey(verdict: WebhookVerdict): boolean {
  return verdict.kind === 'rejected' && verdict.reason !== 'wrong-account';
}

function scopeOf({ vendor }: Endpoint, connection: Connection | null): KeyScope {
  return connection ? { vendor, connectionId: connection.connectionId } : { vendor };
}
