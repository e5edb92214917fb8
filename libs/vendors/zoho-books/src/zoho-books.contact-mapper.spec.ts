import { RawFields } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { toContact } from './zoho-books.contact-mapper.js';

const contactOf = (fields: object) =>
  toContact(new RawFields({ contact_name: 'Quay Ltd', ...fields }, 'contact'));

test('is a customer unless Zoho says that it is a vendor', () => {
  expect(contactOf({})).toMatchObject({ isCustomer: true, isSupplier: false });
  expect(contactOf({ contact_type: 'vendor' })).toMatchObject({ isCustomer: false, isSupplier: true });
});

test('takes a contact of a type that is new to us for nobody', () => {
  expect(() => contactOf({ contact_type: 'lead' })).toThrow(/contact\.contact_type/);
});
