import { z } from 'zod';
import { FixedWindow, SlidingWindow } from '../../../kit/rate-window.js';

/** What `POST /__sandbox/limits` takes for Zoho Books; null = none, `perDay` absent = the plan's. */
export const zohoLimitsSchema = z.strictObject({
  perMinute: z.int().min(1).nullable(),
  concurrent: z.int().min(1).nullable(),
  perDay: z.int().min(1).nullable(),
});

/** Limits in force for every organisation; a `perDay` of undefined leaves each to its plan. */
export interface ZohoLimitSettings {
  readonly perMinute: number | null;
  readonly concurrent: number | null;
  readonly perDay: number | null | undefined;
}

/** zoho.com/books/api/v3/introduction, "API call limit". */
export const documentedLimits: ZohoLimitSettings = { perMinute: 100, concurrent: 10, perDay: undefined };
const callsPerDay: Readonly<Record<string, number>> = {
  FREE: 1000,
  STANDARD: 2000,
  PROFESSIONAL: 5000,
  PREMIUM: 10_000,
  ELITE: 10_000,
  ULTIMATE: 10_000,
};
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A refused call as Zoho answers it: always 429, and the code says which limit it was. */
export interface LimitRefusal {
  readonly code: 44 | 45 | 1070;
  readonly message: string;
}

/** Counts the calls of every organisation. */
export class ZohoLimits {
  private settings = documentedLimits;
  private readonly windows = new Map<string, { minute: SlidingWindow; day: FixedWindow; inFlight: number }>();

  get current(): ZohoLimitSettings {
    return this.settings;
  }

  change(settings: Partial<ZohoLimitSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.windows.clear();
  }

  reset(): void {
    this.settings = documentedLimits;
    this.windows.clear();
  }

  /** Counts one call, or says why it is refused. An admitted call must be ended with {@link leave}. */
  enter(organizationId: string, plan: string, now: number): LimitRefusal | undefined {
    const windows = this.windowsOf(organizationId, plan);
    const { concurrent } = this.settings;
    if (concurrent !== null && windows.inFlight >= concurrent)
      return {
        code: 1070,
        message: `You have reached the maximum number of in process requests allowed (${String(concurrent)}). Please try again after some time.`,
      };
    if (windows.day.remaining(now) === 0)
      return {
        code: 45,
        message: `You have exceeded the maximum call rate limit of ${String(windows.day.limit)}.`,
      };
    if (!windows.minute.take(now).allowed)
      return {
        code: 44,
        message:
          'For security reasons your organization has been blocked for some time as you have exceeded the maximum number of requests per minute that can originate from one organization.',
      };
    windows.day.take(now);
    windows.inFlight += 1;
    return undefined;
  }

  leave(organizationId: string): void {
    const windows = this.windows.get(organizationId);
    if (windows && windows.inFlight > 0) windows.inFlight -= 1;
  }

  private windowsOf(organizationId: string, plan: string) {
    const known = this.windows.get(organizationId);
    if (known) return known;
    const { perMinute, perDay } = this.settings;
    const windows = {
      minute: new SlidingWindow(MINUTE_MS, perMinute),
      day: new FixedWindow(DAY_MS, perDay === undefined ? (callsPerDay[plan] ?? 1000) : perDay, 0),
      inFlight: 0,
    };
    this.windows.set(organizationId, windows);
    return windows;
  }
}
