import type { Connection, Contact } from '#libs/contracts';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { zonesOfRegion } from './region-zones.js';

/** What tells where somebody is. */
export interface Whereabouts {
  /** IANA zone, where the books have it. */
  readonly timeZone: string | null;
  /** Country of the address; ISO 3166 alpha-2 where it can be told. */
  readonly country: string | null;
  /** State or province of the address, as written. */
  readonly region: string | null;
  /** The number a message goes to, E.164; null for e-mails. */
  readonly phone: string | null;
}

/**
 * The zones that somebody may be in: the one in the books, else those of the state or province, else those of the country, of the
 * address or the number. A large country has many, and without a state it is not known which; what must not come at night must
 * not come at night in any of them. Empty when nothing tells.
 */
export function possibleZones({ timeZone, country, region, phone }: Whereabouts): readonly string[] {
  if (timeZone !== null && isZone(timeZone)) return [timeZone];
  const ofRegion = zonesOfRegion(country, region);
  const ofAddress = ofRegion.length > 0 ? ofRegion : zonesOf(country);
  if (ofAddress.length > 0 || phone === null) return ofAddress;
  return zonesOf(parsePhoneNumberFromString(phone)?.country ?? null);
}

/**
 * The zone by whose clocks a reminder to somebody is planned: the one in the books, the first of the state or province, or the
 * only one of the country; the company's when it is not known.
 */
export function likelyZone(
  contact: Pick<Contact, 'timeZone' | 'country' | 'region'>,
  source: Pick<Connection, 'timeZone'>,
): string {
  const { timeZone, country, region } = contact;
  const [ofRegion] = timeZone === null ? zonesOfRegion(country, region) : [];
  if (ofRegion !== undefined) return ofRegion;
  const [zone, ...more] = possibleZones({ timeZone, country, region: null, phone: null });
  return zone === undefined || more.length > 0 ? source.timeZone : zone;
}

const zonesByCountry = new Map<string, readonly string[]>();

/** By the runtime's CLDR data. */
function zonesOf(country: string | null): readonly string[] {
  if (country === null || !/^[A-Z]{2}$/.test(country)) return [];
  const known = zonesByCountry.get(country);
  if (known) return known;
  // Not in TypeScript's library yet (ECMA-402 Intl Locale Info, stage 4); present in Node 24.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & {
    getTimeZones?: () => readonly string[];
  };
  const zones = locale.getTimeZones?.() ?? [];
  zonesByCountry.set(country, zones);
  return zones;
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
