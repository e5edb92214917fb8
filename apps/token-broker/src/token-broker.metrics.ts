import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What became of one attempt to refresh. */
export type RefreshOutcome =
  /** New tokens are stored. */
  | 'refreshed'
  /** New tokens are stored, got with the former refresh token inside the vendor's grace. */
  | 'refreshed-with-former'
  /** Somebody stored newer tokens meanwhile; ours became the fallback. */
  | 'superseded'
  | 'revoked'
  | 'transient'
  /** Refused, but not for long enough to be believed. */
  | 'refused'
  | 'misconfigured';

/** Counts and times of token-broker. Labels come from closed sets: vendors of the build, words of the code. */
export class TokenBrokerMetrics {
  private readonly refreshes: Counter<'vendor' | 'outcome'>;
  private readonly refreshTime: Histogram<'vendor'>;
  private readonly reads: Counter<'vendor' | 'outcome'>;
  private readonly consents: Counter<'vendor' | 'outcome'>;
  private readonly alerts: Counter<'vendor' | 'reason'>;
  private readonly publications: Counter<'outcome'>;
  private readonly oldKeys: Gauge;
  private readonly subscriptions: Counter<'vendor' | 'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.refreshes = new Counter({
      name: 'token_refresh_total',
      help: 'Attempts to refresh a token set at the vendor, by what became of them.',
      labelNames: ['vendor', 'outcome'],
      registers,
    });
    this.refreshTime = new Histogram({
      name: 'token_refresh_duration_seconds',
      help: 'Time from taking the lease to the stored tokens or the verdict.',
      labelNames: ['vendor'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    });
    this.reads = new Counter({
      name: 'token_reads_total',
      help: 'Requests of services for credentials: ok or the code of the refusal.',
      labelNames: ['vendor', 'outcome'],
      registers,
    });
    this.consents = new Counter({
      name: 'token_consents_total',
      help: 'Answers of vendors to a consent that was begun here: connected or why not.',
      labelNames: ['vendor', 'outcome'],
      registers,
    });
    this.alerts = new Counter({
      name: 'token_reauthorisation_alerts_total',
      help: 'Alerts raised because somebody must authorise again.',
      labelNames: ['vendor', 'reason'],
      registers,
    });
    this.publications = new Counter({
      name: 'token_publications_total',
      help: 'Connections written to the topic connections: ok or failed.',
      labelNames: ['outcome'],
      registers,
    });
    this.subscriptions = new Counter({
      name: 'webhook_subscription_steps_total',
      help: 'Looks at webhook subscriptions that are kept at vendors: registered, asked-again, verified, intact, lost or failed.',
      labelNames: ['vendor', 'outcome'],
      registers,
    });
    this.oldKeys = new Gauge({
      name: 'token_rows_under_old_keys',
      help: 'Rows whose secrets are not yet sealed under the current master key, as of the last look.',
      registers,
    });
  }

  /** `outcome` is what became of one look at a webhook subscription. */
  subscription(vendor: string, outcome: string): void {
    this.subscriptions.inc({ vendor, outcome });
  }

  refreshed(vendor: string, outcome: RefreshOutcome, durationMs: number): void {
    this.refreshes.inc({ vendor, outcome });
    this.refreshTime.observe({ vendor }, durationMs / 1_000);
  }

  /** `outcome` is `ok` or an error code of ours. */
  read(vendor: string, outcome: string): void {
    this.reads.inc({ vendor, outcome });
  }

  consent(vendor: string, outcome: string): void {
    this.consents.inc({ vendor, outcome });
  }

  alert(vendor: string, reason: string): void {
    this.alerts.inc({ vendor, reason });
  }

  published(outcome: 'ok' | 'failed'): void {
    this.publications.inc({ outcome });
  }

  rowsUnderOldKeys(rows: number): void {
    this.oldKeys.set(rows);
  }
}
