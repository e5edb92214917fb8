import { beforeEach, describe, expect, test } from 'vitest';
import type { VendorDefinition } from '#libs/vendor-kit';
import { freshbooks } from '#libs/vendors/freshbooks';
import { xero } from '#libs/vendors/xero';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { BooksTrail, fixtureOf } from './books-trail.fixture.js';

/**
 * What becomes of odd input, for each vendor whose books are read, in the trail. Forged, altered and unsigned webhooks end before:
 * they are refused and counted, since anybody could fill a trail with them (real-vendors.spec, freshbooks-ingress.spec,
 * zoho-books-ingress.spec).
 */
interface InvoiceFacts {
  readonly contact: string;
  readonly currency: string;
  readonly amount: number;
  readonly lines: number;
  /** When it was changed last: so many minutes after the first state. */
  readonly minute: number;
}

/** How one vendor's API writes things. */
interface Books {
  readonly vendor: VendorDefinition;
  readonly flow: string;
  invoice(id: string, facts: InvoiceFacts): object;
  /** Without a number there is no e-mail address either. */
  contact(id: string, hasPhone: boolean): object;
  /** A state that the vendor does not document. */
  readonly unreadable: object;
}

const clock = (minute: number): string =>
  `0${String(Math.floor(minute / 60))}:${String(minute % 60).padStart(2, '0')}`;

const xeroBooks: Books = {
  vendor: xero,
  flow: 'xero-invoice-notices',
  invoice: (id, { contact, currency, amount, lines, minute }) =>
    fixtureOf('xero', 'invoice', {
      InvoiceID: id,
      InvoiceNumber: `N-${id}`,
      Contact: { ContactID: contact, Name: 'C' },
      CurrencyCode: currency,
      Total: amount,
      AmountDue: amount,
      AmountPaid: 0,
      Payments: [],
      Date: `/Date(${String(Date.UTC(2026, 10, 21))}+0000)/`,
      DateString: '2026-11-21T00:00:00',
      DueDate: `/Date(${String(Date.UTC(2026, 11, 5))}+0000)/`,
      DueDateString: '2026-12-05T00:00:00',
      UpdatedDateUTC: `/Date(${String(Date.UTC(2026, 10, 21, 0, minute))}+0000)/`,
      UpdatedDateUTCString: `2026-11-21T${clock(minute)}:00`,
      LineItems: Array.from({ length: lines }, (_, index) => ({
        Description: `Item ${String(index)}`,
        Quantity: 1,
        UnitAmount: 1,
        LineAmount: 1,
        Tracking: [],
      })),
    }),
  contact: (id, hasPhone) =>
    fixtureOf('xero', 'contact', {
      ContactID: id,
      Name: `Contact ${id}`,
      Phones: hasPhone
        ? [{ PhoneType: 'MOBILE', PhoneCountryCode: '44', PhoneAreaCode: '7700', PhoneNumber: '900123' }]
        : [],
      ...(!hasPhone && { EmailAddress: '' }),
    }),
  unreadable: { Status: 'TELEPORTED' },
};

const freshbooksBooks: Books = {
  vendor: freshbooks,
  flow: 'freshbooks-invoice-notices',
  invoice: (id, { contact, currency, amount, lines, minute }) => {
    const money = (value: number) => ({ amount: String(value), code: currency });
    return fixtureOf('freshbooks', 'invoice', {
      id: Number(id),
      invoice_number: `N-${id}`,
      customerid: Number(contact),
      currency_code: currency,
      amount: money(amount),
      outstanding: money(amount),
      paid: money(0),
      status: 2,
      v3_status: 'sent',
      payment_status: 'unpaid',
      create_date: '2026-11-21',
      due_date: '2026-12-05',
      updated: `2026-11-21 ${clock(minute)}:00`,
      lines: Array.from({ length: lines }, (_, index) => ({
        name: `Item ${String(index)}`,
        qty: '1',
        unit_cost: money(1),
        amount: money(1),
      })),
    });
  },
  contact: (id, hasPhone) =>
    fixtureOf('freshbooks', 'contact-client', {
      id: Number(id),
      organization: `Contact ${id}`,
      mob_phone: hasPhone ? '+44 7700 900123' : '',
      home_phone: '',
      bus_phone: '',
      fax: '',
      ...(!hasPhone && { email: '' }),
    }),
  unreadable: { v3_status: 'teleported' },
};

