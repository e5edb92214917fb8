import { describeEndpoints } from '../../kit/vendor-double.js';

/** What the sandbox's own API has for this double. */
export const ZOHO_BOOKS_CONTROLS = describeEndpoints([
  [
    'POST',
    '/__sandbox/zoho-books/organisations',
    '{name?, region?, plan?, timeZone?, currencyCode?, countryCode?}: one more organisation with an owner of its own',
  ],
  [
    'POST',
    '/__sandbox/zoho-books/rules',
    '{organizationId, url, secret?, rules?, body?}: workflow rules with webhooks to <url>/<rule>; url null takes them away',
  ],
  ['POST', '/__sandbox/zoho-books/revoke', '{organizationId}: the owner ends all our refresh tokens'],
  [
    'POST',
    '/__sandbox/zoho-books/oauth',
    '{codeTtlMs?, accessTtlMs?, refreshTokensPerUser?, mintsPerTenMinutes?, liveAccessTokens?}',
  ],
]);

/** The protocol's routes that the double has, in each of the eight regions; the README shows the same table. */
export const ZOHO_BOOKS_ENDPOINTS = describeEndpoints([
  [
    'GET, POST',
    '/zoho-books/{region}/accounts/oauth/v2/auth',
    'consent page; auto=1 consents at once, organisation=<id or name> chooses the owner',
  ],
  [
    'POST',
    '/zoho-books/{region}/accounts/oauth/v2/token',
    'authorization_code and refresh_token; errors with HTTP 200; api_domain',
  ],
  [
    'POST',
    '/zoho-books/{region}/accounts/oauth/v2/token/revoke',
    'ends a refresh token and its access tokens',
  ],
  ['GET', '/zoho-books/{region}/accounts/oauth/serverinfo', 'accounts servers of all regions'],
  ['GET', '/zoho-books/{region}/api/books/v3/organizations', 'organisations of the user'],
  [
    'GET, POST',
    '/zoho-books/{region}/api/books/v3/{module}',
    'contacts, invoices, bills, purchaseorders, customerpayments, vendorpayments, expenses: page, per_page, sort_column, sort_order, last_modified_time, status, customer_id, vendor_id',
  ],
  ['GET, PUT, DELETE', '/zoho-books/{region}/api/books/v3/{module}/{id}', 'one record'],
  [
    'POST',
    '/zoho-books/{region}/api/books/v3/{module}/{id}/status/{status}',
    'invoices sent, void, draft; bills open, void; purchaseorders open, cancelled, billed',
  ],
  ['POST', '/zoho-books/{region}/api/books/v3/contacts/{id}/{status}', 'active, inactive'],
  ['POST', '/zoho-books/{region}/api/books/v3/invoices/{id}/email', 'marks as sent and e-mailed'],
]);
