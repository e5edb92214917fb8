import type { ContactPhone } from '#libs/contracts';
import fc from 'fast-check';
import { getCountries, getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { describe, expect, it } from 'vitest';
import { sampleContact } from '../samples/sample-records.js';
import { type AddressResult, contactAddress } from './contact-address.js';
import { normaliseEmail } from './email-address.js';
import { normalisePhone } from './phone-number.js';
import { senderProblem } from './sender.js';

function phone(
  number: string,
  countryCode: string | null = null,
  areaCode: string | null = null,
  kind = 'default',
): ContactPhone {
  return { kind, countryCode, areaCode, number };
}

describe('normalisePhone', () => {
  it.each<[string, ContactPhone, (string | null)[], string]>([
    ['three parts as Xero keeps them', phone('123456', '44', '7911'), [null], '+447911123456'],
    ['a trunk zero in the area part', phone('123456', '+44', '07911'), [null], '+447911123456'],
    ['a bracketed trunk zero', phone('123456', '0044', '(0)7911'), [null], '+447911123456'],
    ['a country code in letters', phone('07911 123456', 'GB'), [null], '+447911123456'],
    ['a whole number in one field', phone('+44 (0)7911 123 456'), [null], '+447911123456'],
    ['an international prefix', phone('0044 7911 123456'), [null], '+447911123456'],
    ['a national number with the default country', phone('07911-123456'), ['GB'], '+447911123456'],
    ['area and number with the default country', phone('123 4567', null, '021'), ['NZ'], '+64211234567'],
    ['a number with its calling code but no plus', phone('64211234567'), ['NZ'], '+64211234567'],
    ['a number that only the second country knows', phone('06 12 34 56 78'), ['GB', 'FR'], '+33612345678'],
    ['a country code that is repeated in the number', phone('+33612345678', '33'), ['GB'], '+33612345678'],
    ['an Italian number that keeps its zero', phone('06 1234 5678', '39'), [null], '+390612345678'],
    ['the second part of a field with a slash', phone('ext. 12 / 07911 123456'), ['GB'], '+447911123456'],
    ['the first of two numbers', phone('07911 123456 / 07911 123457'), ['GB'], '+447911123456'],
    ['a number with another ending', phone('07911 123456/7'), ['GB'], '+447911123456'],
    ['the first of a list', phone('07911 123456, 07911 123457; 07911 123458'), ['GB'], '+447911123456'],
    ['a Belgian prefix with a slash', phone('0475/12.34.56'), ['BE'], '+32475123456'],
    ['a German prefix with a slash', phone('0171/2345678'), ['DE'], '+491712345678'],
    ['an Austrian prefix with a slash', phone('0664/1234567'), ['AT'], '+436641234567'],
    ['an Italian prefix with a slash', phone('333/1234567'), ['IT'], '+393331234567'],
    ['a prefix with a slash and a country code', phone('+49 171/2345678'), ['GB'], '+491712345678'],
    ['slashes on both sides of the prefix', phone('+43/664/1234567'), ['GB'], '+436641234567'],
    ['two numbers with a slash in the prefix', phone('0171/2345678, 0171/2345679'), ['DE'], '+491712345678'],
    ["a drama number of the UK's regulator", phone('07700 900123'), ['GB'], '+447700900123'],
    ['digits of another script', phone('+٤٤ ٧٩١١ ١٢٣٤٥٦'), [null], '+447911123456'],
  ])('reads %s', (_, written, countries, expected) => {
    expect(normalisePhone(written, countries)?.e164).toBe(expected);
  });

  it.each<[string, ContactPhone]>([
    ['a word', phone('ask Rowan')],
    ['an empty number', phone('')],
    ['too few digits', phone('12345')],
    ['too many digits', phone('07911 123456 789 000')],
    ['a number of no plan', phone('+999 123 456 789')],
    ['a very long text', phone('7'.repeat(5_000))],
    ['only a country code', phone('', '44', '7911')],
  ])('finds no number in %s', (_, written) => {
    expect(normalisePhone(written, ['GB'])).toBeNull();
  });

  it('knows numbers that take no text messages where the plan says so', () => {
    expect(normalisePhone(phone('020 7946 0018'), ['GB'])?.sms).toBe('no');
    expect(normalisePhone(phone('07911 123456'), ['GB'])?.sms).toBe('yes');
    expect(normalisePhone(phone('(415) 555-2671'), ['US'])?.sms).toBe('perhaps');
    expect(normalisePhone(phone('+1 800 555 1234'), [null])?.sms).toBe('no');
  });

  it('reads the mobile number of every country, written nationally, and is idempotent', () => {
    const countries = getCountries().filter((country) => getExampleNumber(country, examples));
    expect(countries.length).toBeGreaterThan(200);
    for (const country of countries) {
      const example = getExampleNumber(country, examples);
      const once = normalisePhone(phone(example?.formatNational() ?? ''), [country]);
      const again = normalisePhone(phone(once?.e164 ?? ''), ['GB']);
      expect([country, once?.e164, again]).toEqual([country, example?.number, once]);
    }
  });

  it('gives E.164 or nothing for any text, and the same for what it gave', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[+0-9 ()/-]{0,20}$/)),
        fc.constantFrom('GB', 'US', 'NZ', 'XX', null),
        (text, country) => {
          const once = normalisePhone(phone(text), [country]);
          if (once === null) return;
          expect(once.e164).toMatch(/^\+[1-9]\d{5,14}$/);
          expect(normalisePhone(phone(once.e164), [country])).toEqual(once);
        },
      ),
    );
  });
});

