import type { Contact, ContactPhone, TrackingOption } from '#libs/contracts';
import { countryCodeOf, type RawFields } from '#libs/vendor-kit';

/** Xero's phone types, best for messages first. */
const phoneKinds = [
  ['MOBILE', 'mobile'],
  ['DEFAULT', 'default'],
  ['DDI', 'direct'],
  ['OFFICE', 'office'],
  ['FAX', 'fax'],
] as const;
const statuses: Readonly<Record<string, string>> = {
  ACTIVE: 'active',
  ARCHIVED: 'archived',
  GDPRREQUEST: 'erased',
};

/** A Xero contact as the canonical one. @throws LedgerwireError `unmappable`. */
export function toContact(fields: RawFields): Contact {
  const status = statuses[fields.text('ContactStatus') ?? 'ACTIVE'];
  if (status === undefined) throw fields.wrong('ContactStatus');
  const address = postalAddress(fields.list('Addresses'));
  return {
    name: fields.requiredText('Name'),
    firstName: fields.text('FirstName'),
    lastName: fields.text('LastName'),
    email: fields.text('EmailAddress'),
    phones: toPhones(fields.list('Phones')),
    status,
    isCustomer: fields.flag('IsCustomer'),
    isSupplier: fields.flag('IsSupplier'),
    groups: fields
      .list('ContactGroups')
      .filter((group) => group.text('Status') !== 'DELETED')
      .flatMap((group) => group.text('Name') ?? []),
    tracking: fields.list('SalesTrackingCategories').flatMap(toTracking),
    region: address?.text('Region') ?? null,
    country: countryCodeOf(address?.text('Country') ?? null),
    externalNumber: fields.text('ContactNumber'),
    mergedIntoId: fields.text('MergedToContactID'),
    // Xero says neither what a contact wants to get, nor in which zone it lives, nor when it was added.
    smsAllowed: null,
    emailAllowed: null,
    timeZone: null,
    createdOn: null,
  };
}

/**
 * Xero keeps one number of each type in three parts; an empty type has an empty number. A type that is new to us is `other` and
 * comes last: its number must not vanish.
 */
function toPhones(phones: readonly RawFields[]): ContactPhone[] {
  const known = new Set<string | null>(phoneKinds.map(([type]) => type));
  const others = phones.filter((phone) => !known.has(phone.text('PhoneType')));
  return [
    ...phoneKinds.flatMap(([type, kind]) =>
      phones.filter((phone) => phone.text('PhoneType') === type).flatMap((phone) => toPhone(phone, kind)),
    ),
    ...others.flatMap((phone) => toPhone(phone, 'other')),
  ];
}

function toPhone(phone: RawFields, kind: string): ContactPhone[] {
  const number = phone.text('PhoneNumber');
  if (number === null) return [];
  const countryCode = phone.text('PhoneCountryCode');
  return [{ kind, countryCode, areaCode: phone.text('PhoneAreaCode'), number }];
}

function toTracking(choice: RawFields): TrackingOption[] {
  const category = choice.text('TrackingCategoryName');
  const option = choice.text('TrackingOptionName');
  return category === null || option === null ? [] : [{ category, option }];
}

/** Xero calls the postal address POBOX; the street is taken where the former says neither region nor country. */
function postalAddress(addresses: readonly RawFields[]): RawFields | undefined {
  const filled = addresses.filter((address) => address.text('Region') ?? address.text('Country'));
  return filled.find((address) => address.text('AddressType') === 'POBOX') ?? filled[0];
}
