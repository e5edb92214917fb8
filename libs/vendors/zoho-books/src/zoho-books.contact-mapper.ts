import type { Contact, ContactPhone } from '#libs/contracts';
import { countryCodeOf, type RawFields } from '#libs/vendor-kit';
import { instantOf } from './zoho-books.times.js';

const statuses: Readonly<Record<string, string>> = {
  active: 'active',
  crm: 'active',
  inactive: 'archived',
  duplicate: 'archived',
};

/** A contact of Zoho Books as the canonical one. @throws LedgerwireError `unmappable`. */
export function toContact(fields: RawFields): Contact {
  const status = statuses[(fields.text('status') ?? 'active').toLowerCase()];
  if (status === undefined) throw fields.wrong('status');
  const type = fields.text('contact_type') ?? 'customer';
  // Neither a debtor nor a creditor by what we know: guessing would text the wrong people.
  if (type !== 'customer' && type !== 'vendor') throw fields.wrong('contact_type');
  const people = fields.list('contact_persons');
  const primary = people.find((person) => person.flag('is_primary_contact')) ?? people[0];
  const address = addressOf(fields);
  const wishes = primary?.object('communication_preference') ?? null;
  return {
    name: fields.requiredText('contact_name'),
    firstName: primary?.text('first_name') ?? fields.text('first_name'),
    lastName: primary?.text('last_name') ?? fields.text('last_name'),
    email: primary?.text('email') ?? fields.text('email'),
    phones: phonesOf(fields, primary),
    status,
    isCustomer: type === 'customer',
    isSupplier: type === 'vendor',
    groups: [],
    tracking: fields.list('tags').flatMap((tag) => {
      const category = tag.text('tag_name');
      const option = tag.text('tag_option_name');
      return category === null || option === null ? [] : [{ category, option }];
    }),
    region: address?.text('state') ?? null,
    country: countryCodeOf(address?.text('country_code') ?? address?.text('country') ?? null),
    externalNumber: fields.text('contact_number'),
    mergedIntoId: null,
    // Shown only where the organisation has such a channel; absent means that nobody was asked.
    smsAllowed: wishes?.answer('is_sms_enabled') ?? null,
    emailAllowed: wishes?.answer('is_email_enabled') ?? null,
    timeZone: null,
    createdOn: createdOn(fields),
  };
}

/** Numbers stand with the contact's people; the contact's own, where there is one, is that of the first of them. */
function phonesOf(fields: RawFields, primary: RawFields | undefined): ContactPhone[] {
  const found = [primary, fields].flatMap((source) =>
    (['mobile', 'phone'] as const).flatMap((name) => {
      const number = source?.text(name) ?? null;
      return number === null ? [] : [{ kind: name === 'mobile' ? 'mobile' : 'default', number }];
    }),
  );
  return found
    .filter(({ number }, index) => found.findIndex((other) => other.number === number) === index)
    .map(({ kind, number }) => ({ kind, countryCode: null, areaCode: null, number }));
}

function addressOf(fields: RawFields): RawFields | undefined {
  return ['billing_address', 'shipping_address']
    .flatMap((name) => fields.object(name) ?? [])
    .find((address) => address.text('country') ?? address.text('country_code') ?? address.text('state'));
}

/** Zoho gives the instant in the organisation's offset, so its first ten letters are the date there. */
function createdOn(fields: RawFields): string | null {
  const text = fields.text('created_time');
  if (text === null) return null;
  if (instantOf(text) === undefined) throw fields.wrong('created_time');
  return text.slice(0, 10);
}
