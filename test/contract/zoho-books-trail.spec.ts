import { expect, test } from 'vitest';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { BooksTrail, fixtureOf } from './books-trail.fixture.js';

/**
 * Zoho Books' ready flows on its own fixtures, through the real fetcher and mapper. What becomes of odd input is in
 * bad-input.spec, for every vendor alike.
 */
type Json = Readonly<Record<string, unknown>>;

async function start(flow = 'zoho-books-invoice-notices'): Promise<BooksTrail> {
  const trail = await BooksTrail.start(zohoBooks, flow);
  trail.put('contact', '7', fixtureOf('zoho-books', 'contact', { contact_id: '7' }));
  return trail;
}

/** An invoice that was sent today, of contact 7 unless said otherwise. */
function putInvoice(trail: BooksTrail, id: string, changes: Json = {}): void {
  const today = {
    date: '2026-11-21',
    due_date: '2026-12-05',
    last_modified_time: '2026-11-21T00:30:00-0800',
  };
  const fields = { invoice_id: id, customer_id: '7', ...today, ...changes };
  trail.put('invoice', id, fixtureOf('zoho-books', 'invoice', fields));
}

test('an invoice that was sent brings a text with the payment link and an e-mail', async () => {
  const trail = await start();
  putInvoice(trail, '1');
  await trail.notice('1');
  expect(trail.mapper.messages().map(({ channel }) => channel)).toEqual(
    expect.arrayContaining(['email', 'sms']),
  );
  expect(trail.texts()[0]?.body).toContain('https://books.zoho.com/SecurePayment?');
});

test('a customer who wants no texts is passed over with the reason', async () => {
  const trail = await start();
  trail.put('contact', '9', fixtureOf('zoho-books', 'contact-no-sms', { contact_id: '9' }));
  putInvoice(trail, '2', { customer_id: '9' });
  expect(await trail.notice('2')).toContain('map/skipped/sms-not-wanted');
  expect(trail.texts()).toEqual([]);
});

test('the e-mail of an invoice with 10,000 lines has as many of them as a message holds', async () => {
  const trail = await start();
  const line = (index: number) => ({ name: `Item ${index}`, quantity: 1, rate: 1, item_total: 1 });
  putInvoice(trail, '1', { line_items: Array.from({ length: 10_000 }, (_, index) => line(index)) });
  await trail.notice('1');
  const email = trail.mapper.messages().find(({ channel }) => channel === 'email');
  expect(email?.body).toContain('Item 0');
  expect(email?.body).not.toContain('Item 9999');
}, 60_000);

test('each event leaves through the Messaging Service that is meant for it and for the customer', async () => {
  const trail = await start('zoho-books-routing-by-service');
  const canadian = { contact_id: '8', billing_address: { country: 'Canada' } };
  trail.put('contact', '8', fixtureOf('zoho-books', 'contact', canadian));
  putInvoice(trail, '1');
  putInvoice(trail, '2', { customer_id: '8' });
  await trail.notice('1');
  await trail.notice('2');
  expect(trail.mapper.messages().map(({ sender }) => sender)).toEqual([
    'MG00000000000000000000000000000002',
    'MG00000000000000000000000000000001',
  ]);
});

test('what a payment settles is read before it, and the customer is thanked', async () => {
  const trail = await start('zoho-books-payment-thanks');
  putInvoice(trail, '1');
  const invoices = [{ invoice_id: '1', invoice_number: 'INV-00003' }];
  const payment = { payment_id: '5', customer_id: '7', date: '2026-11-21', invoices };
  trail.put('payment', '5', fixtureOf('zoho-books', 'payment', payment));
  await trail.notice('5', { entityType: 'payment', changeType: 'created' });
  expect(trail.mapper.messages().map(({ body }) => body)).toEqual([
    expect.stringContaining('thank you, we have received $450.00 for INV-00003') as string,
  ]);
});
