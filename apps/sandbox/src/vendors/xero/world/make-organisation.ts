import { z } from 'zod';
import { fixedUuid } from '../../../kit/ids.js';
import { addGroup } from '../api/contacts.routes.js';
import { addTracking } from '../api/settings.routes.js';
import { Books, type BooksEnvironment } from '../books/books.js';
import { planContact } from '../books/contact-rules.js';
import { planInvoice } from '../books/invoice-rules.js';
import type { Account, Contact } from '../books/xero-types.js';
import { COUNTRIES } from './countries.js';

const elements = z.array(z.record(z.string(), z.unknown()));

/** One organisation as `POST /__sandbox/xero/organisations` asks for it. */
export const organisationSchema = z.strictObject({
  name: z.string().min(1).optional(),
  country: z.enum(['NZ', 'AU', 'GB', 'US', 'DE']).default('NZ'),
  contacts: z
    .union([z.int().min(0).max(100_000), elements])
    .default(0)
    .describe('How many customers with a mobile number and e-mail, or contacts as PUT /Contacts takes them'),
  invoices: z
    .union([z.int().min(0).max(1_000_000), elements])
    .default(0)
    .describe(
      'How many authorised invoices spread over the contacts, or invoices as PUT /Invoices takes them',
    ),
});

/** See {@link organisationSchema}. */
export type OrganisationSpec = z.output<typeof organisationSchema>;

/** What was asked for breaks a rule of the books. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
}

/** Makes an organisation with accounts, tracking categories and a contact group. Raises no webhooks. */
export function makeOrganisation(
  id: string,
  name: string,
  country: string,
  environment: BooksEnvironment,
): Books {
  const profile = COUNTRIES[country];
  if (!profile) throw new WorldError(`no country ${country}`);
  const books = new Books(
    {
      id,
      name,
      shortCode: `!${id.slice(0, 5).toUpperCase()}`,
      countryCode: country,
      baseCurrency: profile.currency,
      timezone: profile.timezone,
      zone: profile.zone,
      taxRate: profile.taxRate,
      createdAt: environment.clock.now(),
      periodLockDate: undefined,
      endOfYearLockDate: undefined,
    },
    environment,
  );
  books.accounts.push(...chartOfAccounts(id, environment.clock.now()));
  addTracking(books, 'Region', ['North', 'South', 'East', 'West']);
  addTracking(books, 'Service', ['Consulting', 'Support']);
  addGroup(books, 'VIP');
  return books;
}

/**
 * Fills books with the contacts and invoices asked for.
 * @throws WorldError when one breaks a rule.
 */
export function fillBooks(books: Books, spec: OrganisationSpec): void {
  const contacts =
    typeof spec.contacts === 'number'
      ? Array.from({ length: spec.contacts }, (_, index) => customer(index, spec.country))
      : spec.contacts;
  for (const fields of contacts) applyOrThrow(planContact(books, fields, 'create'));
  const invoices = typeof spec.invoices === 'number' ? numberedInvoices(books, spec.invoices) : spec.invoices;
  for (const fields of invoices) applyOrThrow(planInvoice(books, fields, 'create'));
}

/** Applies a plan made for the world; its refusal is an error of whoever described the world. */
export function applyOrThrow<T>(plan: { errors: readonly string[] } | { apply: () => T }): T {
  if ('errors' in plan) throw new WorldError(plan.errors.join('; '));
  return plan.apply();
}

function numberedInvoices(books: Books, count: number): Record<string, unknown>[] {
  const contacts: Contact[] = [...books.contacts.values()];
  if (count > 0 && contacts.length === 0) throw new WorldError('invoices need at least one contact');
  return Array.from({ length: count }, (_, index) => ({
    Type: 'ACCREC',
    Status: 'AUTHORISED',
    Contact: { ContactID: contacts[index % contacts.length]?.id },
    DueDate: addDays(books.today(), 14),
    LineItems: [
      { Description: 'Services', Quantity: 1, UnitAmount: 100 + (index % 900), AccountCode: '200' },
    ],
  }));
}

/** The date `days` later. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Mobile prefixes and lengths that are valid in each country. */
const MOBILES: Readonly<
  Record<string, { readonly country: string; readonly area: string; readonly digits: number }>
> = {
  NZ: { country: '64', area: '21', digits: 7 },
  AU: { country: '61', area: '412', digits: 6 },
  GB: { country: '44', area: '7400', digits: 6 },
  US: { country: '1', area: '202', digits: 7 },
  DE: { country: '49', area: '1512', digits: 7 },
};

function customer(index: number, country: string): Record<string, unknown> {
  const mobile = MOBILES[country] ?? { country: '64', area: '21', digits: 7 };
  // Starts with 5 so that a US number has a valid exchange code.
  const number = String(5 * 10 ** (mobile.digits - 1) + index).padStart(mobile.digits, '0');
  return {
    Name: `Customer ${String(index + 1).padStart(5, '0')}`,
    EmailAddress: `customer${String(index + 1)}@example.com`,
    Phones: [
      {
        PhoneType: 'MOBILE',
        PhoneCountryCode: mobile.country,
        PhoneAreaCode: mobile.area,
        PhoneNumber: number,
      },
    ],
  };
}

function chartOfAccounts(tenantId: string, now: number): Account[] {
  const account = (
    code: string,
    name: string,
    type: string,
    kind: string,
    takesPayments = false,
  ): Account => ({
    id: fixedUuid(`xero account ${tenantId} ${code}`),
    code,
    name,
    type,
    class: kind,
    taxType: type === 'REVENUE' ? 'OUTPUT2' : 'NONE',
    takesPayments,
    updatedAt: now,
  });
  return [
    account('090', 'Business Bank Account', 'BANK', 'ASSET', true),
    account('091', 'Savings Account', 'BANK', 'ASSET', true),
    account('200', 'Sales', 'REVENUE', 'REVENUE'),
    account('260', 'Other Revenue', 'REVENUE', 'REVENUE'),
    account('400', 'Advertising', 'EXPENSE', 'EXPENSE'),
    account('453', 'Office Expenses', 'EXPENSE', 'EXPENSE'),
    account('610', 'Accounts Receivable', 'CURRENT', 'ASSET'),
    account('800', 'Accounts Payable', 'CURRLIAB', 'LIABILITY'),
    account('880', 'Owner Drawings', 'EQUITY', 'EQUITY', true),
  ];
}
