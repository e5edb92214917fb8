import type { DeliveryEvent, IgnoredItem } from '#libs/vendor-kit';
import { z } from 'zod';
import { COMMAND_TAG } from './twilio.email.js';
import { LONGEST_SID } from './twilio.sid.js';

/** Types of Event Streams that tell of one message or e-mail of the Communications API. */
const EVENT_TYPE = /^com\.twilio\.comms-api\.(message|email)\.([a-z-]{1,100})$/;

const sid = z.string().min(1).max(LONGEST_SID);
const details = z.object({
  operation_id: sid.nullish(),
  message_id: sid.nullish(),
  account_sid: z.string().nullish(),
  error_code: z.union([z.string(), z.number()]).nullish(),
  tags: z.record(z.string(), z.unknown()).nullish(),
  to: z.object({ channel: z.string().nullish() }).nullish().catch(null),
});
const event = z.object({ id: z.string().min(1), type: z.string().min(1), data: z.unknown() });

type Details = z.infer<typeof details>;

/** The events of one delivery of Event Streams, apart from those that are not ours. */
export interface EmailEvents {
  /** Of the CloudEvents, in their order: equal in a redelivery. */
  readonly ids: readonly string[];
  readonly events: readonly DeliveryEvent[];
  readonly ignored: readonly IgnoredItem[];
}

/**
 * Reads a delivery of Event Streams: a JSON array of CloudEvents 1.0 (twilio.com/docs/comms/events). The message's SID is that of
 * the operation, as a send gives it; the status is written as the Email API writes it, so that polls and events rank alike.
 * Undefined when it is not that.
 */
export function readEmailEvents(rawBody: Buffer, accountId: string): EmailEvents | undefined {
  const batch = z.array(event).safeParse(parseJson(rawBody.toString('utf8')));
  if (!batch.success) return undefined;
  const events: DeliveryEvent[] = [];
  const ignored: IgnoredItem[] = [];
  for (const { type, data } of batch.data) {
    const [, family, word] = EVENT_TYPE.exec(type) ?? [];
    if (family === undefined || word === undefined) {
      ignored.push({ reason: 'unknown-event-type', what: type.slice(0, 80) });
      continue;
    }
    const read = details.safeParse(typeof data === 'string' ? parseJson(data) : data);
    const messageSid = read.data?.operation_id ?? read.data?.message_id;
    if (!read.success || !messageSid) return undefined;
    if ((read.data.account_sid ?? accountId) !== accountId)
      ignored.push({ reason: 'foreign-account', what: word });
    else if (!isEmail(family, read.data)) ignored.push({ reason: 'unsubscribed-category', what: 'message' });
    else events.push(deliveryOf(read.data, { accountId, messageSid, word }));
  }
  return { ids: batch.data.map(({ id }) => id), events, ignored };
}

/** The Communications API carries texts too, and the names of its events do not tell them from e-mails. */
function isEmail(family: string, { to, tags, message_id: id }: Details): boolean {
  return (
    family === 'email' ||
    to?.channel?.toUpperCase() === 'EMAIL' ||
    commandIn(tags) !== null ||
    (id ?? '').startsWith('comms_email_')
  );
}

function deliveryOf(
  { tags, error_code: code }: Details,
  { accountId, messageSid, word }: { accountId: string; messageSid: string; word: string },
): DeliveryEvent {
  const errorCode = Number(code ?? 0);
  return {
    kind: 'delivery',
    accountId,
    commandId: commandIn(tags),
    messageSid,
    channel: 'email',
    // A message is read where an e-mail is opened.
    status: word === 'read' ? 'OPENED' : word.toUpperCase(),
    errorCode: Number.isSafeInteger(errorCode) && errorCode > 0 ? errorCode : null,
  };
}

/** A tag that is longer than any id of ours names no command. */
function commandIn(tags: Details['tags']): string | null {
  const tag = tags?.[COMMAND_TAG];
  return typeof tag === 'string' && tag !== '' && tag.length <= LONGEST_SID ? tag : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
