import { createHmac } from 'node:crypto';

/** A dictionary of texts as Python's `json.dumps` writes it: what FreshBooks signs. */
export function pythonJson(fields: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string => {
    let out = '"';
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x20 && unit < 0x7f && unit !== 0x22 && unit !== 0x5c) out += text[index];
      else out += SHORT[unit] ?? `\\u${unit.toString(16).padStart(4, '0')}`;
    }
    return `${out}"`;
  };
  return `{${Object.entries(fields)
    .map(([name, value]) => `${quoted(name)}: ${quoted(value)}`)
    .join(', ')}}`;
}

const SHORT: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  0x22: '\\"',
  0x5c: '\\\\',
};

/** `X-FreshBooks-Hmac-SHA256` of a callback's fields. */
export function signatureOf(fields: Readonly<Record<string, string>>, verifier: string): string {
  return createHmac('sha256', verifier).update(pythonJson(fields)).digest('base64');
}
