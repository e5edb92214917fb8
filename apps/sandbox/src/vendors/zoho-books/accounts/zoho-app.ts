import { fixedSid } from '../../../kit/ids.js';

/** The one client that the double knows, as the API console would show it; multi-DC is on, with the same credentials everywhere. */
export interface ZohoApp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What Ledgerwire derives the secrets of webhooks from; Zoho itself never sees it. */
  readonly webhookKey: string;
}

/** The same in every run, so that scripts can rely on it. */
export function defaultApp(): ZohoApp {
  return {
    clientId: `1000.${fixedSid('', 'zoho client id').toUpperCase()}`,
    clientSecret:
      fixedSid('', 'zoho client secret') + fixedSid('', 'zoho client secret, second half').slice(0, 10),
    webhookKey: fixedSid('', 'zoho webhook key'),
  };
}

/** Data centres of Zoho Books, by the word in their callbacks' `location`. */
export const ZOHO_REGIONS = ['us', 'eu', 'in', 'au', 'jp', 'ca', 'cn', 'sa'] as const;
