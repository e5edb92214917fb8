import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalText, parseExactJson } from './exact-json.js';

test('keeps every digit of a number that a double would round', () => {
  const text = '{"total":12345678901234567.89,"small":0.10,"date":"/Date(1439434356790+0000)/"}';
  const value = parseExactJson(text) as { total: unknown; small: unknown };
  expect(decimalText(value.total)).toBe('12345678901234567.89');
  expect(decimalText(value.small)).toBe('0.1');
  expect(JSON.stringify(value)).toContain('12345678901234567.89');
});

test('gives any decimal back with the same value, wherever it stands', () => {
  const literal = fc
    .tuple(fc.bigInt(-(10n ** 28n), 10n ** 28n), fc.stringMatching(/^(\.\d{1,6})?$/))
    .map(([whole, fraction]) => `${whole}${fraction}`);
  fc.assert(
    fc.property(literal, fc.constantFrom('{"a":_}', '[ 1, _ ]', '{"a": [_]}'), (number, shape) => {
      const again = JSON.stringify(parseExactJson(shape.replace('_', number)));
      const kept = /-?[\d.]+(e\+?\d+)?(?=[\]}])/.exec(again)?.[0] ?? '';
      expect(sameDecimal(kept, number)).toBe(true);
    }),
  );
});

test('refuses what is no JSON', () => {
  expect(() => parseExactJson('{"a":')).toThrow(SyntaxError);
  expect(decimalText(null)).toBeUndefined();
});

function sameDecimal(a: string, b: string): boolean {
  const plain = (text: string): string => {
    const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.');
    const digits = `${whole.replace(/^0+(?=\d)/, '')}.${fraction.replace(/0+$/, '')}`;
    return (text.startsWith('-') && /[1-9]/.test(digits) ? '-' : '') + digits;
  };
  return plain(a) === plain(b);
}
