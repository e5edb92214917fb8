import { invalidValue } from './zoho-problem.js';

/** A number or numeric text of a request. @throws ZohoProblem naming the field. */
export function numberOf(value: unknown, field: string, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw invalidValue(field);
  return number;
}

/** An amount in the smallest unit of a currency with `precision` decimal places. */
export function toMinor(amount: number, precision: number): number {
  return Math.round(amount * 10 ** precision);
}

/** The amount again, as a JSON number that is written with no more digits than the currency has. */
export function fromMinor(minor: number, precision: number): number {
  return Number((minor / 10 ** precision).toFixed(precision));
}
