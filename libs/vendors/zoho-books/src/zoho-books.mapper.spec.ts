import { expect, test } from 'vitest';
import { toRecordBody } from './zoho-books.mapper.js';

const mapped = (entityType: string, fields: object) =>
  toRecordBody({ entityType, entityId: '1', json: '', value: { currency_code: 'EUR', total: 1, ...fields } });

test.each([
  ['approval_overdue', 'draft'],
  ['pending_signature', 'issued'],
  ['in_transit', 'issued'],
  ['received_not_billed', 'issued'],
  ['billed_not_received', 'billed'],
  ['closed', 'billed'],
  ['cancelled', 'voided'],
])('a purchase order that is %s counts as %s', (status, expected) => {
  expect(mapped('purchaseOrder', { status }).purchaseOrder).toMatchObject({ status: expected });
});

test('a bill whose approval is late awaits it still', () => {
  const { invoice } = mapped('bill', { status: 'approval_overdue', balance: 1 });
  expect(invoice).toMatchObject({ status: 'submitted', sentToContact: false });
});

test('a state that is new to us is no guess', () => {
  expect(() => mapped('purchaseOrder', { status: 'teleported' })).toThrow(/purchaseOrder\.status/);
});

test.each([
  ['draft', 'deleted'],
  ['void', 'deleted'],
  ['paid', 'settled'],
  [undefined, 'settled'],
])('a vendor payment that is %s is %s', (status, expected) => {
  const record = mapped('vendorPayment', { amount: 1, status });
  expect(record).toMatchObject({ deleted: expected === 'deleted', vendorPayment: { status: expected } });
});
