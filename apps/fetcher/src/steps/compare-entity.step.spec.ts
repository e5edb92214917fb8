import { expect, test } from 'vitest';
import type { EntityFingerprint, Invoice } from '#libs/contracts';
import { sampleInvoice } from '#libs/flows';
import type { RecordBody } from '#libs/vendor-kit';
import { compareEntity, contentHashOf } from './compare-entity.step.js';

const { invoice } = sampleInvoice() as { readonly invoice: Invoice };
const body: RecordBody = {
  entityType: 'invoice',
  entityId: 'i1',
  entityNumber: 'INV-1',
  version: 10,
  deleted: false,
  invoice,
  payment: null,
  contact: null,
};

function known(changes: Partial<EntityFingerprint> = {}): EntityFingerprint {
  const contentHash = contentHashOf(body);
  return {
    version: 10,
    contentHash,
    recordId: 'r',
    emittedAt: 0,
    entityType: 'invoice',
    deleted: false,
    created: false,
    ...changes,
  };
}

function compare(changes: Partial<RecordBody>, fingerprint: EntityFingerprint | undefined) {
  const changed = { ...body, ...changes };
  return compareEntity({ body: changed, raw: '', contentHash: contentHashOf(changed) }, fingerprint);
}

test('takes what was never emitted for a change', () => {
  expect(compare({}, undefined)).toBe('changed');
});

test('goes by content where versions are equal or newer', () => {
  expect(compare({}, known())).toBe('unchanged');
  expect(compare({ version: 11 }, known())).toBe('unchanged');
  expect(compare({ entityNumber: 'INV-2' }, known())).toBe('changed');
  expect(compare({ version: 11, deleted: true }, known())).toBe('changed');
});

test('refuses an older version whatever it holds', () => {
  expect(compare({ version: 9, entityNumber: 'INV-2' }, known())).toBe('superseded');
});

test('hashes content and not the order in which a mapper writes it', () => {
  const reversed = Object.fromEntries(Object.entries(invoice ?? {}).reverse()) as unknown as Invoice;
  expect(contentHashOf({ ...body, invoice: reversed })).toBe(contentHashOf(body));
  expect(contentHashOf({ ...body, invoice: { ...invoice, amountDue: '1' } })).not.toBe(contentHashOf(body));
});
