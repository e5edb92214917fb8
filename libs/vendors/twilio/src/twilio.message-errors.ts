import type { MessageErrorClass, MessageErrorRule } from '#libs/vendor-kit';

const MINUTE_MS = 60_000;

type Row = readonly [code: number, reason: string, meaning: string];

/** Sources: twilio.com/docs/api/errors/<code>; where another one is used the README says so. */
const recipient: readonly Row[] = [
  [21211, 'invalid-number', 'Twilio does not take this as a phone number.'],
  [21214, 'unreachable-number', 'The number cannot be reached.'],
  [21265, 'sender-is-recipient', 'The number is a short code or the sender itself.'],
  [21612, 'no-route', 'No sender of ours can reach this number.'],
  [21614, 'not-a-mobile-number', 'The number cannot receive SMS.'],
  [21635, 'landline', 'The number is a landline.'],
  [30005, 'unknown-number', 'The number is unknown or no longer in use.'],
  [30006, 'landline', 'The number is a landline or its carrier cannot be reached.'],
];
const optedOut: readonly Row[] = [
  [21610, 'opted-out', 'The recipient has answered STOP.'],
  [30004, 'blocked', 'The recipient or the carrier blocks messages from this sender.'],
  [30640, 'litigator', 'The recipient is listed as a known litigator.'],
  [63014, 'blocked', 'The recipient has blocked the sender.'],
];
const configuration: readonly Row[] = [
  [10001, 'account-inactive', 'The Twilio account is not active.'],
  [20003, 'credentials-refused', 'Twilio refuses the credentials of this connection.'],
  [21212, 'invalid-sender', 'The sender is not a number or id that Twilio knows.'],
  [21408, 'country-not-enabled', 'Messages to this country are not enabled in the Twilio Console.'],
  [21603, 'no-sender', 'The request named no sender.'],
  [21606, 'sender-not-usable', 'The sender is not owned by this account or cannot send SMS.'],
  [21608, 'trial-account', 'A trial account may only write to verified numbers.'],
  [21609, 'invalid-callback', 'Twilio does not take the status callback URL; check the public base URL.'],
  [21701, 'unknown-service', 'The Messaging Service does not exist in this account.'],
  [21703, 'service-without-sender', 'The Messaging Service has no sender for this number.'],
  [21705, 'invalid-service', 'The Messaging Service SID is not valid.'],
  [30002, 'account-suspended', 'The Twilio account is suspended.'],
  [30034, 'unregistered-sender', 'US messages need a sender registered for A2P 10DLC.'],
  [35114, 'schedule-window', 'The wanted time lies outside of what Twilio can schedule.'],
];
const content: readonly Row[] = [
  [21602, 'empty-text', 'The message has no text.'],
  [21617, 'text-too-long', 'The text has more than 1,600 characters.'],
  [21658, 'text-too-long', 'The text has more than 1,600 characters once rendered.'],
  [30007, 'filtered', 'A carrier filtered the message as spam.'],
  [30450, 'pumping-protection', 'Twilio holds the message for an attempt at SMS pumping.'],
  [63016, 'outside-window', 'WhatsApp takes only templates more than 24 hours after the last answer.'],
];
const busy: readonly Row[] = [
  [20429, 'too-many-requests', 'Too many requests at once; nothing was processed.'],
];
/** A queue empties at the sender's throughput, one segment a second for a long number: eight doubling waits are about four hours. */
const fullQueue: readonly Row[] = [
  [21611, 'sender-queue-full', 'The sender’s queue is full.'],
  [30001, 'queue-overflow', 'Twilio’s queue for the sender was full.'],
  [63018, 'channel-rate-limit', 'The channel’s rate limit is exceeded.'],
];

/**
 * Error codes of refused sends and failed deliveries, as data. Twilio splits codes now and then and asks not to build on
 * single ones, so an unknown code falls back to the HTTP class or, on a report, counts as transient for one repeat.
 */
export const messageErrorTable: readonly MessageErrorRule[] = [
  ...rules('recipient', recipient, 0, null),
  ...rules('opted-out', optedOut, 0, null),
  ...rules('configuration', configuration, 0, null),
  ...rules('content', content, 0, null),
  ...rules('transient', busy, 5, 1000),
  ...rules('transient', fullQueue, 8, MINUTE_MS),
  ...rules(
    'transient',
    [[30003, 'handset-unreachable', 'The phone is off or out of reach.']],
    3,
    30 * MINUTE_MS,
  ),
  ...rules('transient', [[30008, 'unknown-carrier-error', 'The carrier gives no reason.']], 2, 5 * MINUTE_MS),
  ...rules(
    'later',
    [[30610, 'quiet-hours', 'Twilio holds back messages in the recipient’s quiet hours.']],
    3,
    60 * MINUTE_MS,
  ),
  ...rules('ambiguous', [[20500, 'internal-error', 'Twilio failed; the message may have left.']], 0, null),
];

/** For codes that the table lacks: by HTTP status of the refused send, undefined for a delivery report. */
export function fallbackClass(status: number | undefined): MessageErrorClass {
  if (status === undefined || status === 429) return 'transient';
  if (status >= 500) return 'ambiguous';
  return status === 401 || status === 403 || status === 404 ? 'configuration' : 'content';
}

function rules(
  errorClass: MessageErrorClass,
  rows: readonly Row[],
  maxRetries: number,
  firstRetryMs: number | null,
): MessageErrorRule[] {
  return rows.map(([code, reason, meaning]) => ({
    codes: [code],
    class: errorClass,
    reason,
    meaning,
    maxRetries,
    firstRetryMs,
  }));
}
