import { signatureEquals, type VerificationKey, type WebhookRequest } from '#libs/vendor-kit';
import { createHash, createHmac } from 'node:crypto';

/** Parameters of a form body: each name once, with all its values in the order in which they came. */
export type FormParams = ReadonlyMap<string, readonly string[]>;

/** What came of checking a request. */
export type SignatureCheck =
  'valid' | 'signature-missing' | 'signature-invalid' | 'body-hash-invalid' | 'no-key';

/** Reads `application/x-www-form-urlencoded`; blank values stay, nothing is trimmed, since all of it is signed. */
export function readForm(rawBody: Buffer): FormParams {
  const params = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(rawBody.toString('utf8'))) {
    const values = params.get(name);
    if (values) values.push(value);
    else params.set(name, [value]);
  }
  return params;
}

/**
 * Twilio's signature (twilio.com/docs/usage/webhooks/webhooks-security): Base64 HMAC-SHA1, keyed with the auth token, of the URL
 * that Twilio called and, for forms, of all parameters sorted by name, each value that differs once and sorted.
 */
export function expectedSignature(authToken: string, url: string, params: FormParams): string {
  const names = [...params.keys()].sort();
  const text = names
    .map((name) =>
      [...new Set(params.get(name))]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
  return createHmac('sha1', authToken)
    .update(url + text, 'utf8')
    .digest('base64');
}

/** Checks a request against each key. With `bodySHA256` in the URL the body is not a form and its hash is signed instead. */
export function checkSignature(request: WebhookRequest, keys: readonly VerificationKey[]): SignatureCheck {
  const signature = request.headers['x-twilio-signature'];
  if (!signature) return 'signature-missing';
  if (keys.length === 0) return 'no-key';
  const bodyHash = bodyHashIn(request.publicUrl);
  const params: FormParams =
    bodyHash === null && request.method === 'POST' ? readForm(request.rawBody) : new Map();
  const signed = keys.some(({ secret }) =>
    urlForms(request.publicUrl).some((url) =>
      signatureEquals(signature, expectedSignature(secret, url, params)),
    ),
  );
  if (!signed) return 'signature-invalid';
  if (bodyHash === null) return 'valid';
  const hash = createHash('sha256').update(request.rawBody).digest('hex');
  return signatureEquals(bodyHash.toLowerCase(), hash) ? 'valid' : 'body-hash-invalid';
}

/** Whether the URL says how the body's bytes hash; only then does a signature vouch for a body that is no form. */
export function hasBodyHash(publicUrl: string): boolean {
  return bodyHashIn(publicUrl) !== null;
}

function bodyHashIn(url: string): string | null {
  const query = url.indexOf('?');
  return query === -1 ? null : new URLSearchParams(url.slice(query + 1)).get('bodySHA256');
}

/** Twilio signs the URL with or without its port (its own helper library tries both), never with the fragment. */
function urlForms(publicUrl: string): string[] {
  const [url = ''] = publicUrl.split('#');
  const match = /^(https?):\/\/([^/?]*?)(:\d+)?([/?].*)?$/i.exec(url);
  if (!match) return [url];
  const [, scheme = '', host = '', port, rest = ''] = match;
  const standardPort = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  const without = `${scheme}://${host}${rest}`;
  return port === undefined ? [url, `${scheme}://${host}${standardPort}${rest}`] : [url, without];
}
