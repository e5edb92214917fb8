import { describeEndpoints } from '../../kit/vendor-double.js';

/** The protocol's routes that the double has; the README shows the same table. */
export const FRESHBOOKS_ENDPOINTS = describeEndpoints([
  [
    'GET',
    '/freshbooks/login/oauth/authorize/',
    'consent page; auto=1 consents at once, organisation=<account id or name> chooses whose',
  ],
  ['POST', '/freshbooks/auth/oauth/token', 'authorization_code and refresh_token, as JSON or form'],
  ['POST', '/freshbooks/auth/oauth/revoke', 'ends what the user allowed'],
  ['GET', '/freshbooks/auth/api/v1/users/me', 'identity with business memberships'],
  [
    'GET',
    '/freshbooks/accounting/account/{id}/{collection}',
    'invoices/invoices, payments/payments, users/clients, bills/bills, bill_vendors/bill_vendors, bill_payments/bill_payments, expenses/expenses; page, per_page, search[…], include[]',
  ],
  ['GET', '/freshbooks/accounting/account/{id}/{collection}/{id}', 'one object'],
  ['POST', '/freshbooks/accounting/account/{id}/{collection}', 'create'],
  [
    'PUT',
    '/freshbooks/accounting/account/{id}/{collection}/{id}',
    'update; vis_state 1 deletes; action_mark_as_sent and action_email of invoices',
  ],
  [
    'GET',
    '/freshbooks/accounting/account/{id}/invoices/invoices/{id}/share_link',
    'where the client sees the invoice',
  ],
  [
    'GET, POST',
    '/freshbooks/events/account/{id}/events/callbacks',
    'list and create; POST sends the verifier to the uri',
  ],
  [
    'GET, PUT, DELETE',
    '/freshbooks/events/account/{id}/events/callbacks/{id}',
    'read, verify, resend, change the uri, remove',
  ],
]);
