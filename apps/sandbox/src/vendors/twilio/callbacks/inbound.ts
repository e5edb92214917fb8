import type { CallbackSender } from './callback-sender.js';
import type { Message } from '../messages/message.js';
import type { MessagingService } from '../services.js';
import type { TwilioNumber } from '../twilio-account.js';
import type { OptOutType } from '../messages/block-list.js';

/** Sends the webhook of an incoming message, when the number or its service has one. True when it was sent. */
export function sendInbound(
  callbacks: CallbackSender,
  message: Message,
  number: TwilioNumber,
  service: MessagingService | undefined,
  optOutType: OptOutType | undefined,
): boolean {
  const ofNumber = { url: number.smsUrl, method: number.smsMethod };
  const ofService = { url: service?.inboundRequestUrl ?? '', method: service?.inboundMethod ?? 'POST' };
  const target = service && !service.useInboundWebhookOnNumber && ofService.url !== '' ? ofService : ofNumber;
  if (target.url === '') return false;
  callbacks.send({
    url: target.url,
    method: target.method,
    fields: inboundFields(message, number, service, optOutType),
    what: 'inbound',
    sid: message.sid,
    wantsTwiml: true,
  });
  return true;
}

function inboundFields(
  message: Message,
  number: TwilioNumber,
  service: MessagingService | undefined,
  optOutType: OptOutType | undefined,
): Record<string, string> {
  return {
    ToCountry: number.isoCountry,
    ToState: '',
    SmsMessageSid: message.sid,
    NumMedia: String(message.numMedia),
    ToCity: '',
    FromZip: '',
    SmsSid: message.sid,
    FromState: '',
    SmsStatus: 'received',
    FromCity: '',
    Body: message.body,
    FromCountry: number.isoCountry,
    To: message.to,
    ToZip: '',
    NumSegments: String(message.numSegments),
    MessageSid: message.sid,
    AccountSid: message.accountSid,
    From: message.from ?? '',
    ApiVersion: '2010-04-01',
    ...(service ? { MessagingServiceSid: service.sid } : {}),
    ...(service && optOutType ? { OptOutType: optOutType } : {}),
  };
}
