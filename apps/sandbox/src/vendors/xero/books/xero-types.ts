import type { Row } from './table.js';

/** A calendar date, `YYYY-MM-DD`: documents have dates, not instants. */
export type DateText = string;

/** Money inside the double: whole hundredths of the document's currency, so that sums are exact. */
export type Cents = number;

export interface Organisation {
  /** The tenant id. */
  readonly id: string;
  readonly name: string;
  readonly shortCode: string;
  /** ISO 3166 alpha-2. */
  readonly countryCode: string;
  /** ISO 4217. */
  readonly baseCurrency: string;
  /** Xero's own word for the zone, e.g. `NEWZEALANDSTANDARDTIME`. */
  readonly timezone: string;
  /** IANA name of the same zone, for "today". */
  readonly zone: string;
  /** Per cent, of lines that name no other tax. */
  readonly taxRate: number;
  readonly createdAt: number;
  periodLockDate: DateText | undefined;
  endOfYearLockDate: DateText | undefined;
}

export type PhoneType = 'DEFAULT' | 'DDI' | 'MOBILE' | 'FAX' | 'OFFICE';

export interface Phone {
  readonly type: PhoneType;
  readonly number: string;
  readonly areaCode: string;
  readonly countryCode: string;
}

export interface TrackingChoice {
  readonly category: string;
  readonly option: string;
}

export interface Contact extends Row {
  readonly kind: 'contact';
  name: string;
  contactNumber: string | undefined;
  accountNumber: string | undefined;
  firstName: string | undefined;
  lastName: string | undefined;
  emailAddress: string | undefined;
  status: 'ACTIVE' | 'ARCHIVED' | 'GDPRREQUEST';
  phones: readonly Phone[];
  addresses: readonly Readonly<Record<string, unknown>>[];
  persons: readonly Readonly<Record<string, unknown>>[];
  salesTracking: readonly TrackingChoice[];
  defaultCurrency: string | undefined;
  isCustomer: boolean;
  isSupplier: boolean;
}

export type InvoiceStatus = 'DRAFT' | 'SUBMITTED' | 'AUTHORISED' | 'PAID' | 'VOIDED' | 'DELETED';

export interface Line {
  readonly id: string;
  readonly description: string | undefined;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly discountRate: number | undefined;
  readonly lineAmount: Cents;
  readonly taxAmount: Cents;
  readonly taxType: string;
  readonly accountCode: string;
  readonly itemCode: string | undefined;
  readonly tracking: readonly TrackingChoice[];
}

export type LineAmountTypes = 'Exclusive' | 'Inclusive' | 'NoTax';

export interface Invoice extends Row {
  readonly kind: 'invoice';
  readonly type: 'ACCREC' | 'ACCPAY';
  number: string;
  reference: string | undefined;
  contact: Contact;
  date: DateText;
  dueDate: DateText;
  expectedPaymentDate: DateText | undefined;
  status: InvoiceStatus;
  lineAmountTypes: LineAmountTypes;
  lines: readonly Line[];
  currency: string;
  currencyRate: number;
  sentToContact: boolean;
  url: string | undefined;
  subTotal: Cents;
  totalTax: Cents;
  total: Cents;
  amountPaid: Cents;
  fullyPaidOn: DateText | undefined;
  /** Those not deleted. */
  payments: Payment[];
}

export interface Payment extends Row {
  readonly kind: 'payment';
  readonly invoice: Invoice;
  readonly account: Account;
  readonly date: DateText;
  readonly amount: Cents;
  readonly reference: string | undefined;
  status: 'AUTHORISED' | 'DELETED';
  isReconciled: boolean;
}

export interface Account {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly class: string;
  readonly taxType: string;
  readonly takesPayments: boolean;
  readonly updatedAt: number;
}

export interface TrackingCategory {
  readonly id: string;
  name: string;
  status: 'ACTIVE' | 'ARCHIVED';
  options: { readonly id: string; name: string; status: 'ACTIVE' | 'ARCHIVED' }[];
}

export interface ContactGroup extends Row {
  readonly kind: 'group';
  name: string;
  status: 'ACTIVE' | 'DELETED';
  readonly members: Set<Contact>;
}

export interface HistoryNote {
  readonly at: number;
  readonly changes: string;
  readonly user: string;
  readonly details: string;
}

/** A change that Xero may tell by webhook; payments, accounts and groups have no category. */
export interface BookChange {
  readonly category: 'INVOICE' | 'CONTACT';
  readonly type: 'CREATE' | 'UPDATE';
  readonly tenantId: string;
  readonly resourceId: string;
  readonly at: number;
}
