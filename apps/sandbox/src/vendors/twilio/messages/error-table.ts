/** An error of Twilio's dictionary. */
export interface TwilioProblem {
  readonly code: number;
  readonly status: number;
  readonly message: string;
}

const problem = (code: number, message: string, status = 400): TwilioProblem => ({ code, status, message });

/** The errors that the double can answer or report, by code. */
export const PROBLEMS: ReadonlyMap<number, TwilioProblem> = new Map(
  [
    problem(20001, 'Invalid parameter'),
    problem(20003, 'Authenticate', 401),
    problem(20404, 'The requested resource was not found', 404),
    problem(20412, 'Precondition Failed', 412),
    problem(20429, 'Too Many Requests', 429),
    problem(20500, 'An internal server error has occurred', 500),
    problem(20503, 'Service unavailable', 503),
    problem(21211, "Invalid 'To' Phone Number"),
    problem(21212, "Invalid 'From' Number"),
    problem(
      21408,
      'Permission to send an SMS has not been enabled for the region indicated by the To number',
    ),
    problem(21602, 'Message body is required'),
    problem(21603, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"),
    problem(21604, "A 'To' phone number is required"),
    problem(21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    problem(21609, "The 'StatusCallback' URL is not valid"),
    problem(21610, 'Attempt to send to unsubscribed recipient'),
    problem(21611, "This 'From' number has exceeded the maximum number of queued messages"),
    problem(21612, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
    problem(21614, "'To' number is not a valid mobile number"),
    problem(21617, 'The concatenated message body exceeds the 1600 character limit'),
    problem(21620, 'Invalid media URL(s)'),
    problem(21635, "'To' number cannot be a landline"),
    problem(21701, 'The Messaging Service does not exist', 404),
    problem(21703, 'The Messaging Service does not have a phone number or alpha sender'),
    problem(21712, 'Phone Number or Short Code is associated with another Messaging Service', 409),
    problem(30003, 'Unreachable destination handset'),
    problem(30005, 'Unknown destination handset'),
    problem(30006, 'Landline or unreachable carrier'),
    problem(30007, 'Carrier violation'),
    problem(30008, 'Unknown error'),
    problem(30034, 'US A2P 10DLC - Message from an Unregistered Number'),
    problem(30409, 'Message is not in a cancelable state', 409),
    problem(30410, 'Message cannot be deleted while it is in flight', 409),
    problem(30646, 'Validation of the item failed'),
    problem(35114, 'SendAt time must be between 15 minutes and 35 days (inclusive) in the future'),
    problem(54006, 'Data size exceeds the 16 KiB limit', 413),
    problem(54208, 'An Item with the given key already exists in the Map', 409),
    problem(54209, 'Invalid key: 1 to 256 characters'),
    problem(54301, 'Unique name already exists', 409),
  ].map((entry) => [entry.code, entry]),
);

/** An error by its code. @throws Error for a code that the double does not have: a mistake in the double itself. */
export function problemOf(code: number): TwilioProblem {
  const found = PROBLEMS.get(code);
  if (!found) throw new Error(`the double has no Twilio error ${String(code)}`);
  return found;
}

/** What happens to messages to a number: refused at once, or failing later, or never finishing. */
export type NumberOutcome =
  | { readonly on: 'create'; readonly code: number }
  | { readonly on: 'delivery'; readonly code: number; readonly status: 'undelivered' | 'failed' }
  | { readonly on: 'delivery'; readonly code: null; readonly status: 'sent' };

const refused = (code: number): NumberOutcome => ({ on: 'create', code });
const undelivered = (code: number): NumberOutcome => ({ on: 'delivery', code, status: 'undelivered' });

/**
 * Recipients that fail: Twilio's documented magic numbers, numbers of the sandbox's own for later failures, and a
 * contact of the demo books. `POST /__sandbox/twilio/numbers` adds more.
 */
export const DEFAULT_OUTCOMES: ReadonlyMap<string, NumberOutcome> = new Map<string, NumberOutcome>([
  ['+15005550001', refused(21211)],
  ['+15005550002', refused(21612)],
  ['+15005550003', refused(21408)],
  ['+15005550004', refused(21610)],
  ['+15005550009', refused(21614)],
  ['+15005550429', refused(20429)],
  ['+15005550500', refused(20500)],
  ['+15005553003', undelivered(30003)],
  ['+15005553005', undelivered(30005)],
  ['+15005553006', undelivered(30006)],
  ['+15005553007', undelivered(30007)],
  ['+15005553008', undelivered(30008)],
  ['+15005553999', { on: 'delivery', code: null, status: 'sent' }],
  ['+64225550108', undelivered(30005)],
]);

/** Magic senders of the test credentials. */
export const DEFAULT_SENDER_PROBLEMS: ReadonlyMap<string, number> = new Map([
  ['+15005550001', 21212],
  ['+15005550007', 21606],
  ['+15005550008', 21611],
]);

/** The magic sender that always works. */
export const GOOD_MAGIC_SENDER = '+15005550006';
