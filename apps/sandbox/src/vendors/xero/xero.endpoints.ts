import { describeEndpoints } from '../../kit/vendor-double.js';

/** The protocol's routes that the double has; the README shows the same table. */
export const XERO_ENDPOINTS = describeEndpoints([
  [
    'GET',
    '/xero/login/identity/connect/authorize',
    'consent page; auto=1 consents at once, organisation=<id or name> chooses',
  ],
  [
    'POST',
    '/xero/identity/connect/token',
    'authorization_code (PKCE S256) and refresh_token; HTTP Basic or body credentials',
  ],
  ['POST', '/xero/identity/connect/revocation', 'revokes the user’s refresh tokens and connections'],
  [
    'GET',
    '/xero/identity/.well-known/openid-configuration',
    'OIDC discovery; /jwks below it has the RS256 key',
  ],
  ['GET', '/xero/connections', 'connected tenants; authEventId filters'],
  ['DELETE', '/xero/connections/{id}', 'disconnects a tenant'],
  [
    'GET',
    '/xero/api.xro/2.0/Invoices',
    'page, pageSize, IDs, Statuses, ContactIDs, InvoiceNumbers, where, order, searchTerm, summaryOnly, If-Modified-Since',
  ],
  ['GET', '/xero/api.xro/2.0/Invoices/{id or number}', 'one invoice with its contact and payments'],
  ['PUT', '/xero/api.xro/2.0/Invoices', 'create; summarizeErrors, Idempotency-Key'],
  ['POST', '/xero/api.xro/2.0/Invoices', 'create or update; status flow, LineItemID rule'],
  ['POST', '/xero/api.xro/2.0/Invoices/{id}', 'update one'],
  [
    'GET',
    '/xero/api.xro/2.0/Contacts',
    'page, pageSize, IDs, searchTerm, includeArchived, summaryOnly, where, order, If-Modified-Since',
  ],
  ['GET', '/xero/api.xro/2.0/Contacts/{id or number}', 'one contact with groups and balances'],
  ['PUT, POST', '/xero/api.xro/2.0/Contacts', 'create; create or update'],
  [
    'GET, PUT',
    '/xero/api.xro/2.0/ContactGroups',
    'list and create; /{id}, PUT /{id}/Contacts, DELETE /{id}/Contacts/{contactId}',
  ],
  ['GET', '/xero/api.xro/2.0/Payments', 'page, pageSize, where, order, If-Modified-Since; /{id}'],
  ['PUT, POST', '/xero/api.xro/2.0/Payments', 'create; POST /{id} with Status DELETED removes'],
  ['GET, PUT', '/xero/api.xro/2.0/TrackingCategories', 'list and create; PUT /{id}/Options'],
  ['GET', '/xero/api.xro/2.0/Accounts', 'the chart of accounts'],
  ['GET', '/xero/api.xro/2.0/Organisation', 'country, currency, time zone, lock dates'],
  [
    'GET, PUT',
    '/xero/api.xro/2.0/{collection}/{id}/History',
    'history notes of Invoices, Contacts and Payments',
  ],
]);
