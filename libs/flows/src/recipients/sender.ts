import { normaliseEmail } from './email-address.js';

const MESSAGING_SERVICE = /^MG[0-9a-f]{32}$/;
const NUMBER = /^\+[1-9]\d{6,14}$/;
const SHORT_CODE = /^\d{3,8}$/;
/** Alphanumeric sender: at most 11 of these, at least one letter (Twilio, "Alphanumeric Sender ID"). */
const ALPHANUMERIC = /^(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}$/;

/** What is wrong with a sender override for the channel; null when it can be one. */
export function senderProblem(sender: string, channel: 'sms' | 'email'): string | null {
  if (channel === 'email')
    return normaliseEmail(sender) === null ? 'the sender of e-mails must be an e-mail address' : null;
  const fits = [MESSAGING_SERVICE, NUMBER, SHORT_CODE, ALPHANUMERIC].some((pattern) => pattern.test(sender));
  return fits
    ? null
    : 'the sender of text messages must be a Messaging Service (MG…), a number (+44…), a short code or a name of at most 11 letters';
}
