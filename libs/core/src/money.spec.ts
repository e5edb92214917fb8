import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addDecimals, compareDecimals, subtractDecimals, toDecimal } from './money.js';

test('reads what vendors write without passing through a float', () => {
  expect(toDecimal('1234.5600')).toBe('1234.56');
  expect(toDecimal('12345678901234567890.123456')).toBe('12345678901234567890.123456');
  expect(toDecimal(0.1)).toBe('0.1');
  expect(toDecimal('-0.00')).toBe('0');
  expect(() => toDecimal('12,50')).toThrow(RangeError);
  expect(() => toDecimal('Infinity')).toThrow(RangeError);
});

test('adds and subtracts exactly', () => {
  const amount = fc
    .tuple(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.integer({ min: 0, max: 999_999 }))
    .map(([whole, fraction]) => toDecimal(`${whole}.${String(fraction).padStart(6, '0')}`));
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      expect(compareDecimals(subtractDecimals(addDecimals(a, b), b), a)).toBe(0);
    }),
  );
});
