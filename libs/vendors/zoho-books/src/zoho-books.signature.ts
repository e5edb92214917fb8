import { signatureEquals, type VerificationKey } from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';

/** What Zoho signs of a request. */
export interface SignedParts {
  readonly publicUrl: string;
  readonly contentType: string | undefined;
  readonly rawBody: Buffer;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * The text that Zoho signs (zoho.com/billing/kb/webhooks/securing-webhooks; the webhooks of its finance apps are one engine): name
 * and value of every query and form parameter, decoded, sorted by name, without separators; then a body that is no form, byte by
 * byte. A JSON body at a URL without query is signed as it is.
 */
export function signedTextOf({ publicUrl, contentType, rawBody }: SignedParts): Buffer {
  const form = isForm(contentType);
  const pairs = [
    ...(URL.canParse(publicUrl) ? new URL(publicUrl).searchParams : []),
    ...(form ? new URLSearchParams(rawBody.toString('utf8')) : []),
  ].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const text = pairs.map(([name, value]) => name + value).join('');
  return form ? Buffer.from(text) : Buffer.concat([Buffer.from(text), rawBody]);
}

/** HMAC-SHA256 in lower-case hex, as in `X-Zoho-Webhook-Signature`. */
export function signatureOf(parts: SignedParts, secret: string): string {
  return createHmac('sha256', secret).update(signedTextOf(parts)).digest('hex');
}

/** Whether one of the keys made the signature; in constant time for each. */
export function isSigned(parts: SignedParts, signature: string, keys: readonly VerificationKey[]): boolean {
  return keys.some(({ secret }) => signatureEquals(signature, signatureOf(parts, secret)));
}

/** Whether the body consists of form parameters. */
export function isForm(contentType: string | undefined): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === FORM;
}