const zohoBooksBooks: Books = {
  vendor: zohoBooks,
  flow: 'zoho-books-invoice-notices',
  invoice: (id, { contact, currency, amount, lines, minute }) =>
    fixtureOf('zoho-books', 'invoice', {
      invoice_id: id,
      invoice_number: `N-${id}`,
      customer_id: contact,
      currency_code: currency,
      total: amount,
      balance: amount,
      date: '2026-11-21',
      due_date: '2026-12-05',
      last_modified_time: `2026-11-21T${clock(minute)}:00-0800`,
      line_items: Array.from({ length: lines }, (_, index) => ({
        name: `Item ${String(index)}`,
        quantity: 1,
        rate: 1,
        item_total: 1,
      })),
    }),
  contact: (id, hasPhone) =>
    fixtureOf('zoho-books', 'contact', {
      contact_id: id,
      contact_name: `Contact ${id}`,
      phone: '',
      mobile: hasPhone ? '+44 7700 900123' : '',
      contact_persons: [],
      ...(!hasPhone && { email: '' }),
    }),
  unreadable: { status: 'teleported' },
};

describe.each([xeroBooks, freshbooksBooks, zohoBooksBooks])(
  'odd input from $vendor.manifest.name',
  (books) => {
    let trail: BooksTrail;

    beforeEach(async () => {
      trail = await BooksTrail.start(books.vendor, books.flow);
      trail.put('contact', '7', books.contact('7', true));
    });

    function invoice(id: string, facts: Partial<InvoiceFacts> = {}): object {
      return books.invoice(id, {
        contact: '7',
        currency: 'GBP',
        amount: 120,
        lines: 1,
        minute: 30,
        ...facts,
      });
    }

    test('a replayed notice finds nothing new, and nobody is written to twice', async () => {
      trail.put('invoice', '1', invoice('1'));
      expect(await trail.notice('1')).toContain('map/mapped');
      expect(await trail.notice('1')).toEqual(['fetch/unchanged']);
      expect(trail.texts()).toHaveLength(1);
    });

    test('a stale state never follows a newer one', async () => {
      trail.put('invoice', '1', invoice('1', { minute: 40, amount: 90 }));
      await trail.notice('1');
      trail.put('invoice', '1', invoice('1', { minute: 30 }));
      expect(await trail.notice('1')).toEqual(['fetch/superseded']);
    });

    test('a notice of a tenant that is not connected waits for a while and is passed over with the reason', async () => {
      expect(await trail.notice('1', { connectionId: 'nobody' })).toEqual([
        'fetch/parked/unknown-connection',
      ]);
      const words: string[] = [];
      for (let passed = 0; passed < 10; passed += 1) words.push(...(await trail.pass(60_000)));
      expect(words.at(-1)).toBe('fetch/skipped/unknown-connection');
      expect(trail.mapper.messages()).toEqual([]);
    });

    test('a deleted invoice is told as gone, known or not, and nobody is written to', async () => {
      expect(await trail.notice('404', { changeType: 'deleted' })).toContain('fetch/fetched/gone');
      trail.put('invoice', '1', invoice('1'));
      await trail.notice('1');
      const before = trail.mapper.messages().length;
      trail.remove('invoice', '1');
      const sourceTime = Date.UTC(2026, 10, 21, 10);
      expect(await trail.notice('1', { changeType: 'deleted', sourceTime })).toContain('fetch/fetched/gone');
      expect(trail.mapper.messages()).toHaveLength(before);
    });

    test('a currency without decimals is written without them', async () => {
      trail.put('invoice', '1', invoice('1', { currency: 'JPY', amount: 55_000 }));
      await trail.notice('1');
      expect(trail.texts()[0]?.body).toMatch(/55,000(?![.,]?\d)/);
    });

    test('a customer without a phone number is passed over with the reason', async () => {
      trail.put('contact', '8', books.contact('8', false));
      trail.put('invoice', '1', invoice('1', { contact: '8' }));
      expect(await trail.notice('1')).toContain('map/skipped/no-phone-number');
      expect(trail.texts()).toEqual([]);
    });

    test('two contacts with one number each get a message of their own', async () => {
      trail.put('contact', '8', books.contact('8', true));
      trail.put('invoice', '1', invoice('1'));
      trail.put('invoice', '2', invoice('2', { contact: '8' }));
      await trail.notice('1');
      await trail.notice('2');
      expect(new Set(trail.texts().map(({ to }) => to)).size).toBe(1);
      expect(new Set(trail.texts().map(({ commandId }) => commandId)).size).toBe(2);
    });

    test('an invoice of 10,000 lines is read and told', async () => {
      trail.put('invoice', '1', invoice('1', { lines: 10_000 }));
      const words = await trail.notice('1');
      expect(words).toContain('fetch/fetched');
      expect(words).toContain('map/mapped');
      for (const { body } of trail.mapper.messages()) expect(body).not.toContain('Item 9999');
    }, 60_000);

    test('a state that nobody documents is set aside, and the next one is handled', async () => {
      trail.put('invoice', '1', { ...invoice('1'), ...books.unreadable });
      expect((await trail.notice('1')).some((word) => word.startsWith('fetch/dead-lettered'))).toBe(true);
      trail.put('invoice', '1', invoice('1'));
      expect(await trail.notice('1')).toContain('map/mapped');
    });
  },
);
