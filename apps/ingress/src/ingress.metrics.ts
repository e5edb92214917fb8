import { Counter, Histogram, type Registry } from 'prom-client';
import type { IgnoredItem, RejectionReason } from '#libs/vendor-kit';

/** What became of one request; the `outcome` label. */
export type WebhookResult =
  | 'accepted'
  | 'handshake'
  | 'malformed'
  | 'unknown-connection'
  | 'unknown-route'
  | 'unavailable'
  | 'refused-by-http'
  | RejectionReason;

interface AcceptedEvents {
  readonly events: number;
  readonly ignored: readonly IgnoredItem[];
  readonly unknown: number;
}

/** Counts and times of the way in. Labels come from closed sets: vendors of the build, words of the code. */
export class IngressMetrics {
  private readonly requests: Counter<'vendor' | 'outcome'>;
  private readonly events: Counter<'vendor' | 'outcome'>;
  private readonly verifying: Histogram<'vendor'>;
  private readonly bound = new Map<string, { inc(): void }>();
  private readonly acceptedEventsOf = new Map<string, { inc(value: number): void }>();
  private readonly verifyingOf = new Map<string, { observe(value: number): void }>();

  constructor(registry: Registry) {
    this.requests = new Counter({
      name: 'webhook_requests_total',
      help: 'Webhook requests by what became of them.',
      labelNames: ['vendor', 'outcome'],
      registers: [registry],
    });
    this.events = new Counter({
      name: 'webhook_events_total',
      help: 'Events inside accepted webhooks: accepted, unknown (no such connection) or why they were ignored.',
      labelNames: ['vendor', 'outcome'],
      registers: [registry],
    });
    this.verifying = new Histogram({
      name: 'webhook_verify_duration_seconds',
      help: 'Time to verify and parse one webhook.',
      labelNames: ['vendor'],
      buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05],
      registers: [registry],
    });
  }

  /** One request has been answered. */
  count(vendor: string, outcome: WebhookResult): void {
    const key = `${vendor} ${outcome}`;
    let counter = this.bound.get(key);
    if (!counter) {
      counter = this.requests.labels(vendor, outcome);
      this.bound.set(key, counter);
    }
    counter.inc();
  }

  /** The events of one accepted request. */
  countEvents(vendor: string, { events, ignored, unknown }: AcceptedEvents): void {
    if (events > unknown) this.acceptedEvents(vendor).inc(events - unknown);
    if (unknown > 0) this.events.inc({ vendor, outcome: 'unknown' }, unknown);
    for (const item of ignored) this.events.inc({ vendor, outcome: item.reason });
  }

  private acceptedEvents(vendor: string): { inc(value: number): void } {
    let counter = this.acceptedEventsOf.get(vendor);
    if (!counter) {
      counter = this.events.labels(vendor, 'accepted');
      this.acceptedEventsOf.set(vendor, counter);
    }
    return counter;
  }

  /** One signature was checked, rightly or not. */
  verified(vendor: string, durationMs: number): void {
    let histogram = this.verifyingOf.get(vendor);
    if (!histogram) {
      histogram = this.verifying.labels(vendor);
      this.verifyingOf.set(vendor, histogram);
    }
    histogram.observe(durationMs / 1_000);
  }
}
