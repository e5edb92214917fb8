import { timingSafeEqual } from 'node:crypto';

/**
 * Whether two signatures are the same text, in a time that does not depend on where they differ. Texts are compared, not
 * decoded bytes: Base64 has several texts for the same bytes, and only one of them is what the vendor sent.
 */
export function signatureEquals(given: string, expected: string): boolean {
  const a = Buffer.from(given, 'utf8');
  const b = Buffer.from(expected, 'utf8');
  return a.length === b.length && timingSafeEqual(a, b);
}
