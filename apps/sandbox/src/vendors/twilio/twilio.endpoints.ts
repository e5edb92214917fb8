import { describeEndpoints } from '../../kit/vendor-double.js';

/** The protocol's routes that the double has; the README shows the same table. */
export const TWILIO_ENDPOINTS = describeEndpoints([
  ['POST', '/twilio/2010-04-01/Accounts/{sid}/Messages.json', 'send by From or MessagingServiceSid; 201'],
  [
    'GET',
    '/twilio/2010-04-01/Accounts/{sid}/Messages.json',
    'list: To, From, DateSent(<,>), PageSize, PageToken',
  ],
  ['GET', '/twilio/2010-04-01/Accounts/{sid}/Messages/{sid}.json', 'one message'],
  [
    'POST',
    '/twilio/2010-04-01/Accounts/{sid}/Messages/{sid}.json',
    'Status=canceled for scheduled ones; empty Body redacts',
  ],
  ['DELETE', '/twilio/2010-04-01/Accounts/{sid}/Messages/{sid}.json', 'delete'],
  ['GET', '/twilio/2010-04-01/Accounts/{sid}.json', 'the account'],
  [
    'GET, POST',
    '/twilio/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json',
    'numbers; POST /{sid}.json sets SmsUrl',
  ],
  ['GET, POST', '/twilio-messaging/v1/Services', 'Messaging Services; /{sid}, /{sid}/PhoneNumbers'],
  [
    'POST, GET',
    '/twilio-comms/v1/Emails',
    'send (202 with an operation), list: operationId, tags, status, startDate, endDate, pageSize, pageToken',
  ],
  ['GET, DELETE', '/twilio-comms/v1/Emails/{id}', 'one e-mail; GET /Emails/Operations/{id}'],
  [
    'GET, POST, DELETE',
    '/twilio-sync/v1/Services',
    'Sync Services, /{sid}/Maps and /Maps/{map}/Items/{key} with If-Match',
  ],
  [
    'POST, GET',
    '/twilio-events/v1/Sinks',
    'webhook sinks of Event Streams; /Subscriptions; DELETE /Sinks/{sid}',
  ],
  ['POST', '/twilio-accounts/v1/Contacts/Bulk', 'bulk contacts; /Consents/Bulk changes the block list'],
  [
    'POST, DELETE',
    '/twilio-accounts/v1/AuthTokens/Secondary',
    'a second auth token; POST /AuthTokens/Promote makes it the first',
  ],
]);
