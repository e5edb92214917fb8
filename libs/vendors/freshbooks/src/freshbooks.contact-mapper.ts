import type { Contact, ContactPhone } from '#libs/contracts';
import { countryCodeOf, type RawFields } from '#libs/vendor-kit';
import { calendarDateOf } from './freshbooks.times.js';

/** Where FreshBooks keeps a client's numbers, best for messages first. */
const phoneFields = [
  ['mob_phone', 'mobile'],
  ['home_phone', 'default'],
  ['bus_phone', 'office'],
  ['fax', 'fax'],
] as const;

/** The group of clients for whom late reminders are switched off in FreshBooks, for conditions of flows. */
const NO_LATE_REMINDERS = 'no-late-reminders';

/** What `vis_state` 0 is not: deleted (1) or archived (2). */
const ACTIVE = '0';

/** A client as the canonical contact. @throws LedgerwireError `unmappable`. */
export function clientContact(fields: RawFields): Contact {
  const isReminded = !fields.has('allow_late_notifications') || fields.flag('allow_late_notifications');
  return {
    ...empty(fields),
    name: nameOf(fields) ?? fields.text('email') ?? `Client ${fields.text('id') ?? ''}`.trim(),
    firstName: fields.text('fname'),
    lastName: fields.text('lname'),
    email: fields.text('email'),
    phones: phoneFields.flatMap(([field, kind]) => phoneOf(kind, fields.text(field))),
    isCustomer: true,
    groups: isReminded ? [] : [NO_LATE_REMINDERS],
    region: fields.text('p_province'),
    country: countryCodeOf(fields.text('p_country')),
    createdOn: dayOf(fields, 'signup_date'),
  };
}

/** A vendor (of bills) as the canonical contact. @throws LedgerwireError `unmappable`. */
export function vendorContact(fields: RawFields): Contact {
  return {
    ...empty(fields),
    name: fields.requiredText('vendor_name'),
    firstName: fields.text('primary_contact_first_name'),
    lastName: fields.text('primary_contact_last_name'),
    email: fields.text('primary_contact_email'),
    phones: phoneOf('default', fields.text('phone')),
    isSupplier: true,
    region: fields.text('province'),
    country: countryCodeOf(fields.text('country')),
    externalNumber: fields.text('account_number'),
    createdOn: dayOf(fields, 'created_at'),
  };
}

/** The organisation, or the person; null when the object names neither. */
export function nameOf(fields: RawFields): string | null {
  const person = [fields.text('fname'), fields.text('lname')].filter((part) => part !== null).join(' ');
  return fields.text('organization') ?? (person === '' ? null : person);
}

function empty(fields: RawFields): Contact {
  return {
    name: '',
    firstName: null,
    lastName: null,
    email: null,
    phones: [],
    status: (fields.text('vis_state') ?? ACTIVE) === ACTIVE ? 'active' : 'archived',
    isCustomer: false,
    isSupplier: false,
    groups: [],
    tracking: [],
    region: null,
    country: null,
    externalNumber: null,
    mergedIntoId: null,
    smsAllowed: null,
    emailAllowed: null,
    timeZone: null,
    createdOn: null,
  };
}

/** The day of a stamp, as FreshBooks writes it. */
function dayOf(fields: RawFields, name: string): string | null {
  return calendarDateOf(fields.text(name) ?? '') ?? null;
}

/** A free text; what it is worth is found out when somebody is to be reached. */
function phoneOf(kind: string, number: string | null): ContactPhone[] {
  return number === null ? [] : [{ kind, countryCode: null, areaCode: null, number }];
}
