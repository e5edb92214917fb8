import { addDecimals, compareDecimals, subtractDecimals, toDecimal } from '#libs/core';
import type { Money } from './entity.js';

/** Currencies that FreshBooks writes without decimals. */
const WHOLE = new Set(['JPY', 'KRW', 'VND', 'CLP', 'ISK']);

/** An amount as FreshBooks writes it, e.g. `100.00`. */
export function moneyOf(amount: number | string, code: string): Money {
  return { amount: Number(amount).toFixed(WHOLE.has(code) ? 0 : 2), code };
}

/** @throws RangeError when one of them is no decimal. */
export function plus(one: Money, other: Money): Money {
  return moneyOf(addDecimals(toDecimal(one.amount), toDecimal(other.amount)), one.code);
}

/** @throws RangeError when one of them is no decimal. */
export function minus(one: Money, other: Money): Money {
  return moneyOf(subtractDecimals(toDecimal(one.amount), toDecimal(other.amount)), one.code);
}

/** Whether anything is left. */
export function isPositive({ amount }: Money): boolean {
  return compareDecimals(toDecimal(amount), '0') > 0;
}

/** The amount in a field; undefined when there is none that can be read. */
export function readMoney(value: unknown, currency: string): Money | undefined {
  const amount = typeof value === 'object' && value !== null && 'amount' in value ? value.amount : value;
  if (typeof amount !== 'string' && typeof amount !== 'number') return undefined;
  if (amount === '' || !Number.isFinite(Number(amount))) return undefined;
  const code =
    typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string'
      ? value.code
      : currency;
  return moneyOf(amount, code);
}
