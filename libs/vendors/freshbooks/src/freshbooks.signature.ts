import { signatureEquals, type VerificationKey } from '#libs/vendor-kit';
import { createHmac } from 'node:crypto';

/** Fields of a form in the order in which they came; of a name sent twice the last value, in the first place. */
export type FormFields = ReadonlyMap<string, string>;

/** The fields of a form-urlencoded body. Never throws; bytes that are no UTF-8 become replacement characters. */
export function readForm(rawBody: Buffer): FormFields {
  return new Map(new URLSearchParams(rawBody.toString('utf8')));
}

/**
 * The text that FreshBooks signs (freshbooks.com/api/webhooks): not the body, but its fields as Python's `json.dumps` writes a
 * dictionary, with `, ` and `: ` between and everything beyond ASCII escaped.
 */
export function signedTextOf(fields: Iterable<readonly [string, string]>): string {
  const pairs = Array.from(fields, ([name, value]) => `${pythonString(name)}: ${pythonString(value)}`);
  return `{${pairs.join(', ')}}`;
}

function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Whether one of the keys made the signature. In which order FreshBooks writes the fields before it signs is not documented: the
 * order of the body is tried, then the alphabet's. Every comparison takes the same time.
 */
export function isSigned(fields: FormFields, signature: string, keys: readonly VerificationKey[]): boolean {
  const received = signedTextOf(fields);
  const sorted = signedTextOf([...fields].sort(([one], [other]) => (one < other ? -1 : 1)));
  const texts = received === sorted ? [received] : [received, sorted];
  return keys.some(({ secret }) =>
    texts.some((text) =>
      signatureEquals(signature, createHmac('sha256', secret).update(text).digest('base64')),
    ),
  );
}
