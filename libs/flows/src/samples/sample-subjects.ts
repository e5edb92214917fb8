import type { AccountingRecord } from '#libs/contracts';
import type { Subject } from '../evaluation/model.js';
import { type Trigger, triggers } from '../events/triggers.js';
import {
  sampleBill,
  sampleContact,
  sampleExpense,
  sampleInvoice,
  samplePayment,
  samplePurchaseOrder,
  sampleVendor,
  sampleVendorPayment,
  sparseContact,
  sparseInvoice,
  sparsePayment,
} from './sample-records.js';

/** A record that could bring the trigger, with everything that a template may want to know. */
export function sampleSubject(trigger: Trigger): Subject {
  const record = fullRecords[triggers[trigger].bodies[0]](triggers[trigger].party === 'vendor');
  const contact = triggers[trigger].party === 'vendor' ? sampleVendor() : sampleContact();
  const invoice = record.invoice ? record : record.payment ? sampleInvoice() : null;
  const debts = triggers[trigger].timed ? [record] : [];
  return { record, invoice, contact: contact.contact, contactId: contact.entityId, debts };
}

/** The same with as little as possible: what a template must live with. */
export function sparseSubject(trigger: Trigger): Subject {
  const record = sparseRecords[triggers[trigger].bodies[0]](triggers[trigger].party === 'vendor');
  const { contact } = record;
  const debts = triggers[trigger].timed ? [record] : [];
  return {
    record,
    invoice: record.invoice ? record : null,
    contact,
    contactId: contact && record.entityId,
    debts,
  };
}

type Maker = (ofVendor: boolean) => AccountingRecord;
type MainBody = (typeof triggers)[Trigger]['bodies'][0];

const fullRecords: Readonly<Record<MainBody, Maker>> = {
  invoice: (ofVendor) => (ofVendor ? sampleBill() : sampleInvoice()),
  payment: () => samplePayment(),
  contact: (ofVendor) =>
    ofVendor ? sampleVendor({}, { created: true }) : sampleContact({}, { created: true }),
  expense: () => sampleExpense(),
  purchaseOrder: () => samplePurchaseOrder(),
  vendorPayment: () => sampleVendorPayment(),
};

const sparseRecords: Readonly<Record<MainBody, Maker>> = {
  invoice: (ofVendor) => {
    const sparse = sparseInvoice();
    return ofVendor && sparse.invoice
      ? { ...sparse, invoice: { ...sparse.invoice, kind: 'purchase' } }
      : sparse;
  },
  payment: () => sparsePayment(),
  contact: () => sparseContact(),
  expense: () =>
    sampleExpense({
      reference: null,
      description: null,
      category: null,
      currency: null,
      incurredOn: null,
      contactName: null,
      recordedBy: null,
    }),
  purchaseOrder: () =>
    samplePurchaseOrder({ number: null, contactName: null, issueDate: null, deliveryDate: null, lines: [] }),
  vendorPayment: () =>
    sampleVendorPayment({
      number: null,
      contactName: null,
      paidOn: null,
      mode: null,
      reference: null,
      paidFrom: null,
      billNumbers: [],
    }),
};
