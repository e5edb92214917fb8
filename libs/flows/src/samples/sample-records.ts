import {
  type AccountingRecord,
  type Connection,
  type Contact,
  type EpochMs,
  type Expense,
  type Invoice,
  noBodies,
  type Payment,
  type PurchaseOrder,
  type VendorPayment,
} from '#libs/contracts';

/** 21 November 2026, 09:00 UTC: the moment at which the samples are looked at. */
export const SAMPLE_NOW: EpochMs = Date.UTC(2026, 10, 21, 9);

const WORKSPACE = 'sample-workspace';

/** The company of the samples. */
export const sampleSource: Connection = {
  connectionId: 'sample-books',
  workspaceId: WORKSPACE,
  vendor: 'xero',
  accountId: '00000000-0000-4000-8000-000000000001',
  displayName: 'Harbour & Sons Ltd',
  status: 'active',
  timeZone: 'Europe/London',
  country: 'GB',
  currency: 'GBP',
  settings: {},
  updatedAt: SAMPLE_NOW,
};

/** The Twilio account of the samples. */
export const sampleTarget: Connection = {
  ...sampleSource,
  connectionId: 'sample-twilio',
  vendor: 'twilio',
  accountId: 'AC00000000000000000000000000000000',
  displayName: 'Twilio',
  currency: null,
};

const contact: Contact = {
  name: 'Rowan Fitch',
  firstName: 'Rowan',
  lastName: 'Fitch',
  email: 'rowan@example.com',
  phones: [{ kind: 'mobile', countryCode: '44', areaCode: '7911', number: '123456' }],
  status: 'active',
  isCustomer: true,
  isSupplier: false,
  groups: ['Retail'],
  tracking: [{ category: 'Region', option: 'North' }],
  region: 'Yorkshire',
  country: 'GB',
  externalNumber: 'C-1001',
  mergedIntoId: null,
  smsAllowed: null,
  emailAllowed: null,
  timeZone: null,
  createdOn: null,
};

const invoice: Invoice = {
  kind: 'sales',
  number: 'INV-1001',
  reference: 'PO 77',
  status: 'issued',
  contactId: 'sample-contact',
  contactName: 'Rowan Fitch',
  issueDate: '2026-11-21',
  dueDate: '2026-12-05',
  fullyPaidOn: null,
  currency: 'GBP',
  total: '1250.5',
  amountDue: '1250.5',
  amountPaid: '0',
  amountCredited: '0',
  sentToContact: true,
  onlineUrl: 'https://in.example.com/1001',
  lines: [
    {
      description: 'Boat hull survey',
      quantity: '1',
      unitAmount: '1250.5',
      lineAmount: '1250.5',
      accountCode: '200',
      itemCode: 'SURVEY',
      tracking: [{ category: 'Region', option: 'North' }],
    },
  ],
};

const payment: Payment = {
  kind: 'received',
  status: 'settled',
  amount: '1250.5',
  currency: 'GBP',
  paidOn: '2026-11-20',
  reference: 'BACS 42',
  invoiceId: 'sample-invoice',
  invoiceNumber: 'INV-1001',
  contactId: 'sample-contact',
  contactName: 'Rowan Fitch',
};

const supplier: Partial<Contact> = {
  name: 'Tidewater Ropes',
  firstName: 'Jo',
  lastName: 'Tidewater',
  email: 'accounts@ropes.example.com',
  phones: [{ kind: 'mobile', countryCode: '44', areaCode: '7911', number: '654321' }],
  isCustomer: false,
  isSupplier: true,
  groups: [],
  externalNumber: 'S-7',
};

const bill: Partial<Invoice> = {
  kind: 'purchase',
  number: 'BILL-77',
  reference: 'TR 5512',
  contactId: 'sample-vendor',
  contactName: 'Tidewater Ropes',
  total: '480',
  amountDue: '480',
  sentToContact: false,
  onlineUrl: null,
};

const expense: Expense = {
  number: null,
  reference: 'Card 4402',
  description: 'Mooring fee',
  category: 'Travel',
  status: 'recorded',
  amount: '35.9',
  currency: 'GBP',
  incurredOn: '2026-11-20',
  contactId: null,
  contactName: 'Port of Whitby',
  customerId: null,
  customerName: null,
  recordedBy: 'Kim',
};

