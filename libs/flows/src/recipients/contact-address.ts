import type { Contact, ContactPhone } from '#libs/contracts';
import type { Channel } from '../definition/flow.js';
import type { SkipReason } from '../events/skip-reasons.js';
import { normaliseEmail } from './email-address.js';
import { HAS_DIGITS, type NormalisedPhone, normalisePhone, type SmsAbility } from './phone-number.js';

/** An address for one channel, or why there is none. */
export type AddressResult =
  { readonly ok: true; readonly address: string } | { readonly ok: false; readonly reason: SkipReason };

const ABILITY_ORDER: readonly SmsAbility[] = ['yes', 'perhaps', 'no'];

/**
 * The contact's address for a channel. Of several numbers the best for text messages is chosen: mobile by its numbering
 * plan, then where the plan does not say, then by what the books call it, then in the order of the books; fax never.
 * Numbers without a country code are read by {@link phoneCountries}.
 */
export function contactAddress(
  contact: Contact,
  channel: Channel,
  companyCountry: string | null,
): AddressResult {
  return channel === 'sms' ? phoneOf(contact, companyCountry) : emailOf(contact);
}

/**
 * Whose numbering plan a number without a country code is read by, in order: that of the contact's address, then the company's.
 * Never the other way round: a French mobile number written nationally is a valid Dutch one too, of somebody else.
 */
export function phoneCountries(
  { country }: Pick<Contact, 'country'>,
  companyCountry: string | null,
): readonly (string | null)[] {
  return [country, companyCountry];
}

function emailOf(contact: Contact): AddressResult {
  if (contact.emailAllowed === false) return { ok: false, reason: 'email-not-wanted' };
  if (!contact.email?.trim()) return { ok: false, reason: 'no-email-address' };
  const address = normaliseEmail(contact.email);
  return address === null ? { ok: false, reason: 'invalid-email-address' } : { ok: true, address };
}

function phoneOf(contact: Contact, companyCountry: string | null): AddressResult {
  if (contact.smsAllowed === false) return { ok: false, reason: 'sms-not-wanted' };
  const written = contact.phones.filter((phone) => phone.kind !== 'fax' && HAS_DIGITS.test(phone.number));
  if (written.length === 0) {
    const hasText = contact.phones.some((phone) => phone.kind !== 'fax' && phone.number.trim() !== '');
    return { ok: false, reason: hasText ? 'invalid-phone-number' : 'no-phone-number' };
  }
  const numbers = written.flatMap((phone) => {
    const normalised = normalisePhone(phone, phoneCountries(contact, companyCountry));
    return normalised ? [{ ...normalised, kind: phone.kind }] : [];
  });
  const [best] = numbers.sort((a, b) => rankOf(a) - rankOf(b));
  if (!best) return { ok: false, reason: 'invalid-phone-number' };
  return best.sms === 'no' ? { ok: false, reason: 'landline-only' } : { ok: true, address: best.e164 };
}

/** Array.sort is stable, so equal ranks keep the order of the books. */
function rankOf(phone: NormalisedPhone & Pick<ContactPhone, 'kind'>): number {
  return ABILITY_ORDER.indexOf(phone.sms) * 2 + (phone.kind === 'mobile' ? 0 : 1);
}
