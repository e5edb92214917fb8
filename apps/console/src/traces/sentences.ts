import type { Outcome } from '#libs/contracts';
import { skipReasons } from '#libs/flows';
import { vendors } from '#libs/vendors';

/** What an outcome says, as far as it is needed to say it. */
export type Told = Pick<
  Outcome,
  | 'step'
  | 'status'
  | 'reason'
  | 'detail'
  | 'vendor'
  | 'entityType'
  | 'entityNumber'
  | 'channel'
  | 'recipient'
  | 'messageSid'
  | 'errorCode'
  | 'nextTryAt'
>;

/** How an outcome is to be taken: for colours, and for the result of a whole path. */
export type Tone = 'good' | 'neutral' | 'waiting' | 'stopped' | 'bad';

/**
 * Reasons that the services besides the mapper give, in words. A reason that is not here is shown as its code, so that a new
 * service's reasons are readable before anybody adds them.
 */
const serviceReasons = {
  'unknown-connection':
    'No connection to that account exists. It can be tried again once the account is connected.',
  'connection-disconnected': 'The connection was disconnected by its owner.',
  disconnected: 'The connection was disconnected by its owner.',
  'malformed-webhook': 'The webhook was rightly signed, but its content could not be read.',
  'behind-parked': 'Something earlier in the same order waits.',
  'needs-reauthorisation': 'The connection must be authorised again by its owner.',
  paused: 'The connection is paused.',
  'vendor-rate-limited': 'The vendor asked us to slow down.',
  'vendor-day-limit': "The vendor's daily limit is used up.",
  'vendor-limit-wait': "The vendor's limit asks for a longer wait.",
  'vendor-breaker-open': 'The vendor failed repeatedly and is left alone for a while.',
  'vendor-unreachable': 'The vendor could not be reached.',
  'vendor-timeout': 'The vendor did not answer in time.',
  'vendor-reset': 'The vendor broke the connection off.',
  'vendor-unavailable': 'The vendor answered that it cannot work at present.',
  'vendor-unauthorised': 'The vendor refused our credentials.',
  'vendor-forbidden': 'The vendor refuses this to our role, scope or plan.',
  'vendor-disconnected': 'The customer removed Ledgerwire at the vendor.',
  'vendor-not-found': 'The vendor does not have it (any more).',
  'vendor-rejected': 'The vendor refused the request.',
  'vendor-misconfigured': "Something in the connection's settings, or at the vendor, must be put right.",
  'vendor-bad-answer': 'The answer of the vendor could not be understood.',
  'token-broker-unavailable': 'No access token could be had at that moment.',
  'kept-here': 'It is kept here; the Twilio connection names no Sync service.',
  'kept-at-twilio': 'It is kept at Twilio.',
  'kept-in-books': 'The books say so.',
  'books-take-no-opt-outs': 'The books have no place for it, or the connection names none.',
  'opted-out': 'The recipient asked not to get messages.',
  'duplicate-of': 'The same message was made before and is not sent twice.',
  'proved-by-callback': 'A status callback proved that the message had left.',
  'found-at-vendor': 'The message was found at the vendor: it had left.',
  'surplus-message': 'A second message was found for the same command.',
  'no-receipt': 'The network gave no receipt in time.',
  'lost-answer': 'The answer of the vendor was lost; the message may have left.',
  interrupted: 'The service was stopped between the call and its answer; the message may have left.',
  'never-repeat': 'By the policy of the flow it is not sent again.',
  'resent-by-operator': 'An operator had it sent again.',
  'sent-meanwhile': 'The message itself was sent after somebody had asked to send it again.',
  'awaiting-decision': 'Somebody must decide whether it is sent again.',
  'no-flow': 'No flow is switched on for this connection.',
  'no-trigger': 'No flow of the connection waits for this.',
  'flow-invalid': 'The flow in force cannot be read.',
  'not-rechecked': 'The present state could not be had in time.',
  'more-reasons': 'There are more reasons than the trail keeps.',
  'with-debtor': 'All that the debtor owes is in one message.',
  'hour-come': 'The state is read again before the message leaves.',
  'contact-kept': 'The contact is kept at Twilio with its wishes.',
  'contact-removed': 'The contact is no longer kept at Twilio.',
  'reminder-due': 'The state is read again before the reminder leaves.',
  'unsupported-entity': 'Ledgerwire does not read this kind of entity.',
  unmappable: "The vendor's record could not be understood.",
  'account-vanished': 'The account is no longer among those that the owner shares.',
  'grant-revoked': 'The owner withdrew the authorisation at the vendor.',
  recheck: 'Asked again to know the state at this moment.',
  gone: 'The vendor no longer has it.',
};

