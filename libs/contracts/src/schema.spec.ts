import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toDecimal } from '#libs/core';
import { accountingRecordSchema, changeNoticeSchema } from './generated/schemas.js';
import type { AccountingRecord, Invoice } from './generated/types.js';
import { noBodies } from './record-bodies.js';
import { decodeValue, encodeValue, schemaOf } from './schema.js';

const amounts = schemaOf<{ amount: string | null }>({
  type: 'record',
  name: 'Amounts',
  fields: [
    {
      name: 'amount',
      type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 6 }],
      default: null,
    },
  ],
});

test('keeps every decimal exactly, inside a union too', () => {
  const decimal = fc
    .tuple(fc.bigInt(-(10n ** 31n), 10n ** 31n), fc.integer({ min: 0, max: 999_999 }))
    .map(([whole, fraction]) => toDecimal(`${whole}.${String(fraction).padStart(6, '0')}`));
  fc.assert(
    fc.property(decimal, (amount) => {
      expect(decodeValue(amounts, encodeValue(amounts, { amount }))).toMatchObject({ amount });
    }),
  );
});

test('refuses a decimal that would have to be rounded, naming the field and not the value', () => {
  expect(() => encodeValue(amounts, { amount: '1.2345678' })).toThrow(/Amounts: field amount$/);
  expect(() => encodeValue(amounts, { amount: '12,5' })).toThrow(/field amount/);
});

test('reads back a record as it was written', () => {
  const record = anInvoiceRecord();
  const back = decodeValue(accountingRecordSchema, encodeValue(accountingRecordSchema, record));
  expect(JSON.parse(JSON.stringify(back))).toEqual(record);
});

test('reads back a record of any length, behind the room that was asked for', () => {
  for (const length of [0, 60_000, 65_400, 65_536, 200_000]) {
    const record = { ...anInvoiceRecord(), raw: 'é'.repeat(length / 2) };
    const bytes = encodeValue(accountingRecordSchema, record, 5);
    expect(bytes.subarray(5)).toEqual(accountingRecordSchema.type.toBuffer(record));
    expect(decodeValue(accountingRecordSchema, bytes.subarray(5)).raw).toBe(record.raw);
  }
});

test('refuses a date that is none', () => {
  const record = anInvoiceRecord();
  const broken = { ...record, invoice: { ...(record.invoice as Invoice), dueDate: '2026-02-30' } };
  expect(() => encodeValue(accountingRecordSchema, broken)).toThrow(/invalid|not a valid/);
});

test('says that bytes are not what they should be', () => {
  expect(() => decodeValue(changeNoticeSchema, Buffer.from([1, 2, 3]))).toThrow(
    'not a ledgerwire.ChangeNotice',
  );
});

function anInvoiceRecord(): AccountingRecord {
  return {
    recordId: 'r1',
    workspaceId: 'w1',
    connectionId: 'c1',
    vendor: 'xero',
    entityType: 'invoice',
    entityId: 'e1',
    entityNumber: 'INV-1',
    version: 1_760_000_000_000,
    deleted: false,
    contentHash: 'h',
    noticeIds: ['n1'],
    webhookIds: [],
    origin: 'webhook',
    recheck: false,
    recheckTokens: [],
    created: false,
    fetchedAt: 1_760_000_000_000,
    firstNoticedAt: 1_760_000_000_000,
    ...noBodies,
    invoice: {
      kind: 'sales',
      number: 'INV-1',
      reference: null,
      status: 'issued',
      contactId: 'k1',
      contactName: 'Ada',
      issueDate: '2026-11-01',
      dueDate: '2026-12-01',
      fullyPaidOn: null,
      currency: 'EUR',
      total: '120.5',
      amountDue: '120.5',
      amountPaid: '0',
      amountCredited: '0',
      sentToContact: true,
      onlineUrl: null,
      lines: [
        {
          description: 'Work',
          quantity: '1',
          unitAmount: '100.4167',
          lineAmount: '100.42',
          accountCode: '200',
          itemCode: null,
          tracking: [{ category: 'Region', option: 'North' }],
        },
      ],
    },
    raw: '{}',
  };
}
