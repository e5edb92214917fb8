import fc from 'fast-check';
import type { AccountingRecord } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { sampleContact, sampleInvoice, samplePayment } from '../samples/sample-records.js';
import { eventsOf, whyNoEvent } from './business-events.js';

function keys(previous: AccountingRecord | null, record: AccountingRecord): string[] {
  return eventsOf(previous, record).map(({ key }) => key);
}

const draft = sampleInvoice({ status: 'draft' });
const issued = sampleInvoice({ status: 'issued' });
const paid = sampleInvoice({ status: 'paid', amountDue: '0', amountPaid: '1250.5' });
const voided = sampleInvoice({ status: 'voided' });

describe('eventsOf an invoice', () => {
  it('gives nothing for drafts and what awaits approval', () => {
    expect(keys(null, draft)).toEqual([]);
    expect(keys(draft, sampleInvoice({ status: 'submitted' }))).toEqual([]);
    expect(whyNoEvent(null, draft, 'invoice.issued')).toBe('not-issued');
  });

  it('gives "issued" once, whether the draft was seen or not', () => {
    expect(keys(null, issued)).toEqual(['invoice/sample-invoice/issued']);
    expect(keys(draft, issued)).toEqual(['invoice/sample-invoice/issued']);
    expect(keys(issued, sampleInvoice({ reference: 'changed' }))).toEqual([]);
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
    expect(eventsOf(null, issued)[0]?.witnessed).toBe(false);
  });

  it('names events by entity and kind alone: no version, time or content changes a key', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string(), (version, time, text) => {
        const other = sampleInvoice(
          { reference: text },
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
    expect(keys(null, samplePayment({ kind: 'sent' }))).toEqual([]);
    expect(whyNoEvent(null, samplePayment({ kind: 'sent' }), 'payment.received')).toBe('is-a-bill');
  });
});

describe('eventsOf a contact', () => {
  it('gives "changed" with the fields that differ, and nothing for a contact that is new', () => {
    const changed = sampleContact({ email: 'new@example.com', groups: ['VIP'] });
    expect(eventsOf(sampleContact(), changed)).toMatchObject([
      { trigger: 'contact.changed', changedFields: ['email', 'groups'] },
    ]);
    expect(keys(null, changed)).toEqual([]);
    expect(keys(changed, changed)).toEqual([]);
  });

  it('gives redeliveries of a change the same key and another change another one', () => {
    const first = sampleContact({ email: 'a@example.com' });
    const again = sampleContact({ email: 'a@example.com' }, { version: 9e15, fetchedAt: 1 });
    const second = sampleContact({ email: 'b@example.com' });
    expect(keys(sampleContact(), first)).toEqual(keys(sampleContact(), again));
    expect(keys(sampleContact(), first)).not.toEqual(keys(sampleContact(), second));
  });
});

describe('whyNoEvent', () => {
  it('says nothing about records that a trigger does not look at', () => {
    expect(whyNoEvent(null, samplePayment(), 'invoice.issued')).toBeNull();
  });
});