const knownReasons = new Map<string, string>(Object.entries({ ...serviceReasons, ...skipReasons }));

/** A reason code in words for people. */
export function reasonText(reason: string): string {
  return knownReasons.get(reason) ?? `Reason: ${reason}.`;
}

/** One sentence (or two) on what happened, without personal data beyond masked addresses. */
export function sentenceOf(told: Told): string {
  const said = statement(told);
  const why = told.detail ?? (told.reason === null ? '' : reasonText(told.reason));
  if (why === '') return said;
  return `${said} ${/[.!?]$/.test(why) ? why : `${why}.`}`;
}

/** How the outcome is to be taken. Unknown words are neutral: they are shown, and alarm nobody. */
export function toneOf(told: Pick<Outcome, 'status'>): Tone {
  return tones.get(told.status) ?? 'neutral';
}

const tones = new Map<string, Tone>(
  Object.entries({
    accepted: 'good',
    fetched: 'good',
    mapped: 'good',
    sent: 'good',
    delivered: 'good',
    read: 'good',
    opened: 'good',
    escalated: 'waiting',
    unchanged: 'neutral',
    superseded: 'neutral',
    rechecking: 'neutral',
    connected: 'good',
    kept: 'good',
    'flow-applied': 'good',
    'opted-in': 'good',
    waiting: 'waiting',
    deferred: 'waiting',
    grouped: 'waiting',
    'needs-reauthorisation': 'bad',
    'refresh-failing': 'waiting',
    'refresh-recovered': 'good',
    sending: 'neutral',
    scheduled: 'waiting',
    parked: 'waiting',
    uncertain: 'waiting',
    undetermined: 'waiting',
    skipped: 'stopped',
    duplicate: 'stopped',
    cancelled: 'stopped',
    canceled: 'stopped',
    'opted-out': 'stopped',
    undelivered: 'bad',
    failed: 'bad',
    refused: 'bad',
    'dead-lettered': 'bad',
  } as const),
);

function statement(told: Told): string {
  const byStep = statements.get(`${told.step}/${told.status}`);
  if (byStep) return byStep(told);
  return generic.get(told.status)?.(told) ?? `${capital(told.step)}: ${told.status}.`;
}

type Statement = (told: Told) => string;