describe('contactAddress', () => {
  function sms(
    phones: readonly ContactPhone[],
    country: string | null = 'GB',
    contactCountry: string | null = null,
  ): AddressResult {
    const { contact } = sampleContact({ phones, country: contactCountry });
    if (!contact) throw new Error('no contact');
    return contactAddress(contact, 'sms', country);
  }

  it('prefers a mobile number by its plan over a landline that is called mobile', () => {
    const phones = [
      phone('020 7946 0018', null, null, 'mobile'),
      phone('07911 123456', null, null, 'office'),
    ];
    expect(sms(phones)).toEqual({ ok: true, address: '+447911123456' });
  });

  it('prefers what the books call mobile where the plan does not tell, and then their order', () => {
    const [first, second] = [phone('(212) 555-0101'), phone('(212) 555-0102', null, null, 'mobile')];
    expect(sms([first, second], 'US')).toEqual({ ok: true, address: '+12125550102' });
    expect(sms([first, { ...second, kind: 'office' }], 'US')).toEqual({ ok: true, address: '+12125550101' });
  });

  it("takes the contact's country before the company's, where a number is valid in both", () => {
    expect(sms([phone('06 12 34 56 78')], 'NL', 'FR')).toEqual({ ok: true, address: '+33612345678' });
    expect(sms([phone('06 12 34 56 78')], 'FR', 'NL')).toEqual({ ok: true, address: '+31612345678' });
    expect(sms([phone('07911 123456')], 'GB', 'FR')).toEqual({ ok: true, address: '+447911123456' });
    expect(sms([phone('07911 123456')], 'GB', 'Somewhere')).toEqual({ ok: true, address: '+447911123456' });
    expect(sms([phone('07911 123456')], null, 'GB')).toEqual({ ok: true, address: '+447911123456' });
  });

  it.each<[string, readonly ContactPhone[], string]>([
    ['no numbers', [], 'no-phone-number'],
    ['only empty numbers', [phone('')], 'no-phone-number'],
    ['only a fax', [phone('07911 123456', null, null, 'fax')], 'no-phone-number'],
    ['only words', [phone('ask Rowan')], 'invalid-phone-number'],
    ['only an invalid number', [phone('12345')], 'invalid-phone-number'],
    ['only landlines', [phone('020 7946 0018')], 'landline-only'],
  ])('says why there is none for %s', (_, phones, reason) => {
    expect(sms(phones)).toEqual({ ok: false, reason });
  });

  it('gives the e-mail address, or why there is none', () => {
    const email = (text: string | null): AddressResult => {
      const { contact } = sampleContact({ email: text });
      if (!contact) throw new Error('no contact');
      return contactAddress(contact, 'email', null);
    };
    expect(email(' Rowan@Example.COM ')).toEqual({ ok: true, address: 'Rowan@example.com' });
    expect(email(null)).toEqual({ ok: false, reason: 'no-email-address' });
    expect(email(' ')).toEqual({ ok: false, reason: 'no-email-address' });
    expect(email('rowan@localhost')).toEqual({ ok: false, reason: 'invalid-email-address' });
  });
});

describe('normaliseEmail', () => {
  it.each([
    'a@b',
    'a b@c.de',
    '@c.de',
    'a@',
    'a@c..de',
    '.a@c.de',
    'a.@c.de',
    'a..b@c.de',
    'a@-c.de',
    'a\n@c.de',
    `${'x'.repeat(65)}@c.de`,
    `a@${'x'.repeat(250)}.de`,
    'a@c.de>',
  ])('refuses %j', (text) => {
    expect(normaliseEmail(text)).toBeNull();
  });

  it('takes the first of several and is idempotent', () => {
    expect(normaliseEmail('a@c.de; b@c.de')).toBe('a@c.de');
    fc.assert(
      fc.property(fc.emailAddress(), (text) => {
        const once = normaliseEmail(text);
        if (once !== null) expect(normaliseEmail(once)).toBe(once);
      }),
    );
  });
});

describe('senderProblem', () => {
  it('takes what Twilio takes as a sender', () => {
    for (const sender of ['MG0123456789abcdef0123456789abcdef', '+447911123456', '60123', 'Harbour']) {
      expect(senderProblem(sender, 'sms')).toBeNull();
    }
    expect(senderProblem('billing@example.com', 'email')).toBeNull();
    expect(senderProblem('Harbour', 'email')).toMatch(/e-mail/);
    expect(senderProblem('12345678901234567890', 'sms')).toMatch(/Messaging Service/);
  });
});
