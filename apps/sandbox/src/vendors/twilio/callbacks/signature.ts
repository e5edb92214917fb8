import { createHmac } from 'node:crypto';

/** The form fields of a webhook. */
export type FormFields = Readonly<Record<string, string>>;

/**
 * `X-Twilio-Signature`: Base64 of HMAC-SHA1 with the account's auth token over the whole URL followed by each field's
 * name and value, sorted by name (twilio.com/docs/usage/webhooks/webhooks-security).
 */
export function twilioSignature(authToken: string, url: string, fields: FormFields): string {
  let text = url;
  for (const name of Object.keys(fields).sort()) text += name + (fields[name] ?? '');
  return createHmac('sha1', authToken).update(text).digest('base64');
}