const statements = new Map<string, Statement>(
  Object.entries({
    'accept/accepted': (told: Told) => `${vendorName(told)} reported a change of ${thing(told)}.`,
    'accept/dead-lettered': (told: Told) => `A webhook from ${vendorName(told)} was set aside.`,
    'accept/refused': (told: Told) => `What came as a webhook of ${vendorName(told)} was refused.`,
    'accept/skipped': (told: Told) =>
      `${vendorName(told)} reported a change of ${thing(told)}; it was passed over.`,
    'fetch/fetched': (told: Told) => `${capital(thing(told))} was read from ${vendorName(told)}.`,
    'fetch/unchanged': (told: Told) =>
      `${capital(thing(told))} was read; nothing had changed since the last time.`,
    'fetch/superseded': () => 'A newer state had been read already.',
    'map/waiting': (told: Told) => `${capital(thing(told))} waits for what belongs to it.`,
    'map/rechecking': (told: Told) =>
      told.reason === 'hour-come' ? 'The hour of a message that waited has come.' : 'A reminder is due.',
    'map/superseded': () => 'A newer state had been handled already.',
    'map/failed': (told: Told) => `No ${message(told)} could be made.`,
    'connect/connected': (told: Told) => `The connection to ${vendorName(told)} works.`,
    'connect/needs-reauthorisation': (told: Told) =>
      `The connection to ${vendorName(told)} must be authorised again by its owner.`,
    'connect/refresh-failing': (told: Told) =>
      `${vendorName(told)} gives no new access token for the connection at the moment.`,
    'connect/refresh-recovered': (told: Told) => `${vendorName(told)} gives access tokens again.`,
    'connect/paused': (told: Told) => `The connection to ${vendorName(told)} was paused.`,
    'connect/disconnected': (told: Told) => `The connection to ${vendorName(told)} was ended.`,
    'operate/flow-applied': () => 'A flow was applied.',
    'operate/requeued': () => 'What had been set aside was brought again.',
    'operate/resend-asked': (told: Told) => `The ${message(told)} is to be sent again.`,
    'send/opted-out': (told: Told) =>
      `${capital(told.recipient ?? 'the recipient')} asked not to get messages.`,
    'send/opted-in': (told: Told) => `${capital(told.recipient ?? 'the recipient')} wants messages again.`,
    'map/mapped': (told: Told) =>
      told.reason === null
        ? `${capital(article(message(told)))} was made.`
        : 'A change of the contacts at Twilio was made.',
    'map/scheduled': (told: Told) => `A reminder is planned${at(told)}.`,
    'map/deferred': (told: Told) => `The ${message(told)} waits${untilOf(told)}.`,
    'map/grouped': () => 'The reminder goes out together with others of the same debtor.',
    'map/cancelled': () => 'The planned reminder was cancelled.',
    'map/skipped': (told: Told) => `No ${message(told)} is sent.`,
    'map/duplicate': () => 'The message had been made before.',
    'send/sending': (told: Told) => `The ${message(told)} is being sent.`,
    'send/sent': (told: Told) => `The ${message(told)} was accepted by Twilio.`,
    'send/uncertain': () => 'It is not known whether the message left; this is being found out.',
    'send/undetermined': () => 'Whether the message left is not known.',
    'send/skipped': (told: Told) => `The ${message(told)} was not sent.`,
    'contact/kept': () => 'The contact and its wishes are kept.',
    'contact/removed': () => 'The contact is no longer kept.',
    'contact/skipped': () => 'Nothing was changed for the contact.',
    'send/escalated': (told: Told) => `The ${message(told)} failed for good and goes another way.`,
    'send/duplicate': () => 'The message had been taken on before.',
    'send/failed': (told: Told) => `The ${message(told)} could not be sent${code(told)}.`,
    'deliver/delivered': () => 'The message was delivered.',
    'deliver/opened': () => 'The message was opened.',
    'deliver/read': () => 'The message was read.',
    'deliver/undelivered': (told: Told) => `The message could not be delivered${code(told)}.`,
    'deliver/failed': (told: Told) => `The message failed${code(told)}.`,
    'deliver/undetermined': () => 'Whether the message was delivered is not known.',
  }),
);

const generic = new Map<string, Statement>(
  Object.entries({
    parked: (told: Told) => `Waits${told.nextTryAt === null ? '' : ` until ${utc(told.nextTryAt)}`}.`,
    'dead-lettered': (told: Told) => `Set aside as a dead letter${code(told)}.`,
    skipped: () => 'Passed over.',
    failed: (told: Told) => `Failed${code(told)}.`,
  }),
);

function thing(told: Told): string {
  const type = words(told.entityType ?? 'entity');
  return told.entityNumber === null ? `the ${type}` : `${type} ${told.entityNumber}`;
}

function message(told: Told): string {
  const channel = told.channel === 'sms' ? 'SMS' : told.channel === 'email' ? 'e-mail' : 'message';
  return told.recipient === null ? channel : `${channel} to ${told.recipient}`;
}

/** "an SMS", "an e-mail", "a message". */
function article(noun: string): string {
  return /^(SMS|e-mail)/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/** As the vendor writes itself; a vendor that this build does not have by its id. */
function vendorName({ vendor }: Told): string {
  return vendor === null ? 'The vendor' : (vendors.find(vendor)?.manifest.name ?? capital(vendor));
}

function code(told: Told): string {
  return told.errorCode === null ? '' : ` (code ${told.errorCode})`;
}

function untilOf(told: Told): string {
  return told.nextTryAt === null ? '' : ` until ${utc(told.nextTryAt)}`;
}

function at(told: Told): string {
  return told.nextTryAt === null ? '' : ` for ${utc(told.nextTryAt)}`;
}

function utc(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `purchaseOrder` → `purchase order`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
