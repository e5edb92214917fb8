import type { AccountBooks } from '../books/account-books.js';
import type { Entity } from '../books/entity.js';
import { addDays } from '../books/stamps.js';

/** Clients of the demo business: with a mobile, with an address only, with neither, two with one number, one abroad. */
const CLIENTS: readonly Readonly<Record<string, unknown>>[] = [
  {
    organization: 'Cedar Design Studio',
    fname: 'Robin',
    lname: 'Cedar',
    email: 'robin@cedar.example',
    mob_phone: '(415) 555-0111',
    p_country: 'United States',
    p_province: 'California',
  },
  {
    organization: 'Lakeside Books',
    fname: 'Kim',
    lname: 'Lake',
    email: 'kim@lakeside.example',
    mob_phone: '',
  },
  { organization: 'Quiet Corner', fname: 'Nora', lname: 'Quiet', email: '', mob_phone: 'call the office' },
  { organization: 'Twin Bakery', email: 'bakery@twin.example', mob_phone: '+1 212 555 0122' },
  { organization: 'Twin Cafe', email: 'cafe@twin.example', mob_phone: '+1 212 555 0122' },
  {
    organization: 'Maple Joinery',
    email: 'office@maple.example',
    mob_phone: '+1 416 555 0133',
    currency_code: 'CAD',
    p_country: 'Canada',
    p_province: 'Ontario',
    allow_late_notifications: false,
  },
];

/** The demo business's books: an invoice in each state that a flow distinguishes, vendors, bills and an expense. */
export function fillDemoBooks(books: AccountBooks): void {
  const clients = CLIENTS.map((fields) => books.create('client', fields));
  const today = books.today();
  const invoice = (index: number, dueIn: number, amount: number, status = 2): Entity =>
    books.create('invoice', {
      customerid: clients[index]?.id,
      create_date: addDays(today, dueIn - 30),
      due_offset_days: 30,
      status,
      po_number: `PO-${amount}`,
      lines: [
        {
          name: 'Bookkeeping',
          description: 'Monthly service',
          qty: 1,
          unit_cost: { amount: String(amount) },
        },
      ],
    });
  invoice(0, 14, 420, 1);
  invoice(1, 10, 180.5);
  invoice(3, -6, 2300);
  const partPaid = invoice(4, -12, 950);
  const paid = invoice(0, -3, 320);
  books.create('payment', { invoiceid: partPaid.id, amount: { amount: '400.00' }, type: 'Check' });
  books.create('payment', { invoiceid: paid.id, amount: { amount: '320.00' }, type: 'Bank Transfer' });
  const vendor = books.create('bill_vendor', {
    vendor_name: 'Paper & Print Supplies',
    primary_contact_first_name: 'Per',
    primary_contact_email: 'per@paper.example',
    phone: '+1 716 555 0147',
    country: 'United States',
  });
  books.create('bill', {
    vendorid: vendor.id,
    bill_number: 'SUP-77',
    due_offset_days: 20,
    lines: [{ description: 'Paper', quantity: 10, unit_cost: { amount: '12.50' } }],
  });
  books.create('expense', {
    categoryid: 3696445,
    staffid: 1,
    date: today,
    vendor: 'Rail Company',
    amount: { amount: '45.90' },
  });
}
