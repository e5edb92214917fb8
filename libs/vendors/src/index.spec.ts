import { createVendorRegistry } from '#libs/vendor-kit';
import { expect, test } from 'vitest';
import { vendors } from './index.js';

test('knows every vendor by its id', () => {
  expect(vendors.all.map(({ manifest }) => manifest.id)).toEqual([
    'xero',
    'freshbooks',
    'zoho-books',
    'twilio',
  ]);
  expect(vendors.get('xero').source).toBeDefined();
  expect(() => vendors.get('sage')).toThrow(
    /unknown vendor sage; there are xero, freshbooks, zoho-books, twilio/,
  );
  expect(vendors.find('sage')).toBeUndefined();
});

test('refuses two vendors of one id', () => {
  expect(() => createVendorRegistry([vendors.get('xero'), vendors.get('xero')])).toThrow(
    /xero is registered twice/,
  );
});
