import fc from 'fast-check';
import type { AccountingRecord, Invoice } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import {
  sampleBill,
  sampleContact,
  sampleExpense,
  sampleInvoice,
  samplePayment,
  samplePurchaseOrder,
  sampleVendor,
  sampleVendorPayment,
} from '../samples/sample-records.js';
import { eventsOf, whyNoEvent } from './business-events.js';

function allKeys(previous: AccountingRecord | null, record: AccountingRecord): string[] {
  return eventsOf(previous, record).map(({ key }) => key);
}

/** Without "created", which every document has when it is first seen. */
function keys(previous: AccountingRecord | null, record: AccountingRecord): string[] {
  return allKeys(previous, record).filter((key) => !key.endsWith('/created'));
}

function invoiceAs(status: string, over: Partial<Invoice> = {}): AccountingRecord {
  return sampleInvoice({ status, sentToContact: false, ...over });
}

const draft = invoiceAs('draft');
const issued = invoiceAs('issued');
const paid = invoiceAs('paid', { amountDue: '0', amountPaid: '1250.5' });
const voided = invoiceAs('voided');

describe('eventsOf an invoice', () => {
  it('gives nothing for drafts and what awaits approval', () => {
    expect(keys(null, draft)).toEqual([]);
    expect(keys(draft, invoiceAs('submitted'))).toEqual([]);
    expect(whyNoEvent(null, draft, 'invoice.issued')).toBe('not-issued');
  });

  it('gives "issued" once, whether the draft was seen or not', () => {
    expect(keys(null, issued)).toEqual(['invoice/sample-invoice/issued']);
    expect(keys(draft, issued)).toEqual(['invoice/sample-invoice/issued']);
    expect(keys(issued, invoiceAs('issued', { reference: 'changed' }))).toEqual([]);
    expect(whyNoEvent(issued, issued, 'invoice.issued')).toBe('nothing-new');
  });

  it('gives "issued" and "paid" for an invoice that is paid when it is first seen', () => {
    expect(keys(null, paid)).toEqual(['invoice/sample-invoice/issued', 'invoice/sample-invoice/paid']);
    expect(keys(draft, paid)).toEqual(['invoice/sample-invoice/issued', 'invoice/sample-invoice/paid']);
    expect(keys(issued, paid)).toEqual(['invoice/sample-invoice/paid']);
  });

  it('gives the same key again when a payment is taken back and repeated', () => {
    expect(keys(paid, issued)).toEqual([]);
    expect(keys(issued, paid)).toEqual(['invoice/sample-invoice/paid']);
  });

  it('gives "voided" only for what was issued before', () => {
    expect(keys(issued, voided)).toEqual(['invoice/sample-invoice/voided']);
    expect(keys(issued, { ...issued, deleted: true })).toEqual(['invoice/sample-invoice/voided']);
    expect(keys(draft, sampleInvoice({ status: 'deleted' }))).toEqual([]);
    expect(keys(null, voided)).toEqual([]);
  });

  it("gives nothing for a supplier's bill", () => {
    const bill = sampleInvoice({ kind: 'purchase' });
    expect(keys(null, bill)).toEqual([]);
    expect(whyNoEvent(null, bill, 'invoice.issued')).toBe('is-a-bill');
  });

  it('gives nothing for an older state than the one that was handled', () => {
    const newer = { ...draft, version: issued.version + 1 };
    expect(keys(newer, issued)).toEqual([]);
    expect(whyNoEvent(newer, issued, 'invoice.issued')).toBe('stale-record');
  });

  it('knows whether it saw the transition', () => {
    expect(eventsOf(draft, issued)[0]?.witnessed).toBe(true);
    expect(eventsOf(null, issued)[1]?.witnessed).toBe(false);
  });

  it('gives "created" once, for a draft too, and not for what is void when it is first seen', () => {
    expect(allKeys(null, draft)).toEqual(['invoice/sample-invoice/created']);
    expect(allKeys(draft, issued)).toEqual(['invoice/sample-invoice/issued']);
    expect(allKeys(null, voided)).toEqual([]);
  });

  it('gives "sent" when the books say that an issued invoice was sent, and once', () => {
    const sent = invoiceAs('issued', { sentToContact: true });
    expect(keys(issued, sent)).toEqual(['invoice/sample-invoice/sent']);
    expect(keys(draft, sent)).toEqual(['invoice/sample-invoice/issued', 'invoice/sample-invoice/sent']);
    expect(keys(sent, sent)).toEqual([]);
    expect(keys(null, invoiceAs('draft', { sentToContact: true }))).toEqual([]);
  });

  it('names events by entity and kind alone: no version, time or content changes a key', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string(), (version, time, text) => {
        const other = sampleInvoice(
          { reference: text, sentToContact: false },
          {
            version,
            fetchedAt: time,
            firstNoticedAt: time,
            recordId: text,
            contentHash: text,
            origin: 'replay',
          },
        );
        expect(keys(null, other)).toEqual(['invoice/sample-invoice/issued']);
      }),
    );
  });
});

