import { Decimal } from 'decimal.js';
import type { Cents, Line, LineAmountTypes } from './xero-types.js';

/** Hundredths of a number, rounded half up as Xero rounds line amounts. */
export function toCents(amount: number): Cents {
  return new Decimal(amount).times(100).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber();
}

/** The JSON number of an amount: Xero writes decimals, and a quotient by 100 prints as written. */
export function fromCents(cents: Cents): number {
  return cents / 100;
}

/** quantity × unit amount less the discount, in hundredths. */
export function lineAmountOf(quantity: number, unitAmount: number, discountRate: number | undefined): Cents {
  const gross = new Decimal(quantity).times(unitAmount);
  const net = discountRate === undefined ? gross : gross.times(new Decimal(100).minus(discountRate)).div(100);
  return toCents(net.toNumber());
}

/** Tax of one line, in hundredths, from the rate in per cent. */
export function taxOf(lineAmount: Cents, rate: number, types: LineAmountTypes): Cents {
  if (types === 'NoTax' || rate === 0) return 0;
  const amount = new Decimal(lineAmount).times(rate);
  const tax = types === 'Exclusive' ? amount.div(100) : amount.div(100 + rate);
  return tax.toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber();
}

/** The sums of a document. */
export function totalsOf(
  lines: readonly Line[],
  types: LineAmountTypes,
): { readonly subTotal: Cents; readonly totalTax: Cents; readonly total: Cents } {
  let amounts = 0;
  let totalTax = 0;
  for (const line of lines) {
    amounts += line.lineAmount;
    totalTax += line.taxAmount;
  }
  return types === 'Inclusive'
    ? { subTotal: amounts - totalTax, totalTax, total: amounts }
    : { subTotal: amounts, totalTax, total: amounts + totalTax };
}
