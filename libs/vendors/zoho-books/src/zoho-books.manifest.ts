import {
  type LimitSignals,
  retryAfterMsOf,
  sourceSettings,
  type VendorManifest,
  wholeNumberOf,
  wholeNumberText,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { errorCodeOf } from './zoho-books.errors.js';
import { baseUrlsOfRegion, regionBaseUrls, regions } from './zoho-books.regions.js';

const MINUTE_MS = 60_000;

const SMALLEST_DAY = 1000;
/** Calls a day by plan (zoho.com/books/api/v3/introduction, "API call limit"). An unknown plan counts as the smallest. */
const callsPerDay: Readonly<Record<string, number>> = {
  FREE: SMALLEST_DAY,
  STANDARD: 2000,
  PROFESSIONAL: 5000,
  PREMIUM: 10_000,
  ELITE: 10_000,
  ULTIMATE: 10_000,
};
/** Zoho takes 5 (free) or 10 calls at once; some are left to the company's own people and other apps. */
const CONCURRENT_FREE = 4;
const CONCURRENT_PAID = 8;

const settings = z.strictObject({
  ...sourceSettings,
  /** Data centre; comes with the tokens. */
  region: z.enum(regions.map(({ id }) => id) as [string, ...string[]]).optional(),
  /** The organisation's plan as Zoho names it; comes with the consent. */
  plan: z.string().min(1).max(50).optional(),
  /** Calls a day, where Zoho's support has raised the plan's limit. */
  dailyLimit: wholeNumberText.optional(),
  /** Calls a minute of ours. */
  minuteLimit: wholeNumberText.optional(),
  /** Calls in flight of ours. */
  concurrentLimit: wholeNumberText.optional(),
});

/** Which of Zoho's three limits an error code is about, and how long to wait where it gives no time. */
const limitSignals: Readonly<Record<string, LimitSignals>> = {
  // The organisation is blocked for a while, and its own people with it.
  '44': { exceeded: 'minute', retryAfterMs: MINUTE_MS },
  // The limiter probes with single calls until the day begins anew; Zoho does not say when that is.
  '45': { exceeded: 'day' },
  '1070': { exceeded: 'concurrent' },
  // More than 10 access tokens in 10 minutes were asked for.
  'Access Denied': { exceeded: 'unknown', retryAfterMs: 10 * MINUTE_MS },
};

/**
 * What is left of the organisation's day, for all its apps. Not documented, but seen in answers of a trial organisation (September 2026)
 * with the plan's calls a day as the limit; a smaller limit than any plan has would be one of another kind.
 */
function dayRemainingOf(headers: Readonly<Record<string, string>>): number | undefined {
  const limit = wholeNumberOf(headers, 'x-rate-limit-limit') ?? 0;
  return limit < SMALLEST_DAY ? undefined : wholeNumberOf(headers, 'x-rate-limit-remaining');
}

/** What is to be known about Zoho Books without calling it. */
export const zohoBooksManifest: VendorManifest = {
  id: 'zoho-books',
  name: 'Zoho Books',
  capabilities: ['source', 'webhooks', 'polling'],
  baseUrls: [
    ...regionBaseUrls,
    {
      // Where consents begin; Zoho leads on to the accounts server of the user's own region.
      key: 'login',
      environmentVariable: 'LEDGERWIRE_ZOHO_BOOKS_LOGIN_URL',
      production: 'https://accounts.zoho.com',
    },
  ],
  appCredentials: [
    { purpose: 'client-id', environmentVariable: 'LEDGERWIRE_ZOHO_BOOKS_CLIENT_ID' },
    { purpose: 'client-secret', environmentVariable: 'LEDGERWIRE_ZOHO_BOOKS_CLIENT_SECRET' },
    { purpose: 'webhook-key', environmentVariable: 'LEDGERWIRE_ZOHO_BOOKS_WEBHOOK_KEY' },
  ],
  limits: {
    concurrent: CONCURRENT_FREE,
    // Of the organisation's 100, because beyond them Zoho blocks the organisation for its own people, too.
    perMinute: 80,
    perDay: SMALLEST_DAY,
    readSignals: ({ status, headers, body }) => {
      const retryAfterMs = retryAfterMsOf(headers);
      const named = limitSignals[errorCodeOf(body) ?? ''];
      const dayRemaining = dayRemainingOf(headers);
      return {
        ...(dayRemaining !== undefined && { dayRemaining }),
        ...(status === 429 && { exceeded: 'unknown' as const }),
        ...named,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      };
    },
  },
  settings,
  accountSettings: ['plan'],
  limitsOf: (texts) => {
    const { data } = settings.safeParse(texts);
    if (!data) return {};
    const planned = data.plan === undefined ? undefined : callsPerDay[data.plan.toUpperCase()];
    const perDay = data.dailyLimit ?? planned;
    const concurrent =
      data.concurrentLimit ?? (planned !== undefined && planned > SMALLEST_DAY ? CONCURRENT_PAID : undefined);
    return {
      ...(concurrent !== undefined && { concurrent }),
      ...(data.minuteLimit !== undefined && { perMinute: data.minuteLimit }),
      ...(perDay !== undefined && { perDay }),
    };
  },
  baseUrlsFor: (texts, baseUrls) => ({ ...baseUrls, ...baseUrlsOfRegion(texts, baseUrls) }),
  guarantees: [
    'Webhooks come from workflow rules that the organisation sets up (plan Professional or higher); Zoho repeats a failed one only under a retry policy, and what is lost is found by polling.',
    'The event’s name is not in Zoho’s payload: it is the rule’s URL that says it, and what counts is the state that is read afterwards.',
    'Changes of customer payments and deletions are seen by webhooks only, because no list tells of them; new customer payments are found by polling, too.',
    'Zoho keeps 20 refresh tokens per user and app: with the 21st consent the oldest connection of that user has to be authorised again.',
    'Of the 100 calls a minute of an organisation we use 80 at most, and of its daily limit no more than polls and webhooks need; what does not fit waits.',
    'Nothing is written to Zoho Books, so no effect can happen twice there.',
  ],
};
