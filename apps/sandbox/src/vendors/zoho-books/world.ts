import type { Fields } from './books/modules.js';
import type { Organisation, OrganisationSpec } from './books/organisation.js';

/** The organisations of the default world: one in the United States, one in Europe. Their ids are the same in every run. */
export const demoOrganisations: readonly OrganisationSpec[] = [
  {
    organizationId: '10234695',
    name: 'Zylker Demo (US)',
    region: 'us',
    plan: 'PROFESSIONAL',
    timeZone: 'America/Los_Angeles',
    currencyCode: 'USD',
    countryCode: 'US',
  },
  {
    organizationId: '20098765',
    name: 'Zylker Demo (EU)',
    region: 'eu',
    plan: 'STANDARD',
    timeZone: 'Europe/Berlin',
    currencyCode: 'EUR',
    countryCode: 'DE',
  },
];

const person = (first: string, last: string, email: string, mobile: string): Fields => ({
  first_name: first,
  last_name: last,
  email,
  mobile,
  is_primary_contact: true,
});

/** Some customers, a supplier and documents of each kind, so that a list is not empty. */
export function fillDemoBooks(org: Organisation): void {
  const customer = org.create('contacts', {
    contact_name: 'Bowman & Co',
    contact_persons: [person('Will', 'Smith', 'will@bowman.example', '+12025550101')],
    billing_address: { state: 'CA', country: 'U.S.A', country_code: 'US' },
  });
  const supplier = org.create('contacts', {
    contact_name: 'Molly Supplies',
    contact_type: 'vendor',
    contact_persons: [person('Molly', 'Jones', 'molly@supplies.example', '+12025550102')],
  });
  org.create('contacts', { contact_name: 'Nowhere Ltd' });
  org.create('invoices', {
    customer_id: customer['contact_id'],
    line_items: [{ name: 'Consulting', rate: 120, quantity: 2 }],
  });
  org.create('bills', {
    vendor_id: supplier['contact_id'],
    line_items: [{ name: 'Paper', rate: 10, quantity: 25 }],
  });
}
