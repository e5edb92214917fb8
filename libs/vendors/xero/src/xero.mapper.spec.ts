import { type RawEntity, parseExactJson } from '#libs/vendor-kit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { discoveredIn, relatedTo, toRecordBody } from './xero.mapper.js';

function invoice(json: string): RawEntity {
  return { entityType: 'invoice', entityId: 'i-1', json, value: parseExactJson(json) };
}

const minimal = {
  Type: 'ACCREC',
  Status: 'AUTHORISED',
  CurrencyCode: 'EUR',
  Total: 10,
  UpdatedDateUTC: '/Date(1765168216817+0000)/',
};

test('carries every digit of an amount', () => {
  const digits = fc
    .tuple(fc.bigInt(0n, 10n ** 26n), fc.integer({ min: 1, max: 9999 }))
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(4, '0').replace(/0+$/, '')}`);
  fc.assert(
    fc.property(digits, (amount) => {
      const json = JSON.stringify({ ...minimal, Total: 0 }).replace('"Total":0', `"Total":${amount}`);
      expect(toRecordBody(invoice(json)).invoice?.total).toBe(amount);
    }),
  );
});

test('refuses an amount that cannot be carried without rounding', () => {
  const json = JSON.stringify(minimal).replace('"Total":10', '"Total":10.1234567');
  expect(() => toRecordBody(invoice(json))).toThrow(/invoice\.Total/);
});

test('works out what is open when Xero leaves it out', () => {
  const json = JSON.stringify({ ...minimal, AmountPaid: 2.5, AmountCredited: 0.1 });
  expect(toRecordBody(invoice(json)).invoice).toMatchObject({
    amountDue: '7.4',
    amountPaid: '2.5',
    amountCredited: '0.1',
  });
});

test.each([
  ['DRAFT', 'draft'],
  ['SUBMITTED', 'submitted'],
  ['AUTHORISED', 'issued'],
  ['PAID', 'paid'],
  ['VOIDED', 'voided'],
  ['DELETED', 'deleted'],
])('an invoice that is %s is %s', (Status, expected) => {
  const body = toRecordBody(invoice(JSON.stringify({ ...minimal, Status })));
  expect(body.invoice?.status).toBe(expected);
  expect(body.deleted).toBe(expected === 'deleted');
});

test('names the field and not the value of what it does not know', () => {
  const json = JSON.stringify({ ...minimal, Status: 'SOMETHING-NEW' });
  expect(() => toRecordBody(invoice(json))).toThrow(
    expect.objectContaining({ code: 'unmappable', disposition: 'dead-letter' }),
  );
  expect(() => toRecordBody(invoice(json))).toThrow(/invoice\.Status(?!.*SOMETHING-NEW)/);
});

test('asks for the contact before an invoice, and for both before a payment', () => {
  const body = toRecordBody(invoice(JSON.stringify({ ...minimal, Contact: { ContactID: 'c-1' } })));
  expect(relatedTo(body)).toEqual([{ entityType: 'contact', entityId: 'c-1' }]);
  const payment = {
    PaymentType: 'ACCPAYPAYMENT',
    Status: 'AUTHORISED',
    Amount: 5,
    UpdatedDateUTC: minimal.UpdatedDateUTC,
    Invoice: { InvoiceID: 'i-1', Contact: { ContactID: 'c-1' } },
  };
  const json = JSON.stringify(payment);
  expect(relatedTo(toRecordBody({ ...invoice(json), entityType: 'payment' }))).toEqual([
    { entityType: 'contact', entityId: 'c-1' },
    { entityType: 'bill', entityId: 'i-1' },
  ]);
});

test('discovers the payments of an invoice', () => {
  const json = JSON.stringify({
    ...minimal,
    Payments: [
      { PaymentID: 'p-1', Amount: 1 },
      { PaymentID: 'p-2', Amount: 2 },
    ],
  });
  expect(discoveredIn(invoice(json)).map(({ entityId }) => entityId)).toEqual(['p-1', 'p-2']);
});

test('maps an invoice of ten thousand lines', () => {
  const LineItems = Array.from({ length: 10_000 }, (_, index) => ({
    Description: `line ${index}`,
    LineAmount: 0.1,
    Tracking: [],
  }));
  expect(toRecordBody(invoice(JSON.stringify({ ...minimal, LineItems }))).invoice?.lines).toHaveLength(
    10_000,
  );
});

test('keeps a number of a phone type that is new to us, after the known ones', () => {
  const json = JSON.stringify({
    Name: 'Quay Ltd',
    UpdatedDateUTC: minimal.UpdatedDateUTC,
    Phones: [
      { PhoneType: 'HOLOGRAM', PhoneNumber: '111' },
      { PhoneType: 'OFFICE', PhoneNumber: '222' },
    ],
  });
  const { contact } = toRecordBody({ ...invoice(json), entityType: 'contact', entityId: 'c-1' });
  expect(contact?.phones.map(({ kind, number }) => [kind, number])).toEqual([
    ['office', '222'],
    ['other', '111'],
  ]);
});
