import { type Connection, headerNames, outcomeOf, topics } from '#libs/contracts';
import type { Clock } from '#libs/core';
import type { LogProducer } from '#libs/streams';
import type { RejectionReason } from '#libs/vendor-kit';
import type { TraceIds } from './trace-ids.js';
import { UNASSIGNED_WORKSPACE } from './webhook-records.js';

/** Where a {@link RefusedWebhooks} writes, and by which clock. */
export interface RefusedParts {
  readonly producer: LogProducer;
  readonly traces: TraceIds;
  readonly clock: Clock;
  /** The trail could not be written; the refusals stay counted in the metrics. */
  readonly failed: (error: unknown, vendor: string) => void;
}

/** What webhooks that were refused alike have in common. */
export interface Refusal {
  readonly vendor: string;
  /** null: the vendor has one key for all of its accounts, or the URL names none that exists. */
  readonly connection: Connection | null;
  readonly reason: RejectionReason | 'unknown-route';
}

/** Anybody can send forged webhooks, at any rate: the trail gets a line a minute of those that are alike. */
const TELL_EVERY_MS = 60_000;

/**
 * Tells the trail of webhooks that nobody vouched for, so that a wrong key at the vendor is seen where people look. The first of a
 * kind is told at once, those that follow within a minute together. Nothing of what they said is kept.
 */
export class RefusedWebhooks {
  private readonly alike = new Map<string, { count: number }>();

  constructor(private readonly parts: RefusedParts) {}

  /** Never fails, and the vendor's answer does not wait for it. */
  note(refusal: Refusal): void {
    const key = JSON.stringify([refusal.vendor, refusal.connection?.connectionId, refusal.reason]);
    const told = this.alike.get(key);
    if (told) {
      told.count += 1;
      return;
    }
    this.tell(refusal, 1);
    this.gather(key, refusal);
  }

  /** Kinds are few: reasons of the code, of connections that exist. */
  private gather(key: string, refusal: Refusal): void {
    const following = { count: 0 };
    this.alike.set(key, following);
    this.parts.clock.after(TELL_EVERY_MS, () => {
      if (following.count === 0) {
        this.alike.delete(key);
        return;
      }
      this.tell(refusal, following.count);
      this.gather(key, refusal);
    });
  }

  private tell({ vendor, connection, reason }: Refusal, count: number): void {
    const { producer, traces, clock, failed } = this.parts;
    const { traceId, traceparent } = traces.next();
    const workspaceId = connection?.workspaceId ?? UNASSIGNED_WORKSPACE;
    const outcome = outcomeOf({
      // Nothing names a refusal but its trace: it is told once, by the process that refused.
      what: traceId,
      workspaceId,
      step: 'accept',
      status: 'refused',
      reason,
      detail: sentence(count, reason),
      service: 'ingress',
      at: clock.now(),
      traceId,
      origin: 'webhook',
      vendor,
      connectionId: connection?.connectionId ?? null,
    });
    const headers = { [headerNames.traceparent]: traceparent, [headerNames.workspace]: workspaceId };
    // Begun behind the answer, so that not even a record that cannot be encoded changes it.
    Promise.resolve()
      .then(() => producer.send({ topic: topics.outcomes, key: workspaceId, value: outcome, headers }))
      .catch((error: unknown) => failed(error, vendor));
  }
}

const because: Readonly<Record<Refusal['reason'], string>> = {
  'signature-missing': 'without a signature',
  'signature-invalid':
    'with a signature that none of our keys makes: forged, or the key at the vendor is another',
  'body-hash-invalid': 'whose body is not the one that was signed',
  'no-key': 'of which no key is known',
  'wrong-account': "of another account than the connection's",
  'unknown-route': 'to a URL that names no connection',
};

function sentence(count: number, reason: Refusal['reason']): string {
  return `${count === 1 ? 'One' : `${count} within a minute`} ${because[reason]}.`;
}
