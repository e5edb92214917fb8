import {
  retryAfterMsOf,
  sourceSettings,
  type VendorManifest,
  wholeNumberOf,
  wholeNumberText,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { limitProblemOf } from './xero.errors.js';

const settings = z.strictObject({
  ...sourceSettings,
  /** Calls a day of the tenant; Xero's Starter tier has 1,000. */
  dailyLimit: wholeNumberText.optional(),
  /** Calls a minute of the tenant. */
  minuteLimit: wholeNumberText.optional(),
  /** Calls in flight of the tenant. */
  concurrentLimit: wholeNumberText.optional(),
  /** Name of the contact group in which those are who want no text messages; without it nothing is ever written. */
  optOutGroup: z.string().trim().min(1).max(100).optional(),
});

/** What is to be known about Xero without calling it. Limits: developer.xero.com/faq/limits. */
export const xeroManifest: VendorManifest = {
  id: 'xero',
  name: 'Xero',
  capabilities: ['source', 'webhooks', 'polling'],
  baseUrls: [
    { key: 'api', environmentVariable: 'LEDGERWIRE_XERO_API_URL', production: 'https://api.xero.com' },
    {
      key: 'identity',
      environmentVariable: 'LEDGERWIRE_XERO_IDENTITY_URL',
      production: 'https://identity.xero.com',
    },
    { key: 'login', environmentVariable: 'LEDGERWIRE_XERO_LOGIN_URL', production: 'https://login.xero.com' },
  ],
  appCredentials: [
    { purpose: 'client-id', environmentVariable: 'LEDGERWIRE_XERO_CLIENT_ID' },
    { purpose: 'client-secret', environmentVariable: 'LEDGERWIRE_XERO_CLIENT_SECRET' },
    { purpose: 'webhook-key', environmentVariable: 'LEDGERWIRE_XERO_WEBHOOK_KEY' },
  ],
  limits: {
    concurrent: 5,
    perMinute: 60,
    perDay: 5000,
    appPerMinute: 10_000,
    readSignals: ({ status, headers }) => {
      const minuteRemaining = wholeNumberOf(headers, 'x-minlimit-remaining');
      const dayRemaining = wholeNumberOf(headers, 'x-daylimit-remaining');
      const retryAfterMs = retryAfterMsOf(headers);
      return {
        ...(minuteRemaining !== undefined && { minuteRemaining }),
        ...(dayRemaining !== undefined && { dayRemaining }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(status === 429 && { exceeded: limitProblemOf(headers) }),
      };
    },
  },
  settings,
  limitsOf: (texts) => {
    const { data } = settings.safeParse(texts);
    return {
      ...(data?.concurrentLimit !== undefined && { concurrent: data.concurrentLimit }),
      ...(data?.minuteLimit !== undefined && { perMinute: data.minuteLimit }),
      ...(data?.dailyLimit !== undefined && { perDay: data.dailyLimit }),
    };
  },
  guarantees: [
    'Webhooks of invoices and contacts are delivered at least once and repeated for 24 hours; what is lost all the same is found by polling.',
    'Xero sends no webhook for payments: they are found through the invoice that they settle, and by polling.',
    'Edits that do not move UpdatedDateUTC (the due date of a part-paid invoice among them) are seen only when the invoice is read again.',
    'All that is ever written to Xero is who belongs to the contact group that a connection names for opt-outs (none by default); adding or removing a member twice is the same as once.',
  ],
};
