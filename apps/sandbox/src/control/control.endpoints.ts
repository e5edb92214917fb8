import { describeEndpoints } from '../kit/vendor-double.js';

/** The sandbox's own API; the README shows the same table. */
export const CONTROL_ENDPOINTS = describeEndpoints([
  ['GET', '/__sandbox', 'this description'],
  ['GET', '/__sandbox/page', 'messages, webhooks, effects and faults as a web page'],
  ['GET', '/__sandbox/clients', 'the `vendors` and `twilio` objects of .ledgerwire/sandbox.json'],
  ['GET', '/__sandbox/state', 'clock, counts, webhook totals'],
  ['POST', '/__sandbox/reset', 'back to the default world: clock, faults, ledger, vendors'],
  [
    'GET, POST',
    '/__sandbox/clock',
    '{advanceMs?, speed?}; token lifetimes, limits, retries and message steps follow it',
  ],
  [
    'GET, POST',
    '/__sandbox/limits',
    '{vendor, …}: xero perTenantMinute, perTenantConcurrent, perTenantDay, perAppMinute; twilio concurrent, perSecond; null = none',
  ],
  [
    'GET, POST, DELETE',
    '/__sandbox/faults',
    '{kind: status|reset|timeout|latency|slow-body|endless-body|cut-body|gzip-bomb, when: before|after, vendor?, endpoint?, connection?, mentions?, skip?, status?, headers?, body?, latencyMs?, latencyMaxMs?, bytesPerSecond?, times?, probability?, seed?}; DELETE /{id} or all',
  ],
  ['GET', '/__sandbox/ledger', 'the truth ledger: vendor, kind, account, to, after, limit, waitMs'],
  [
    'GET, POST',
    '/__sandbox/webhooks',
    '{vendor, delayMs?, jitterMs?, duplicates?, duplicateFraction?, dropFraction?, seed?}; xero: url, handshake, batchMs, maxEventsPerBody, concurrency, timeoutMs, retryEveryMs; twilio: inboundUrl, emailEventsUrl',
  ],
  ['GET', '/__sandbox/webhooks/deliveries', 'attempts with their answers, newest first: vendor, limit'],
  [
    'POST',
    '/__sandbox/xero/organisations',
    '{name?, country?, contacts?, invoices?, count?}: more organisations, authorised, without webhooks',
  ],
  ['POST', '/__sandbox/xero/disconnect', '{tenantId}: the user cuts the app off'],
  ['POST', '/__sandbox/xero/revoke', '{tenantId}: refresh tokens die, the connection stays'],
  ['POST', '/__sandbox/xero/intent-to-receive', 'plays the handshake and says how it went'],
  [
    'POST',
    '/__sandbox/xero/oauth',
    '{codeTtlMs?, accessTtlMs?, refreshTtlMs?, refreshGraceMs?, revokeOnReuse?, autoApprove?, redirectUris?}',
  ],
  [
    'POST',
    '/__sandbox/twilio/inbound',
    '{from, to, body}: a text arrives; STOP and START keep the block list',
  ],
  ['GET, POST', '/__sandbox/twilio/numbers', '{number, outcome}: what becomes of messages to it'],
  [
    'GET, POST',
    '/__sandbox/twilio/progress',
    '{queuedMs?, sendingMs?, sentMs?, finalMs?, priceMs?, noFinalFraction?, callbackStatuses?, seed?}',
  ],
  ['GET', '/__sandbox/twilio/opt-outs', 'the block list'],
]);
