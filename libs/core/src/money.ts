import { Decimal } from 'decimal.js';

/**
 * An exact decimal number in plain notation, e.g. `"-1234.5"`: no exponent, no grouping, no float. It is what Avro
 * `decimal` fields become in TypeScript and what JSON carries.
 */
export type DecimalString = string;

/** An amount with its ISO 4217 currency. */
export interface Money {
  readonly amount: DecimalString;
  /** Three upper-case letters. */
  readonly currency: string;
}

const DECIMAL_PATTERN = /^-?\d+(\.\d+)?$/;

// 60 significant digits hold every Avro decimal(38, 6) product without rounding.
const Exact = Decimal.clone({ precision: 60, toExpNeg: -60, toExpPos: 60 });

/** Whether the text is a decimal in the notation of {@link DecimalString}. */
export function isDecimalString(text: string): boolean {
  return DECIMAL_PATTERN.test(text);
}

/**
 * Reads a vendor's number (JSON number or text) as an exact decimal without trailing zeros.
 * @throws RangeError when it is not a finite decimal.
 */
export function toDecimal(value: string | number): DecimalString {
  const text = String(value).trim();
  let parsed: Decimal;
  try {
    parsed = new Exact(text);
  } catch {
    throw new RangeError('not a decimal number');
  }
  if (!parsed.isFinite()) throw new RangeError('not a finite decimal number');
  return parsed.isZero() ? '0' : parsed.toFixed();
}

/** a + b, exactly. */
export function addDecimals(a: DecimalString, b: DecimalString): DecimalString {
  return toDecimal(new Exact(a).plus(b).toFixed());
}

/** a − b, exactly. */
export function subtractDecimals(a: DecimalString, b: DecimalString): DecimalString {
  return toDecimal(new Exact(a).minus(b).toFixed());
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compareDecimals(a: DecimalString, b: DecimalString): number {
  return new Exact(a).comparedTo(b);
}
