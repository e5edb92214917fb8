import { z } from 'zod';
import { FixedWindow, type LimitAnswer, SlidingWindow } from '../../../kit/rate-window.js';

/** Calls per window; null means no limit. */
export const xeroLimitsSchema = z.strictObject({
  perTenantMinute: z.int().min(0).nullable().describe('Calls a minute for one tenant; Xero: 60'),
  perTenantConcurrent: z.int().min(0).nullable().describe('Calls in flight for one tenant; Xero: 5'),
  perTenantDay: z
    .int()
    .min(0)
    .nullable()
    .describe('Calls a day for one tenant; Xero: 5,000 (Starter tier 1,000)'),
  perAppMinute: z
    .int()
    .min(0)
    .nullable()
    .describe('Calls a minute for the app over all tenants; Xero: 10,000'),
});

/** See {@link xeroLimitsSchema}. */
export type XeroLimitSettings = z.output<typeof xeroLimitsSchema>;

/** Xero's documented limits. */
export const documentedLimits: XeroLimitSettings = {
  perTenantMinute: 60,
  perTenantConcurrent: 5,
  perTenantDay: 5000,
  perAppMinute: 10_000,
};

/** Which limit refused a call, in Xero's header words. */
export type LimitProblem = 'concurrent' | 'minute' | 'appminute' | 'day';

/** What the limits say to one call: headers for the answer, and the problem when it is refused. */
export interface LimitDecision {
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: LimitProblem | undefined;
}

interface TenantWindows {
  readonly minute: SlidingWindow;
  readonly day: FixedWindow;
  inFlight: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Xero's four limits, counted in the sandbox's time. */
export class XeroLimits {
  private readonly tenants = new Map<string, TenantWindows>();
  private readonly appMinute: SlidingWindow;
  private settings: XeroLimitSettings;

  constructor(settings: XeroLimitSettings = documentedLimits) {
    this.settings = { ...settings };
    this.appMinute = new SlidingWindow(MINUTE_MS, settings.perAppMinute);
  }

  get current(): XeroLimitSettings {
    return this.settings;
  }

  change(settings: Partial<XeroLimitSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.appMinute.limit = this.settings.perAppMinute;
    for (const windows of this.tenants.values()) {
      windows.minute.limit = this.settings.perTenantMinute;
      windows.day.limit = this.settings.perTenantDay;
    }
  }

  /** Forgets what was used. */
  reset(): void {
    this.tenants.clear();
    this.appMinute.clear();
  }

  /** Counts one call. An admitted call must be ended with {@link leave}. */
  enter(tenantId: string, now: number): LimitDecision {
    const windows = this.windowsOf(tenantId);
    const { perTenantConcurrent } = this.settings;
    if (perTenantConcurrent !== null && windows.inFlight >= perTenantConcurrent)
      return refused('concurrent', this.remaining(windows, now), undefined);
    if (this.appMinute.remaining(now) === 0)
      return refused('appminute', this.remaining(windows, now), this.appMinute.take(now));
    if (windows.day.remaining(now) === 0)
      return refused('day', this.remaining(windows, now), windows.day.take(now));
    const minute = windows.minute.take(now);
    if (!minute.allowed) return refused('minute', this.remaining(windows, now), minute);
    const day = windows.day.take(now);
    const app = this.appMinute.take(now);
    windows.inFlight += 1;
    return { headers: remainingHeaders(day.remaining, minute.remaining, app.remaining), problem: undefined };
  }

  leave(tenantId: string): void {
    const windows = this.tenants.get(tenantId);
    if (windows && windows.inFlight > 0) windows.inFlight -= 1;
  }

  private remaining(windows: TenantWindows, now: number): Record<string, string> {
    return remainingHeaders(
      windows.day.remaining(now),
      windows.minute.remaining(now),
      this.appMinute.remaining(now),
    );
  }

  private windowsOf(tenantId: string): TenantWindows {
    let windows = this.tenants.get(tenantId);
    if (!windows) {
      windows = {
        minute: new SlidingWindow(MINUTE_MS, this.settings.perTenantMinute),
        day: new FixedWindow(DAY_MS, this.settings.perTenantDay, phaseOf(tenantId)),
        inFlight: 0,
      };
      this.tenants.set(tenantId, windows);
    }
    return windows;
  }
}

/** Each tenant's day begins at another hour, as Xero's do. */
function phaseOf(tenantId: string): number {
  return (Number.parseInt(tenantId.slice(0, 6), 16) % 24) * 3_600_000;
}

function remainingHeaders(day: number, minute: number, app: number): Record<string, string> {
  return {
    'x-daylimit-remaining': String(day),
    'x-minlimit-remaining': String(minute),
    'x-appminlimit-remaining': String(app),
  };
}

function refused(
  problem: LimitProblem,
  remaining: Record<string, string>,
  answer: LimitAnswer | undefined,
): LimitDecision {
  const headers: Record<string, string> = { ...remaining, 'x-rate-limit-problem': problem };
  // Xero names a waiting time for the minute and the day only.
  if (answer && (problem === 'minute' || problem === 'day'))
    headers['retry-after'] = String(answer.retryAfterSeconds);
  return { headers, problem };
}
