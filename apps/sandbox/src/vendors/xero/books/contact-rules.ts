import type { Books } from './books.js';
import { asFields, booleanField, type Fields, has, listField, textField } from './fields.js';
import type { Contact, Phone, PhoneType, TrackingChoice } from './xero-types.js';

/** What a write would do: its complaints, or the row and how to apply it. Nothing changes before `apply`. */
export type Plan<T> =
  { readonly errors: readonly string[] } | { readonly action: 'create' | 'update'; readonly apply: () => T };

const PHONE_TYPES: readonly PhoneType[] = ['DDI', 'DEFAULT', 'FAX', 'MOBILE', 'OFFICE'];
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  Name: 255,
  ContactNumber: 50,
  AccountNumber: 50,
  FirstName: 255,
  LastName: 255,
  EmailAddress: 255,
};

/** The contact that the fields point at: by id, by number, or by name. */
export function findContact(books: Books, fields: Fields): Contact | undefined {
  const id = textField(fields, 'ContactID');
  if (id !== undefined && id !== '') return books.contacts.get(id);
  const number = textField(fields, 'ContactNumber');
  const byNumber = number === undefined ? undefined : books.contactByNumber(number);
  if (byNumber) return byNumber;
  const name = textField(fields, 'Name');
  return name === undefined ? undefined : books.contactByName(name);
}

/** Plans one element of PUT (create only) or POST (create or update) /Contacts. */
export function planContact(books: Books, fields: Fields, mode: 'create' | 'upsert'): Plan<Contact> {
  const existing = mode === 'upsert' ? findContact(books, fields) : undefined;
  const errors = contactErrors(books, fields, existing);
  if (mode === 'upsert' && !existing && textField(fields, 'ContactID'))
    errors.push('Contact could not be found');
  if (errors.length > 0) return { errors };
  if (!existing) return { action: 'create', apply: () => createContact(books, fields) };
  return {
    action: 'update',
    apply: () => {
      books.changeContact(existing, (contact) => editContact(contact, fields));
      return existing;
    },
  };
}

/** Creates a contact without further checks. */
export function createContact(books: Books, fields: Fields): Contact {
  const contact: Contact = {
    kind: 'contact',
    id: books.environment.ids.uuid(),
    updatedAt: books.environment.clock.now(),
    name: '',
    contactNumber: undefined,
    accountNumber: undefined,
    firstName: undefined,
    lastName: undefined,
    emailAddress: undefined,
    status: 'ACTIVE',
    phones: PHONE_TYPES.filter((type) => type !== 'OFFICE').map(emptyPhone),
    addresses: [],
    persons: [],
    salesTracking: [],
    defaultCurrency: undefined,
    isCustomer: false,
    isSupplier: false,
  };
  editContact(contact, fields);
  books.addContact(contact);
  return contact;
}

function contactErrors(books: Books, fields: Fields, existing: Contact | undefined): string[] {
  const errors: string[] = [];
  const name = textField(fields, 'Name');
  if (!existing && (name === undefined || name.trim() === ''))
    errors.push('The contact name must be specified.');
  for (const [field, max] of Object.entries(MAX_LENGTHS)) {
    if ((textField(fields, field)?.length ?? 0) > max)
      errors.push(`The field ${field} must be a string with a maximum length of ${String(max)}.`);
  }
  const namesake = name === undefined ? undefined : books.contactByName(name);
  if (namesake && namesake !== existing)
    errors.push(
      `The contact name ${name ?? ''} is already assigned to another contact. The contact name must be unique across all active contacts.`,
    );
  const email = textField(fields, 'EmailAddress');
  if (email !== undefined && email !== '' && !EMAIL.test(email)) errors.push('Email address is invalid.');
  for (const phone of listField(fields, 'Phones') ?? []) errors.push(...phoneErrors(phone));
  return errors;
}

