import type { Connection, MessageCommand } from '#libs/contracts';
import {
  badAnswer,
  readJsonAnswer,
  type MessageState,
  type SendReceipt,
  type StatusRank,
  type VendorCall,
  VendorError,
  type VendorMessaging,
  type VendorRequest,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { twilioContacts } from './twilio.contacts.js';
import { emailRanks, fetchEmail, listEmails, sendEmail } from './twilio.email.js';
import { settingsOf } from './twilio.settings.js';
import { fallbackClass, messageErrorTable } from './twilio.message-errors.js';
import { segmentsOf } from './twilio.segments.js';

const MAX_BODY_CHARS = 1600;
/** Twilio's servers have been seen to work on a send for 26 s; after a minute its message is in the list or does not exist. */
const SETTLE_MS = 60_000;
const LIST_PAGE_SIZE = 200;
const MAX_LIST_PAGES = 20;
const TRIAL_PREFIX = 'Sent from your Twilio trial account - ';
/** Three repeats of a callback on connect failures, 5xx and time-outs (webhooks-connection-overrides); Twilio does not send or sign it. */
const CALLBACK_OVERRIDES = '#rc=3&rp=5xx,ct,rt';

const nullableText = z
  .string()
  .nullish()
  .transform((text) => text ?? null);
const message = z.object({
  sid: z.string().min(1),
  status: z.string(),
  error_code: z.number().nullish(),
  to: z.string(),
  from: nullableText,
  body: nullableText,
  direction: z.string(),
  messaging_service_sid: nullableText,
  date_created: nullableText,
  num_segments: nullableText,
  price: nullableText,
  price_unit: nullableText,
});
const page = z.object({ messages: z.array(message), next_page_uri: nullableText });

/** Ranks of Twilio's message status words; where two are final the better one wins, because reports come out of order. */
const smsRanks: Readonly<Record<string, StatusRank>> = {
  accepted: { rank: 1, final: false, delivered: null },
  scheduled: { rank: 1, final: false, delivered: null },
  queued: { rank: 2, final: false, delivered: null },
  sending: { rank: 3, final: false, delivered: null },
  sent: { rank: 4, final: false, delivered: null },
  partially_delivered: { rank: 5, final: false, delivered: null },
  canceled: { rank: 6, final: true, delivered: false },
  failed: { rank: 6, final: true, delivered: false },
  undelivered: { rank: 6, final: true, delivered: false },
  delivered: { rank: 7, final: true, delivered: true },
  read: { rank: 8, final: true, delivered: true },
};
const unknownRank: StatusRank = { rank: 0, final: false, delivered: null };

/** Twilio's Messages API (2010-04-01) for SMS and its Email API for e-mails. */
export const twilioMessaging: VendorMessaging = {
  channels: ['sms', 'email'],
  idempotency: 'none',
  settleMs: SETTLE_MS,
  send: (call, command, { statusCallbackUrl }) =>
    command.channel === 'email' ? sendEmail(call, command) : sendSms(call, command, statusCallbackUrl),
  fetch: (call, { channel, messageSid }) =>
    channel === 'email' ? fetchEmail(call, messageSid) : fetchSms(call, messageSid),
  list: (call, filter) => (filter.channel === 'email' ? listEmails(call, filter) : listSms(call, filter)),
  isSameMessage,
  errorTable: messageErrorTable,
  fallbackClass,
  rankOf: (channel, status) => (channel === 'email' ? emailRanks : smsRanks)[status] ?? unknownRank,
  segmentsOf,
  contacts: twilioContacts,
  maxBodyChars: MAX_BODY_CHARS,
};

async function sendSms(
  call: VendorCall,
  command: MessageCommand,
  statusCallbackUrl: string,
): Promise<SendReceipt> {
  const settings = settingsOf(call.connection, 'messages.create');
  const sender = senderOf(call.connection, command.sender);
  const form = new URLSearchParams({
    To: command.to,
    Body: command.body,
    ...sender,
    StatusCallback: statusCallbackUrl + CALLBACK_OVERRIDES,
    // Only a service has a domain for short links.
    ...(settings.shortenUrls === 'on' && 'MessagingServiceSid' in sender && { ShortenUrls: 'true' }),
    ...(settings.validitySeconds !== undefined && { ValidityPeriod: String(settings.validitySeconds) }),
  });
  const request: VendorRequest = {
    operation: 'messages.create',
    operationClass: 'write',
    method: 'POST',
    url: messagesUrl(call),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
    repeatable: false,
  };
  const { sid, status } = readJsonAnswer('twilio', request, (await call.request(request)).body, message);
  return { messageSid: sid, status };
}

/** The command's own sender, else the connection's Messaging Service, else its number. */
function senderOf(connection: Connection, wanted: string | null): Record<string, string> {
  const { messagingServiceSid, from } = connection.settings;
  const sender = wanted ?? messagingServiceSid ?? from;
  if (sender === undefined)
    throw new VendorError('the Twilio connection has no sender: set messagingServiceSid or from', {
      code: 'vendor-misconfigured',
      disposition: 'park',
      vendor: 'twilio',
      effect: 'none',
      operation: 'messages.create',
    });
  return /^MG[0-9a-fA-F]{32}$/.test(sender) ? { MessagingServiceSid: sender } : { From: sender };
}

async function fetchSms(call: VendorCall, messageSid: string): Promise<MessageState> {
  const url = messagesUrl(call).replace(/\.json$/, `/${encodeURIComponent(messageSid)}.json`);
  const request = readRequest('messages.get', url);
  return toState(readJsonAnswer('twilio', request, (await call.request(request)).body, message));
}

/**
 * By recipient and without Twilio's DateSent filter: a message that was just accepted has no date of sending yet. Pages come
 * newest first, so the first older message ends the search.
 */
async function listSms(
  call: VendorCall,
  { to, createdAfter }: { readonly to: string; readonly createdAfter: number },
): Promise<MessageState[]> {
  const states: MessageState[] = [];
  // Twilio's times have whole seconds.
  const oldest = Math.floor(createdAfter / 1000) * 1000;
  let url: string | null =
    `${messagesUrl(call)}?${new URLSearchParams({ To: to, PageSize: String(LIST_PAGE_SIZE) }).toString()}`;
  for (let pages = 0; url !== null && pages < MAX_LIST_PAGES; pages++) {
    const request = readRequest('messages.list', url);
    const answer = readJsonAnswer('twilio', request, (await call.request(request)).body, page);
    const found = answer.messages.map(toState);
    const recent = found.filter(({ createdAt }) => createdAt === null || createdAt >= oldest);
    states.push(...recent);
    const ended = recent.length < found.length || answer.next_page_uri === null;
    url = ended ? null : nextUrl(call, request, answer.next_page_uri ?? '');
  }
  return states;
}

function nextUrl(call: VendorCall, request: VendorRequest, uri: string): string {
  if (!uri.startsWith('/2010-04-01/')) throw badAnswer('twilio', request, 'a next page outside of the API');
  return `${call.baseUrls['api']}${uri}`;
}

function readRequest(operation: string, url: string): VendorRequest {
  const headers = { accept: 'application/json' };
  return { operation, operationClass: 'read', method: 'GET', url, headers, repeatable: true };
}

function messagesUrl(call: VendorCall): string {
  return `${call.baseUrls['api']}/2010-04-01/Accounts/${encodeURIComponent(call.connection.accountId)}/Messages.json`;
}

/** Twilio gives back neither the callback URL nor a reference of ours, so text, recipient and sender have to do. */
function isSameMessage(command: MessageCommand, state: MessageState, connection: Connection): boolean {
  if (state.channel !== command.channel || state.direction !== 'outbound') return false;
  if (state.commandId !== null) return state.commandId === command.commandId;
  if (command.channel === 'email' || state.to !== command.to || state.body === null) return false;
  const body = state.body.startsWith(TRIAL_PREFIX) ? state.body.slice(TRIAL_PREFIX.length) : state.body;
  const { MessagingServiceSid, From } = senderOf(connection, command.sender);
  const sameSender =
    MessagingServiceSid === undefined
      ? state.from === From
      : state.messagingServiceSid === MessagingServiceSid;
  return sameSender && sameText(body, command.body, connection);
}

/** Twilio lists a text as it left; where it shortens links, one link is as good as another. */
function sameText(sent: string, wanted: string, { settings }: Connection): boolean {
  if (settings['shortenUrls'] !== 'on') return sent === wanted;
  const plain = (text: string): string => text.replace(/https?:\/\/\S+/g, 'https://');
  return plain(sent) === plain(wanted);
}

function toState(found: z.infer<typeof message>): MessageState {
  const createdAt = Date.parse(found.date_created ?? '');
  return {
    messageSid: found.sid,
    channel: 'sms',
    status: found.status,
    errorCode: found.error_code ?? null,
    to: found.to,
    from: found.from,
    body: found.body,
    commandId: null,
    messagingServiceSid: found.messaging_service_sid,
    direction: found.direction === 'inbound' ? 'inbound' : 'outbound',
    createdAt: Number.isNaN(createdAt) ? null : createdAt,
    // "0" until a Messaging Service has cut the text.
    segments: Number(found.num_segments) || null,
    price:
      found.price === null
        ? null
        : { amount: found.price, currency: (found.price_unit ?? 'USD').toUpperCase() },
  };
}
