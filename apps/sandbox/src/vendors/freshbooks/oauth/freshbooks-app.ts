import { fixedSid } from '../../../kit/ids.js';

/** The registration of the one app that the double knows. */
export interface FreshbooksApp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Registered redirect URIs; empty means any that FreshBooks would let one register. */
  redirectUris: readonly string[];
}

/** The app of the default world; the same in every run. */
export function defaultApp(): FreshbooksApp {
  return {
    clientId: fixedSid('', 'freshbooks client id') + fixedSid('', 'freshbooks client id, second half'),
    clientSecret:
      fixedSid('', 'freshbooks client secret') + fixedSid('', 'freshbooks client secret, second half'),
    redirectUris: [],
  };
}

/**
 * Why a redirect URI is refused, or undefined. FreshBooks takes HTTPS only; the sandbox, which has no certificate, takes
 * `http://localhost` as well.
 */
export function redirectProblem(app: FreshbooksApp, redirectUri: string): string | undefined {
  if (!URL.canParse(redirectUri)) return 'redirect_uri is not an absolute URL';
  const { protocol, hostname, search, hash } = new URL(redirectUri);
  if (search !== '' || hash !== '') return 'redirect_uri must have neither query nor fragment';
  if (protocol !== 'https:' && !(protocol === 'http:' && hostname === 'localhost'))
    return 'redirect_uri must be https';
  return app.redirectUris.length === 0 || app.redirectUris.includes(redirectUri)
    ? undefined
    : 'redirect_uri is not registered for this app';
}

const OBJECTS =
  'bill_payments bill_vendors billable_items bills business clients credit_notes estimates expenses invoices journal_entries notifications online_payments other_income payments profile projects reports retainers taxes teams time_entries'.split(
    ' ',
  );
const READ_ONLY = new Set(['profile', 'notifications', 'reports']);

/** Every scope of the portal: three objects cannot be written. */
export const ALL_SCOPES: readonly string[] = OBJECTS.flatMap((object) =>
  READ_ONLY.has(object) ? [`user:${object}:read`] : [`user:${object}:read`, `user:${object}:write`],
);

/** The scopes that FreshBooks does not know: one of them breaks the whole consent. */
export function unknownScopes(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !ALL_SCOPES.includes(scope));
}
