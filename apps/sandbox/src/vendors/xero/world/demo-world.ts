import type { Books } from '../books/books.js';
import { planContact } from '../books/contact-rules.js';
import { planInvoice } from '../books/invoice-rules.js';
import { planPayment } from '../books/payment-rules.js';
import type { Contact, Invoice } from '../books/xero-types.js';
import { addDays, applyOrThrow } from './make-organisation.js';

interface DemoContact {
  readonly name: string;
  readonly person?: readonly [string, string];
  readonly email?: string;
  /** Type, country code, area code, number: in three parts and as untidy as people type them. */
  readonly phone?: readonly [string, string, string, string];
  readonly region?: string;
  readonly isVip?: boolean;
}

const CONTACTS: readonly DemoContact[] = [
  {
    name: 'Kauri Joinery',
    person: ['Aroha', 'Ngata'],
    email: 'accounts@kaurijoinery.example',
    phone: ['MOBILE', '64', '21', '555 0101'],
    region: 'North',
  },
  {
    name: 'Harbour City Cafe',
    person: ['Tom', 'Whitely'],
    email: 'tom@harbourcity.example',
    phone: ['DEFAULT', '', '021', '5550102'],
    region: 'South',
  },
  {
    name: 'Southern Cross Freight',
    person: ['Mia', 'Larsen'],
    email: 'mia@scfreight.example',
    phone: ['MOBILE', '61', '412', '555 103'],
    region: 'East',
    isVip: true,
  },
  {
    name: 'Thames & Tower Ltd',
    person: ['Oliver', 'Grant'],
    email: 'oliver@thamestower.example',
    phone: ['MOBILE', '44', '7400', '555104'],
    region: 'West',
  },
  { name: 'Bayside Dental', person: ['Ines', 'Moreau'], email: 'ines@baysidedental.example' },
  { name: 'Cash Sale' },
  { name: 'Stop Smart Ltd', person: ['Sam', 'Stopford'], phone: ['MOBILE', '64', '27', '555 0107'] },
  { name: 'Closed Line & Co', person: ['Nora', 'Quiet'], phone: ['MOBILE', '64', '22', '555 0108'] },
];

/**
 * The demo organisation's books: customers with phones in four countries, one with an e-mail only, one with neither, a
 * VIP group, regions; and an invoice in each state that a flow distinguishes.
 */
export function fillDemoBooks(books: Books): void {
  const contacts = new Map(CONTACTS.map((spec) => [spec.name, addContact(books, spec)]));
  const today = books.today();
  const invoice = (name: string, status: string, due: number, amount: number, region = 'North'): Invoice =>
    applyOrThrow(
      planInvoice(
        books,
        {
          Type: 'ACCREC',
          Status: status,
          Contact: { ContactID: contacts.get(name)?.id },
          Date: addDays(today, Math.min(due, 0) - 14),
          DueDate: addDays(today, due),
          Reference: `PO-${String(amount)}`,
          LineItems: [
            {
              Description: 'Monthly service',
              Quantity: 1,
              UnitAmount: amount,
              AccountCode: '200',
              Tracking: [{ Name: 'Region', Option: region }],
            },
          ],
        },
        'create',
      ),
    );
  invoice('Kauri Joinery', 'DRAFT', 14, 420);
  invoice('Harbour City Cafe', 'AUTHORISED', 10, 180.5, 'South');
  invoice('Southern Cross Freight', 'AUTHORISED', -6, 2300, 'East');
  const partPaid = invoice('Thames & Tower Ltd', 'AUTHORISED', -12, 950, 'West');
  const paid = invoice('Bayside Dental', 'AUTHORISED', -3, 320);
  pay(books, partPaid, 400);
  pay(books, paid, paid.total / 100);
  applyOrThrow(
    planInvoice(
      books,
      {
        Type: 'ACCPAY',
        Status: 'AUTHORISED',
        InvoiceNumber: 'SUP-77',
        Contact: { Name: 'Paper & Print Supplies' },
        DueDate: addDays(today, 20),
        LineItems: [{ Description: 'Paper', Quantity: 10, UnitAmount: 12.5, AccountCode: '453' }],
      },
      'create',
    ),
  );
}

function addContact(books: Books, spec: DemoContact): Contact {
  const [type, country, area, number] = spec.phone ?? [];
  const contact = applyOrThrow(
    planContact(
      books,
      {
        Name: spec.name,
        FirstName: spec.person?.[0],
        LastName: spec.person?.[1],
        EmailAddress: spec.email,
        Phones: spec.phone
          ? [{ PhoneType: type, PhoneCountryCode: country, PhoneAreaCode: area, PhoneNumber: number }]
          : undefined,
        SalesTrackingCategories:
          spec.region === undefined
            ? undefined
            : [{ TrackingCategoryName: 'Region', TrackingOptionName: spec.region }],
      },
      'create',
    ),
  );
  if (spec.isVip) for (const group of books.groups.values()) group.members.add(contact);
  return contact;
}

function pay(books: Books, invoice: Invoice, amount: number): void {
  const account = books.accounts.find(({ code }) => code === '090');
  applyOrThrow(
    planPayment(books, {
      Invoice: { InvoiceID: invoice.id },
      Account: { AccountID: account?.id },
      Amount: amount,
    }),
  );
}
