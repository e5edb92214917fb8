import type { MessageCommand } from '#libs/contracts';
import {
  readJsonAnswer,
  type MessageState,
  type SendReceipt,
  type StatusRank,
  type VendorCall,
  VendorError,
  type VendorRequest,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { settingsOf } from './twilio.settings.js';

/** The tag that carries our command id; keys and values of tags are letters, digits and `._~-`. */
export const COMMAND_TAG = 'ledgerwire-command';
const OPERATION_PREFIX = 'comms_operation_';
const MAX_LIST_PAGES = 20;

const address = z.object({ address: z.string() });
const email = z.object({
  id: z.string().min(1),
  status: z.string(),
  from: address,
  to: z.array(address),
  tags: z.record(z.string(), z.string()).nullish(),
  createdAt: z.string(),
});
const emailPage = z.object({
  emails: z.array(email),
  pagination: z.object({ next: z.string().nullish() }).nullish(),
});
const accepted = z.object({ operationId: z.string().min(1) });

/** Ranks of the Email API's status words (docs/email/api, "Email status values"). */
export const emailRanks: Readonly<Record<string, StatusRank>> = {
  SCHEDULED: { rank: 1, final: false, delivered: null },
  QUEUED: { rank: 2, final: false, delivered: null },
  SENT: { rank: 4, final: false, delivered: null },
  CANCELED: { rank: 6, final: true, delivered: false },
  FAILED: { rank: 6, final: true, delivered: false },
  UNDELIVERED: { rank: 6, final: true, delivered: false },
  DELIVERED: { rank: 7, final: true, delivered: true },
  OPENED: { rank: 8, final: true, delivered: true },
};

/** Sends one e-mail; the SID is that of Twilio's operation, which has exactly this one e-mail. */
export async function sendEmail(call: VendorCall, command: MessageCommand): Promise<SendReceipt> {
  const { emailFrom, emailFromName } = settingsOf(call.connection, 'emails.create');
  const from = command.sender ?? emailFrom;
  if (from === undefined) throw misconfigured();
  const request: VendorRequest = {
    operation: 'emails.create',
    operationClass: 'write',
    method: 'POST',
    url: `${call.baseUrls['comms']}/v1/Emails`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      from: { address: from, ...(emailFromName !== undefined && { name: emailFromName }) },
      to: [{ address: command.to }],
      content: {
        subject: inertText(command.subject ?? ''),
        html: inertHtml(command.html ?? htmlOf(command.body)),
        text: inertText(command.body),
      },
      tags: { [COMMAND_TAG]: command.commandId },
    }),
    repeatable: false,
  };
  const { operationId } = readJsonAnswer('twilio', request, (await call.request(request)).body, accepted);
  return { messageSid: operationId, status: 'QUEUED' };
}

/** The state of an e-mail, by its own id or by that of the operation which sent it. Twilio keeps it for 7 days. */
export async function fetchEmail(call: VendorCall, messageSid: string): Promise<MessageState> {
  if (!messageSid.startsWith(OPERATION_PREFIX)) {
    const request = readRequest(call, 'emails.get', `/${encodeURIComponent(messageSid)}`);
    return toState(readJsonAnswer('twilio', request, (await call.request(request)).body, email), messageSid);
  }
  const request = readRequest(
    call,
    'emails.list',
    `?${new URLSearchParams({ operationId: messageSid, pageSize: '1' }).toString()}`,
  );
  const [found] = readJsonAnswer('twilio', request, (await call.request(request)).body, emailPage).emails;
  if (!found) throw notYetThere();
  return toState(found, messageSid);
}

/** E-mails to one address since a time, newest pages included; with a command id only those that carry it. */
export async function listEmails(
  call: VendorCall,
  filter: { readonly to: string; readonly createdAfter: number; readonly commandId?: string },
): Promise<MessageState[]> {
  const query = new URLSearchParams({
    startDate: new Date(Math.floor(filter.createdAfter / 1000) * 1000).toISOString(),
    pageSize: '100',
    ...(filter.commandId !== undefined && { tags: `${COMMAND_TAG}:${filter.commandId};` }),
  });
  const states: MessageState[] = [];
  for (let pages = 0; pages < MAX_LIST_PAGES; pages++) {
    const request = readRequest(call, 'emails.list', `?${query.toString()}`);
    const answer = readJsonAnswer('twilio', request, (await call.request(request)).body, emailPage);
    states.push(
      ...answer.emails.map((found) => toState(found, found.id)).filter(({ to }) => to === filter.to),
    );
    const next = answer.pagination?.next;
    if (!next) break;
    query.set('pageToken', next);
  }
  return states;
}

function readRequest(call: VendorCall, operation: string, rest: string): VendorRequest {
  return {
    operation,
    operationClass: 'read',
    method: 'GET',
    url: `${call.baseUrls['comms']}/v1/Emails${rest}`,
    headers: { accept: 'application/json' },
    repeatable: true,
  };
}

function toState(found: z.infer<typeof email>, messageSid: string): MessageState {
  const createdAt = Date.parse(found.createdAt);
  return {
    messageSid,
    channel: 'email',
    status: found.status,
    errorCode: null,
    to: found.to[0]?.address ?? '',
    from: found.from.address,
    body: null,
    commandId: found.tags?.[COMMAND_TAG] ?? null,
    messagingServiceSid: null,
    direction: found.status === 'INBOUND' ? 'inbound' : 'outbound',
    createdAt: Number.isNaN(createdAt) ? null : createdAt,
    segments: null,
    price: null,
  };
}

/** Twilio runs Liquid over the content; what a customer is called must not become a template there. */
function inertText(text: string): string {
  // U+2060 WORD JOINER between the characters is invisible and no delimiter.
  return text.replace(/\{(?=[{%])/g, '{\u2060');
}

function inertHtml(html: string): string {
  return html.replace(/\{(?=[{%])/g, '&#123;');
}

/** The Email API requires HTML; a text alone is shown as it is. */
function htmlOf(text: string): string {
  const escaped = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return `<p>${escaped.replace(/\r?\n/g, '<br>')}</p>`;
}

function misconfigured(): VendorError {
  return new VendorError('the Twilio connection has no sender of e-mails: set emailFrom', {
    code: 'vendor-misconfigured',
    disposition: 'park',
    vendor: 'twilio',
    effect: 'none',
    operation: 'emails.create',
  });
}

function notYetThere(): VendorError {
  return new VendorError('Twilio has not made the e-mail of this operation yet', {
    code: 'vendor-not-found',
    disposition: 'retry',
    vendor: 'twilio',
    effect: 'none',
    operation: 'emails.list',
  });
}
