/** Names in use for countries that CLDR's English names do not have. */
const otherNames: Readonly<Record<string, string>> = {
  uk: 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  'great britain': 'GB',
  usa: 'US',
  'u.s.a.': 'US',
  'united states of america': 'US',
  aotearoa: 'NZ',
  'czech republic': 'CZ',
  holland: 'NL',
  'the netherlands': 'NL',
  uae: 'AE',
};

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
/** Codes that CLDR names but that are no countries: outlying Oceania, pseudo-accents, the EU, the eurozone, the UN, unknown. */
const notCountries = new Set(['QO', 'XA', 'XB', 'EU', 'EZ', 'UN', 'ZZ']);
let codesByName: ReadonlyMap<string, string> | undefined;

/**
 * The ISO 3166 alpha-2 code of a country written as a code or as an English name (CLDR, from the runtime); any other text
 * as it is, without spaces around it. Null for null.
 */
export function countryCodeOf(text: string | null): string | null {
  const written = text?.trim() ?? '';
  if (written === '') return null;
  codesByName ??= namesOfCountries();
  const code = written.toUpperCase();
  if (code.length === 2 && [...codesByName.values()].includes(code)) return code;
  return codesByName.get(written.toLowerCase()) ?? written;
}

function namesOfCountries(): Map<string, string> {
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const known = new Map(Object.entries(otherNames));
  for (const first of LETTERS)
    for (const second of LETTERS) {
      const code = first + second;
      const name = names.of(code);
      if (name !== undefined && isCurrent(code)) known.set(name.toLowerCase(), code);
    }
  return known;
}

/** CLDR still names codes that were withdrawn (`DD` is "Germany" too); their canonical form is another code. */
function isCurrent(code: string): boolean {
  return !notCountries.has(code) && new Intl.Locale(`und-${code}`).region === code;
}
