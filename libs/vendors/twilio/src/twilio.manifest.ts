import { retryAfterMsOf, type VendorManifest, wholeNumberText } from '#libs/vendor-kit';
import { z } from 'zod';

/** Settings of a Twilio connection as they stand in `Connection.settings`. */
export const twilioSettings = z
  .strictObject({
    /** Sends from this service's pool; goes before `from`. */
    messagingServiceSid: z
      .string()
      .regex(/^MG[0-9a-fA-F]{32}$/, 'must be MG and 32 hexadecimal digits')
      .optional(),
    /** Sends from this number (E.164) or alphanumeric sender id. */
    from: z
      .string()
      .regex(
        /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/,
        'must be an E.164 number, a short code or a sender id',
      )
      .optional(),
    /** Seconds that Twilio may keep a message in its queue (1–36,000). */
    validitySeconds: wholeNumberText.pipe(z.number().max(36_000)).optional(),
    /** `on`: Twilio shortens links, by the Messaging Service's own link domain (part of its Engagement Suite). */
    shortenUrls: z.enum(['on', 'off']).optional(),
    /** Sender of e-mails; its domain must be verified at Twilio. */
    emailFrom: z.email().optional(),
    emailFromName: z.string().min(1).max(100).optional(),
    /** Sync Service in whose map the books' contacts are kept. */
    syncServiceSid: z
      .string()
      .regex(/^IS[0-9a-fA-F]{32}$/, 'must be IS and 32 hexadecimal digits')
      .optional(),
    /** `on`: Twilio has opened Bulk Consents (a pilot) to the account, so that opt-outs in the books reach its block list. */
    bulkConsents: z.enum(['on', 'off']).optional(),
    /** Requests in flight for this account. */
    concurrentLimit: wholeNumberText.optional(),
  })
  .refine((settings) => settings.emailFromName === undefined || settings.emailFrom !== undefined, {
    path: ['emailFromName'],
    message: 'needs emailFrom',
  })
  .refine((settings) => settings.shortenUrls !== 'on' || settings.messagingServiceSid !== undefined, {
    path: ['shortenUrls'],
    message: 'needs messagingServiceSid',
  });

/** What is to be known about Twilio without calling it. */
export const twilioManifest: VendorManifest = {
  id: 'twilio',
  name: 'Twilio',
  capabilities: ['messaging', 'webhooks'],
  baseUrls: [
    { key: 'api', environmentVariable: 'LEDGERWIRE_TWILIO_API_URL', production: 'https://api.twilio.com' },
    {
      key: 'comms',
      environmentVariable: 'LEDGERWIRE_TWILIO_COMMS_URL',
      production: 'https://comms.twilio.com',
    },
    { key: 'sync', environmentVariable: 'LEDGERWIRE_TWILIO_SYNC_URL', production: 'https://sync.twilio.com' },
    {
      key: 'accounts',
      environmentVariable: 'LEDGERWIRE_TWILIO_ACCOUNTS_URL',
      production: 'https://accounts.twilio.com',
    },
  ],
  appCredentials: [],
  limits: {
    // Twilio limits requests in flight per account and publishes no number; an account that gets 429 is set lower.
    concurrent: 30,
    readSignals: ({ status, headers }) => {
      const retryAfterMs = retryAfterMsOf(headers);
      return {
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(status === 429 && { exceeded: 'concurrent' as const }),
      };
    },
  },
  settings: twilioSettings,
  limitsOf: (texts) => {
    const limit = twilioSettings.safeParse(texts).data?.concurrentLimit;
    return limit === undefined ? {} : { concurrent: limit };
  },
  guarantees: [
    'Twilio has no idempotency key for messages: a send whose answer is lost is reconciled by status callback and message list, and is repeated only when absence is shown or a policy or an operator says so.',
    'A message accepted by Twilio is not yet delivered; some carriers never report delivery.',
    'Status callbacks come at least once, late and out of order, or not at all; a poll of the message is the repair.',
    'Twilio keeps no opt-outs of e-mails, and takes opt-outs of texts from the books only where Bulk Consents (a pilot) is on; Ledgerwire keeps both and obeys them.',
    'E-mails are kept by Twilio for 7 days, so an uncertain e-mail can be reconciled only within that time.',
  ],
};