function phoneErrors(phone: Fields): string[] {
  const errors: string[] = [];
  if (!PHONE_TYPES.some((type) => type === textField(phone, 'PhoneType')))
    errors.push('The phone type must be one of DEFAULT, DDI, MOBILE, FAX, OFFICE.');
  const parts: readonly (readonly [string, number])[] = [
    ['PhoneNumber', 50],
    ['PhoneAreaCode', 10],
    ['PhoneCountryCode', 20],
  ];
  for (const [part, max] of parts) {
    if ((textField(phone, part)?.length ?? 0) > max)
      errors.push(`The field ${part} must be a string with a maximum length of ${String(max)}.`);
  }
  return errors;
}

function editContact(contact: Contact, fields: Fields): void {
  const text = (name: string, former: string | undefined): string | undefined =>
    has(fields, name) ? textField(fields, name) : former;
  contact.name = text('Name', contact.name) ?? contact.name;
  contact.contactNumber = text('ContactNumber', contact.contactNumber);
  contact.accountNumber = text('AccountNumber', contact.accountNumber);
  contact.firstName = text('FirstName', contact.firstName);
  contact.lastName = text('LastName', contact.lastName);
  contact.emailAddress = text('EmailAddress', contact.emailAddress);
  contact.defaultCurrency = text('DefaultCurrency', contact.defaultCurrency);
  const status = textField(fields, 'ContactStatus');
  if (status === 'ACTIVE' || status === 'ARCHIVED' || status === 'GDPRREQUEST') contact.status = status;
  const phones = listField(fields, 'Phones');
  if (phones) contact.phones = mergePhones(contact.phones, phones);
  contact.addresses = listField(fields, 'Addresses') ?? contact.addresses;
  contact.persons = listField(fields, 'ContactPersons') ?? contact.persons;
  contact.salesTracking = readTracking(listField(fields, 'SalesTrackingCategories')) ?? contact.salesTracking;
  contact.isCustomer = booleanField(fields, 'IsCustomer') ?? contact.isCustomer;
}

/** Xero keeps one phone of each type; those not sent stay. */
function mergePhones(former: readonly Phone[], sent: readonly Fields[]): Phone[] {
  const byType = new Map(former.map((phone) => [phone.type, phone]));
  for (const fields of sent) {
    const type = PHONE_TYPES.find((known) => known === textField(fields, 'PhoneType')) ?? 'DEFAULT';
    byType.set(type, {
      type,
      number: textField(fields, 'PhoneNumber') ?? '',
      areaCode: textField(fields, 'PhoneAreaCode') ?? '',
      countryCode: textField(fields, 'PhoneCountryCode') ?? '',
    });
  }
  return [...byType.values()];
}

/** Tracking choices of a line (`Name`/`Option`) or of a contact (`TrackingCategoryName`/`TrackingOptionName`). */
export function readTracking(sent: readonly Fields[] | undefined): TrackingChoice[] | undefined {
  return sent?.map((fields) => ({
    category: textField(fields, 'Name') ?? textField(fields, 'TrackingCategoryName') ?? '',
    option: textField(fields, 'Option') ?? textField(fields, 'TrackingOptionName') ?? '',
  }));
}

/** The contact of a document: an existing one, or a new one when only a name was sent. */
export function planDocumentContact(books: Books, value: unknown): Plan<Contact> {
  const fields = asFields(value);
  if (!fields) return { errors: ['A Contact must be specified for this type of transaction'] };
  const existing = findContact(books, fields);
  if (existing) {
    if (existing.status === 'ARCHIVED')
      return { errors: ['The specified contact has been archived. To use it, first restore the contact.'] };
    return { action: 'update', apply: () => existing };
  }
  if (textField(fields, 'ContactID')) return { errors: ['The contact could not be found.'] };
  return planContact(books, fields, 'create');
}

function emptyPhone(type: PhoneType): Phone {
  return { type, number: '', areaCode: '', countryCode: '' };
}
