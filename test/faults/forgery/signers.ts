import { createHmac } from 'node:crypto';
import type { WebhookRequest } from '#libs/vendor-kit';

/** One vendor's way to sign, written a second time from its documentation, so that a mistake in the product is no mistake here too. */
export interface Signer {
  readonly vendor: string;
  readonly header: string;
  readonly contentType: string;
  /** Path below the public URL of ingress, with example parameters. */
  readonly path: string;
  /** Name of the route in the vendor's definition. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  /** The bytes that the key signs; two requests with the same bytes are the same to the vendor. */
  signed(url: string, body: Buffer): Buffer;
  /** The account that the example body is about. */
  readonly accountId: string;
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: 'base64' | 'hex';
  /** A body as the vendor sends it. */
  body(id: string): string;
}

export const PUBLIC_URL = 'https://in.example';

/** Xero: Base64 HMAC-SHA256 over the raw bytes. */
const xero: Signer = {
  vendor: 'xero',
  accountId: 't',
  header: 'x-xero-signature',
  contentType: 'application/json',
  path: '/webhooks/xero',
  route: 'events',
  params: {},
  signed: (_url, body) => body,
  algorithm: 'sha256',
  digest: 'base64',
  body: (id) =>
    `{"events":[{"resourceUrl":"u","resourceId":"${id}","tenantId":"t","tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-21T00:00:00.000"}],"firstEventSequence": 1,"lastEventSequence": 1, "entropy": "E"}`,
};

/** Twilio: Base64 HMAC-SHA1 over the URL and the form's parameters in alphabetical order. */
const twilio: Signer = {
  vendor: 'twilio',
  accountId: 'AC1',
  header: 'x-twilio-signature',
  contentType: 'application/x-www-form-urlencoded',
  path: '/webhooks/twilio/c1/status/cmd1',
  route: 'status',
  params: { connectionId: 'c1', commandId: 'cmd1' },
  signed: (url, body) => {
    const values = Map.groupBy(new URLSearchParams(body.toString('utf8')), ([name]) => name);
    const text = [...values.keys()]
      .toSorted()
      .flatMap((name) =>
        [...new Set((values.get(name) ?? []).map(([, value]) => value))]
          .toSorted()
          .map((value) => name + value),
      );
    return Buffer.from(url + text.join(''));
  },
  algorithm: 'sha1',
  digest: 'base64',
  body: (id) => `AccountSid=AC1&MessageSid=SM${id}&MessageStatus=delivered&To=%2B64211`,
};

/** FreshBooks: Base64 HMAC-SHA256 over the fields as Python writes a dictionary. */
const freshbooks: Signer = {
  vendor: 'freshbooks',
  accountId: 'a1',
  header: 'x-freshbooks-hmac-sha256',
  contentType: 'application/x-www-form-urlencoded',
  path: '/webhooks/freshbooks/c1/s1',
  route: 'events',
  params: { connectionId: 'c1', subscriptionId: 's1' },
  signed: (_url, body) => {
    const fields = [...new Map(new URLSearchParams(body.toString('utf8')))];
    const quoted = (text: string): string =>
      JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (unit) => {
        return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
      });
    return Buffer.from(`{${fields.map(([name, value]) => `${quoted(name)}: ${quoted(value)}`).join(', ')}}`);
  },
  algorithm: 'sha256',
  digest: 'base64',
  body: (id) =>
    `account_id=a1&business_id=1&identity_id=2&name=invoice.create&object_id=${parseInt(id, 16)}&user_id=3`,
};

/** Zoho Books: hexadecimal HMAC-SHA256; a JSON body at a URL without query is signed byte by byte. */
const zohoBooks: Signer = {
  vendor: 'zoho-books',
  accountId: 'z1',
  header: 'x-zoho-webhook-signature',
  contentType: 'application/json',
  path: '/webhooks/zoho-books/c1/invoice-created',
  route: 'rule',
  params: { connectionId: 'c1', rule: 'invoice-created' },
  signed: (_url, body) => body,
  algorithm: 'sha256',
  digest: 'hex',
  body: (id) =>
    `{"invoice":{"invoice_id":"${parseInt(id, 16)}","last_modified_time":"2026-11-21T00:00:00+0000"}}`,
};

/** Every vendor whose webhooks are signed. */
export const signers: readonly Signer[] = [xero, twilio, freshbooks, zohoBooks];

/** The signature that the vendor would send. */
export function sign(
  signer: Signer,
  secret: string,
  url: string,
  body: Buffer,
  algorithm: string = signer.algorithm,
): string {
  return createHmac(algorithm, secret).update(signer.signed(url, body)).digest(signer.digest);
}

/** A request as ingress hands it to a vendor's definition. */
export function requestOf(
  signer: Signer,
  body: Buffer,
  signature: string | undefined,
  url: string = PUBLIC_URL + signer.path,
): WebhookRequest {
  return {
    route: { name: signer.route, method: 'POST', path: '' },
    method: 'POST',
    publicUrl: url,
    params: signer.params,
    headers: { 'content-type': signer.contentType, [signer.header]: signature },
    rawBody: body,
    receivedAt: 1_795_000_000_000,
  };
}