const purchaseOrder: PurchaseOrder = {
  number: 'PO-310',
  reference: null,
  status: 'issued',
  contactId: 'sample-vendor',
  contactName: 'Tidewater Ropes',
  issueDate: '2026-11-20',
  deliveryDate: '2026-12-01',
  currency: 'GBP',
  total: '960',
  lines: invoice.lines,
};

const vendorPayment: VendorPayment = {
  number: 'VP-12',
  status: 'settled',
  contactId: 'sample-vendor',
  contactName: 'Tidewater Ropes',
  paidOn: '2026-11-20',
  mode: 'Bank transfer',
  reference: 'Run 47',
  currency: 'GBP',
  amount: '480',
  paidFrom: 'Current account',
  billIds: ['sample-bill'],
  billNumbers: ['BILL-77'],
};

/** An invoice record with defaults; `over` replaces fields of the invoice, `around` those of the record. */
export function sampleInvoice(
  over: Partial<Invoice> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...invoice, ...over };
  return { ...envelope('invoice', 'sample-invoice', body.number), invoice: body, ...around };
}

/** A payment record with defaults. */
export function samplePayment(
  over: Partial<Payment> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  return { ...envelope('payment', 'sample-payment', null), payment: { ...payment, ...over }, ...around };
}

/** A contact record with defaults. */
export function sampleContact(
  over: Partial<Contact> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...contact, ...over };
  return { ...envelope('contact', 'sample-contact', body.name), contact: body, ...around };
}

/** A supplier's bill with defaults. */
export function sampleBill(
  over: Partial<Invoice> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...invoice, ...bill, ...over };
  return { ...envelope('bill', 'sample-bill', body.number), invoice: body, ...around };
}

/** A supplier with defaults. */
export function sampleVendor(
  over: Partial<Contact> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  return sampleContact({ ...supplier, ...over }, { entityId: 'sample-vendor', ...around });
}

/** An expense with defaults. */
export function sampleExpense(
  over: Partial<Expense> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...expense, ...over };
  return { ...envelope('expense', 'sample-expense', body.number), expense: body, ...around };
}

/** A purchase order with defaults. */
export function samplePurchaseOrder(
  over: Partial<PurchaseOrder> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...purchaseOrder, ...over };
  const about = envelope('purchaseOrder', 'sample-purchase-order', body.number);
  return { ...about, purchaseOrder: body, ...around };
}

/** A payment to a supplier with defaults. */
export function sampleVendorPayment(
  over: Partial<VendorPayment> = {},
  around: Partial<AccountingRecord> = {},
): AccountingRecord {
  const body = { ...vendorPayment, ...over };
  const about = envelope('vendorPayment', 'sample-vendor-payment', body.number);
  return { ...about, vendorPayment: body, ...around };
}

/** Everything that may be missing is missing: what a template must live with. */
export function sparseInvoice(): AccountingRecord {
  return sampleInvoice({
    number: null,
    reference: null,
    contactName: null,
    issueDate: null,
    dueDate: null,
    onlineUrl: null,
    sentToContact: false,
    lines: [],
  });
}

/** A payment of which little is known. */
export function sparsePayment(): AccountingRecord {
  return samplePayment({
    currency: null,
    paidOn: null,
    reference: null,
    invoiceNumber: null,
    contactName: null,
  });
}

/** A contact that is only a name. */
export function sparseContact(): AccountingRecord {
  return sampleContact({
    firstName: null,
    lastName: null,
    email: null,
    phones: [],
    groups: [],
    tracking: [],
    region: null,
    country: null,
    externalNumber: null,
  });
}

function envelope(entityType: string, entityId: string, entityNumber: string | null): AccountingRecord {
  return {
    recordId: `sample-record-of-${entityId}`,
    workspaceId: WORKSPACE,
    connectionId: sampleSource.connectionId,
    vendor: sampleSource.vendor,
    entityType,
    entityId,
    entityNumber,
    version: SAMPLE_NOW,
    deleted: false,
    contentHash: '0'.repeat(40),
    noticeIds: ['sample-notice'],
    webhookIds: ['sample-webhook'],
    origin: 'webhook',
    recheck: false,
    recheckTokens: [],
    created: false,
    fetchedAt: SAMPLE_NOW,
    firstNoticedAt: SAMPLE_NOW,
    ...noBodies,
    raw: '{}',
  };
}
