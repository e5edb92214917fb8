import type { Form } from '../form.js';
import type { MessagingService, MessagingServices } from '../services.js';
import type { TwilioAccount } from '../twilio-account.js';
import type { BlockList } from './block-list.js';
import { DEFAULT_SENDER_PROBLEMS, GOOD_MAGIC_SENDER, type NumberOutcome } from './error-table.js';

/** A message that may be created. */
export interface SendOrder {
  readonly to: string;
  /** null while a Messaging Service has yet to choose. */
  readonly from: string | null;
  readonly body: string;
  readonly service: MessagingService | undefined;
  readonly statusCallback: string | undefined;
  readonly numMedia: number;
  /** Epoch milliseconds of a scheduled message. */
  readonly sendAt: number | undefined;
}

/** Why a message may not be created. */
export interface SendRefusal {
  readonly code: number;
  readonly detail?: string;
}

/** What the rules look at. */
export interface SendWorld {
  readonly account: TwilioAccount;
  readonly services: MessagingServices;
  readonly blockList: BlockList;
  readonly outcomeOf: (to: string) => NumberOutcome | undefined;
  readonly now: number;
}

const E164 = /^\+[1-9]\d{6,14}$/;
const CHANNEL_ADDRESS = /^(whatsapp|messenger|rcs):.+$/;
const ALPHA_SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/;
const MAX_BODY = 1600;
const MAX_MEDIA = 10;
const MIN_SCHEDULE_MS = 15 * 60_000;
const MAX_SCHEDULE_MS = 35 * 86_400_000;

/** Judges the form of `POST /Messages` by Twilio's documented rules, in the order in which Twilio finds faults. */
export function judgeSend(form: Form, world: SendWorld): SendOrder | SendRefusal {
  const to = form.text('To');
  if (to === undefined) return { code: 21604 };
  const serviceSid = form.text('MessagingServiceSid');
  const from = form.text('From');
  if (from === undefined && serviceSid === undefined) return { code: 21603 };
  const service = serviceSid === undefined ? undefined : world.services.get(serviceSid);
  if (serviceSid !== undefined && !service) return { code: 21701, detail: serviceSid };
  const refusal =
    contentRefusal(form) ??
    recipientRefusal(to, world) ??
    senderRefusal(from, service, world) ??
    consentRefusal(to, from, service, world);
  if (refusal) return refusal;
  const sendAt = readSendAt(form, service, world.now);
  if (typeof sendAt === 'object') return sendAt;
  return {
    to,
    from: from ?? null,
    body: form.text('Body') ?? '',
    service,
    statusCallback: form.text('StatusCallback') ?? service?.statusCallback ?? undefined,
    numMedia: form.list('MediaUrl').length,
    sendAt,
  };
}

function contentRefusal(form: Form): SendRefusal | undefined {
  const body = form.text('Body');
  const media = form.list('MediaUrl');
  if (body === undefined && media.length === 0 && form.text('ContentSid') === undefined)
    return { code: 21602 };
  if ((body?.length ?? 0) > MAX_BODY) return { code: 21617 };
  if (media.length > MAX_MEDIA || media.some((url) => !URL.canParse(url))) return { code: 21620 };
  const callback = form.text('StatusCallback');
  if (callback !== undefined && !isCallable(callback)) return { code: 21609, detail: callback };
  const validity = form.text('ValidityPeriod');
  if (validity !== undefined && !(Number(validity) >= 1 && Number(validity) <= 36_000))
    return { code: 20001, detail: 'ValidityPeriod must be 1 to 36000' };
  return undefined;
}

function isCallable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && !hostname.includes('_');
}

function recipientRefusal(to: string, world: SendWorld): SendRefusal | undefined {
  const outcome = world.outcomeOf(to);
  if (outcome?.on === 'create') return { code: outcome.code, detail: to };
  return E164.test(to) || CHANNEL_ADDRESS.test(to) ? undefined : { code: 21211, detail: to };
}

function senderRefusal(
  from: string | undefined,
  service: MessagingService | undefined,
  world: SendWorld,
): SendRefusal | undefined {
  if (service && from === undefined) return service.senders.length === 0 ? { code: 21703 } : undefined;
  if (from === undefined || from === GOOD_MAGIC_SENDER) return undefined;
  const magic = DEFAULT_SENDER_PROBLEMS.get(from);
  if (magic !== undefined) return { code: magic, detail: from };
  if (ALPHA_SENDER.test(from) || CHANNEL_ADDRESS.test(from)) return undefined;
  if (!E164.test(from)) return { code: 21212, detail: from };
  return world.account.numbers.some(({ number }) => number === from)
    ? undefined
    : { code: 21606, detail: from };
}

function consentRefusal(
  to: string,
  from: string | undefined,
  service: MessagingService | undefined,
  world: SendWorld,
): SendRefusal | undefined {
  const senders = [from, service?.sid].filter((sender) => sender !== undefined);
  return world.blockList.isBlocked(to, senders) ? { code: 21610, detail: to } : undefined;
}

/** Without a Messaging Service the two parameters are silently ignored and the message goes out at once, as at Twilio. */
function readSendAt(
  form: Form,
  service: MessagingService | undefined,
  now: number,
): number | undefined | SendRefusal {
  if (form.text('ScheduleType') !== 'fixed' || !service) return undefined;
  const at = Date.parse(form.text('SendAt') ?? '');
  const isInWindow = at - now >= MIN_SCHEDULE_MS && at - now <= MAX_SCHEDULE_MS;
  return isInWindow ? at : { code: 35114 };
}
