import { fixedKey, fixedSid } from '../../../kit/ids.js';

/** The registration of the one app that the double knows, as the developer portal would show it. */
export interface XeroApp {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Signs webhooks: HMAC-SHA256 over the raw body. */
  readonly webhookKey: string;
  /** Registered redirect URIs; empty means any that Xero would let one register. */
  redirectUris: readonly string[];
}

/** The app of the default world; the same in every run, so that scripts can rely on it. */
export function defaultApp(): XeroApp {
  return {
    name: 'Ledgerwire (sandbox)',
    clientId: fixedKey('xero client id'),
    clientSecret: fixedSid('', 'xero client secret') + fixedSid('', 'xero client secret, second half'),
    webhookKey: Buffer.from(
      fixedSid('', 'xero webhook key') + fixedSid('', 'xero webhook key, second half'),
      'hex',
    ).toString('base64'),
    redirectUris: [],
  };
}

/** Why a redirect URI is refused, or undefined when it may be used. */
export function redirectProblem(app: XeroApp, redirectUri: string): string | undefined {
  if (!URL.canParse(redirectUri)) return 'redirect_uri is not an absolute URL';
  const { protocol, hostname, hash } = new URL(redirectUri);
  if (hash !== '') return 'redirect_uri must have no fragment';
  const isLocal = protocol === 'http:' && hostname === 'localhost';
  if (protocol !== 'https:' && !isLocal)
    return 'redirect_uri must be https, or http://localhost for tests (Xero refuses 127.0.0.1)';
  return app.redirectUris.length === 0 || app.redirectUris.includes(redirectUri)
    ? undefined
    : 'redirect_uri is not registered for this app';
}

const OPEN_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const GRANULAR = [
  'accounting.invoices',
  'accounting.payments',
  'accounting.contacts',
  'accounting.settings',
  'accounting.banktransactions',
  'accounting.manualjournals',
  'accounting.attachments',
  'accounting.budgets',
  'accounting.journals',
];
const KNOWN_SCOPES = new Set([...OPEN_SCOPES, ...GRANULAR, ...GRANULAR.map((scope) => `${scope}.read`)]);

/** The scopes that an app made after 2 March 2026 may not ask for; broad ones such as accounting.transactions are among them. */
export function refusedScopes(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !KNOWN_SCOPES.has(scope));
}
