import { type Clock, codeOf, sleep } from '#libs/core';

/** What an indicator says. Details are shown to whoever may reach the port: numbers and words, never secrets or people. */
export interface HealthReport {
  readonly up: boolean;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * One part of a service's health.
 * - `live`: when down, only a restart helps (a deaf consumer). Kubernetes restarts the pod.
 * - `ready`: when down, the service must get no requests for now (state still restoring, database away).
 */
export interface HealthIndicator {
  /** Kebab-case, unique in the process. */
  readonly name: string;
  readonly kind: 'live' | 'ready';
  /** Answers from what it knows or asks quickly; a rejection or more than two seconds count as down. */
  check(): HealthReport | Promise<HealthReport>;
}

/** An indicator's last word. */
export interface HealthResult extends HealthReport {
  readonly name: string;
}

/** How long one check may take. */
const CHECK_TIMEOUT_MS = 2_000;

/** Where the parts of a service register what can be wrong with them. */
export class HealthRegistry {
  private readonly indicators = new Map<string, HealthIndicator>();

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs = CHECK_TIMEOUT_MS,
  ) {}

  /** @throws when the name is taken: two parts would hide each other. */
  register(indicator: HealthIndicator): void {
    if (this.indicators.has(indicator.name))
      throw new Error(`A health indicator named ${indicator.name} exists already; choose another name`);
    this.indicators.set(indicator.name, indicator);
  }

  /** Asks all indicators of a kind, side by side. */
  check(kind: HealthIndicator['kind']): Promise<readonly HealthResult[]> {
    const asked = [...this.indicators.values()].filter((indicator) => indicator.kind === kind);
    return Promise.all(asked.map((indicator) => this.ask(indicator)));
  }

  private async ask(indicator: HealthIndicator): Promise<HealthResult> {
    const answered = new AbortController();
    const timeout = sleep(this.clock, this.timeoutMs, answered.signal).then(
      (): HealthReport => ({ up: false, details: { reason: 'no answer in time' } }),
      (): HealthReport => ({ up: false }),
    );
    try {
      const { up, details } = await Promise.race([indicator.check(), timeout]);
      return { name: indicator.name, up, ...(details === undefined ? {} : { details }) };
    } catch (error) {
      // Only the code: a client's message may hold what must not be seen here.
      return { name: indicator.name, up: false, details: { reason: 'check failed', code: codeOf(error) } };
    } finally {
      answered.abort();
    }
  }
}
