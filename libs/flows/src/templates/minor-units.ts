/** Currencies whose minor unit is not a hundredth (ISO 4217, list one). */
const OTHER_MINOR_UNITS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const minorUnits: ReadonlyMap<string, number> = new Map(
  Object.entries(OTHER_MINOR_UNITS).flatMap(([digits, codes]) =>
    codes.split(' ').map((code): [string, number] => [code, Number(digits)]),
  ),
);

/**
 * How many decimal places amounts in the currency have (ISO 4217 minor units): 2 for EUR and HUF, 0 for JPY, 3 for BHD. Unknown
 * codes count as 2. Not taken from Intl: its digits are how a price is usually shown (CLDR), none for PKR, HUF or IDR, whose
 * invoices have hundredths all the same.
 */
export function minorUnitsOf(currency: string): number {
  return minorUnits.get(currency) ?? 2;
}
