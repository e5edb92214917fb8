import { retryAfterMsOf, sourceSettings, type VendorManifest, wholeNumberText } from '#libs/vendor-kit';
import { z } from 'zod';

const settings = z.strictObject({
  ...sourceSettings,
  /** Calls a minute of the account; FreshBooks publishes no limit. */
  minuteLimit: wholeNumberText.optional(),
  /** Calls in flight of the account. */
  concurrentLimit: wholeNumberText.optional(),
});

/** What is to be known about FreshBooks without calling it. */
export const freshbooksManifest: VendorManifest = {
  id: 'freshbooks',
  name: 'FreshBooks',
  capabilities: ['source', 'webhooks', 'polling'],
  baseUrls: [
    {
      key: 'api',
      environmentVariable: 'LEDGERWIRE_FRESHBOOKS_API_URL',
      production: 'https://api.freshbooks.com',
    },
    {
      key: 'auth',
      environmentVariable: 'LEDGERWIRE_FRESHBOOKS_AUTH_URL',
      production: 'https://auth.freshbooks.com',
    },
  ],
  appCredentials: [
    { purpose: 'client-id', environmentVariable: 'LEDGERWIRE_FRESHBOOKS_CLIENT_ID' },
    { purpose: 'client-secret', environmentVariable: 'LEDGERWIRE_FRESHBOOKS_CLIENT_SECRET' },
  ],
  limits: {
    // FreshBooks answers 429 and publishes no numbers: two calls a second and a pair in flight until it is known better.
    concurrent: 2,
    perMinute: 120,
    readSignals: ({ status, headers }) => {
      const retryAfterMs = retryAfterMsOf(headers);
      return {
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(status === 429 && { exceeded: 'unknown' as const }),
      };
    },
  },
  settings,
  limitsOf: (texts) => {
    const { data } = settings.safeParse(texts);
    return {
      ...(data?.concurrentLimit !== undefined && { concurrent: data.concurrentLimit }),
      ...(data?.minuteLimit !== undefined && { perMinute: data.minuteLimit }),
    };
  },
  guarantees: [
    'How often and for how long FreshBooks repeats a webhook that failed is not published; what is lost is found by polling.',
    'A webhook names the object and nothing of its content; two changes give the same bytes, so every webhook leads to a read and the read decides whether something is new.',
    'Bills and vendors have no documented filter by time: their poll reads all of them.',
    'Nothing but our own webhook subscriptions is written to FreshBooks, so no effect can happen twice there.',
  ],
};