describe('eventsOf a payment', () => {
  it('gives "received" once for a settled payment of a customer', () => {
    expect(keys(null, samplePayment())).toEqual(['payment/sample-payment/received']);
    expect(keys(samplePayment(), samplePayment({ reference: 'x' }))).toEqual([]);
  });

  it('gives nothing for a deleted payment or one that the company made', () => {
    expect(keys(null, samplePayment({ status: 'deleted' }))).toEqual([]);
    expect(keys(null, samplePayment({}, { deleted: true }))).toEqual([]);
    expect(keys(null, samplePayment({ kind: 'sent', invoiceId: null }))).toEqual([]);
    expect(whyNoEvent(null, samplePayment({ kind: 'sent' }), 'payment.received')).toBe('is-a-bill');
  });
});

describe('eventsOf a contact', () => {
  it('gives "changed" with the fields that differ, and not for a contact that is new', () => {
    const changed = sampleContact({ email: 'new@example.com', groups: ['VIP'] });
    expect(eventsOf(sampleContact(), changed)).toMatchObject([
      { trigger: 'contact.changed', changedFields: ['email', 'groups'] },
    ]);
    expect(keys(null, changed)).toEqual([]);
    expect(keys(changed, changed)).toEqual([]);
  });

  it('gives redeliveries of a change the same key and another change another one', () => {
    const first = sampleContact({ email: 'a@example.com' });
    const again = sampleContact({ email: 'a@example.com' }, { recordId: 'again', fetchedAt: 1 });
    const second = sampleContact({ email: 'b@example.com' });
    const later = sampleContact({ email: 'a@example.com' }, { version: 9e15 });
    expect(keys(sampleContact(), first)).toEqual(keys(sampleContact(), again));
    expect(keys(sampleContact(), first)).not.toEqual(keys(sampleContact(), second));
    expect(keys(sampleContact(), first)).not.toEqual(keys(sampleContact(), later));
  });
});

describe('eventsOf a client or vendor', () => {
  it('gives "created" by the day in the books, or by a notice where the books name none', () => {
    expect(allKeys(null, sampleContact({}, { created: true }))).toEqual(['contact/sample-contact/created']);
    // Read for an invoice's sake before its own notice came.
    expect(allKeys(sampleContact(), sampleContact({}, { created: true }))).toEqual([
      'contact/sample-contact/created',
    ]);
    const told = sampleContact({}, { created: true });
    expect(allKeys(told, told)).toEqual([]);
    // An invoice of an old customer brings him for the first time, by a webhook too.
    expect(allKeys(null, sampleContact({}, { origin: 'webhook' }))).toEqual([]);
    const dated = sampleContact({ createdOn: '2026-11-20' }, { origin: 'poll' });
    expect(eventsOf(null, dated)).toMatchObject([{ trigger: 'contact.created', occurredOn: '2026-11-20' }]);
  });

  it('tells vendors apart', () => {
    expect(allKeys(null, sampleVendor({}, { created: true }))).toEqual([
      'contact/sample-vendor/created',
      'vendor/sample-vendor/created',
    ]);
    const changed = sampleVendor({ phones: [] });
    expect(eventsOf(sampleVendor(), changed).map(({ trigger }) => trigger)).toEqual([
      'contact.changed',
      'vendor.changed',
    ]);
    expect(whyNoEvent(null, sampleContact(), 'vendor.created')).toBe('is-not-a-vendor');
  });
});

describe('eventsOf what the company buys', () => {
  it('gives "created" and "awaiting approval" of a bill, each once', () => {
    const submitted = sampleBill({ status: 'submitted' });
    const approved = sampleBill({ status: 'issued' });
    expect(allKeys(null, submitted)).toEqual([
      'bill/sample-bill/created',
      'bill/sample-bill/awaiting-approval',
    ]);
    expect(allKeys(sampleBill({ status: 'draft' }), submitted)).toEqual([
      'bill/sample-bill/awaiting-approval',
    ]);
    expect(allKeys(submitted, approved)).toEqual([]);
    expect(allKeys(null, sampleBill({ status: 'voided' }))).toEqual([]);
    expect(whyNoEvent(null, sampleInvoice(), 'bill.created')).toBe('is-not-a-bill');
  });

  it('gives expenses, purchase orders and vendor payments once, and none that is gone', () => {
    expect(allKeys(null, sampleExpense())).toEqual(['expense/sample-expense/recorded']);
    expect(allKeys(sampleExpense(), sampleExpense({ amount: '40' }))).toEqual([]);
    expect(allKeys(null, sampleExpense({ status: 'deleted' }))).toEqual([]);
    expect(allKeys(null, samplePurchaseOrder())).toEqual(['purchase-order/sample-purchase-order/created']);
    expect(allKeys(samplePurchaseOrder(), samplePurchaseOrder({ status: 'billed' }))).toEqual([]);
    expect(allKeys(null, samplePurchaseOrder({ status: 'voided' }))).toEqual([]);
    expect(allKeys(null, sampleVendorPayment())).toEqual(['vendor-payment/sample-vendor-payment/sent']);
    expect(allKeys(null, sampleVendorPayment({ status: 'voided' }))).toEqual([]);
  });

  it('takes the payment of one bill as a vendor payment, and a refund to a customer as none', () => {
    expect(allKeys(null, samplePayment({ kind: 'sent' }))).toEqual(['vendor-payment/sample-payment/sent']);
    expect(allKeys(null, samplePayment({ kind: 'sent', invoiceId: null }))).toEqual([]);
  });
});

describe('whyNoEvent', () => {
  it('says nothing about records that a trigger does not look at', () => {
    expect(whyNoEvent(null, samplePayment(), 'invoice.issued')).toBeNull();
  });
});
