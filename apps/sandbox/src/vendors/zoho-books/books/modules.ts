/** A record of Zoho Books as its API shows it. */
export type Fields = Record<string, unknown>;

/** One module of Zoho Books. Names, fields of list rows and of filters are those of its OpenAPI documents. */
export interface Module {
  /** Path below `/books/v3`; also the module's name here. */
  readonly path: ModuleName;
  readonly plural: string;
  readonly singular: string;
  readonly idField: string;
  /** What an error calls it. */
  readonly title: string;
  readonly scope: string;
  readonly rowFields: readonly string[];
  /** Fields that rows of the list may have, and the record itself has not. */
  readonly notInRecord: readonly string[];
  /** Whether `last_modified_time` filters its list. */
  readonly filtersByTime: boolean;
}

/** The modules that the double has. */
export type ModuleName =
  'contacts' | 'invoices' | 'bills' | 'purchaseorders' | 'customerpayments' | 'vendorpayments' | 'expenses';

const times = ['created_time', 'last_modified_time'] as const;

/** Every module, in the order in which pages show them. */
export const modules: readonly Module[] = [
  {
    path: 'contacts',
    plural: 'contacts',
    singular: 'contact',
    idField: 'contact_id',
    title: 'Contact',
    scope: 'contacts',
    filtersByTime: false,
    notInRecord: ['first_name', 'last_name', 'email', 'phone', 'mobile'],
    rowFields: [
      'contact_id',
      'contact_name',
      'company_name',
      'contact_type',
      'status',
      'payment_terms',
      'currency_id',
      'currency_code',
      'outstanding_receivable_amount',
      'first_name',
      'last_name',
      'email',
      'phone',
      'mobile',
      ...times,
    ],
  },
  {
    path: 'invoices',
    plural: 'invoices',
    singular: 'invoice',
    idField: 'invoice_id',
    title: 'Invoice',
    scope: 'invoices',
    filtersByTime: true,
    notInRecord: [],
    rowFields: [
      'invoice_id',
      'customer_name',
      'customer_id',
      'status',
      'invoice_number',
      'reference_number',
      'date',
      'due_date',
      'currency_id',
      'currency_code',
      'is_viewed_by_client',
      'is_emailed',
      'total',
      'balance',
      ...times,
    ],
  },
  {
    path: 'bills',
    plural: 'bills',
    singular: 'bill',
    idField: 'bill_id',
    title: 'Bill',
    scope: 'bills',
    filtersByTime: true,
    notInRecord: [],
    rowFields: [
      'bill_id',
      'vendor_id',
      'vendor_name',
      'status',
      'bill_number',
      'reference_number',
      'date',
      'due_date',
      'currency_id',
      'currency_code',
      'total',
      'balance',
      ...times,
    ],
  },
  {
    path: 'purchaseorders',
    plural: 'purchaseorders',
    singular: 'purchaseorder',
    idField: 'purchaseorder_id',
    title: 'Purchase order',
    scope: 'purchaseorders',
    filtersByTime: true,
    notInRecord: [],
    rowFields: [
      'purchaseorder_id',
      'vendor_id',
      'vendor_name',
      'status',
      'purchaseorder_number',
      'reference_number',
      'date',
      'delivery_date',
      'currency_id',
      'currency_code',
      'total',
      ...times,
    ],
  },
  {
    path: 'customerpayments',
    plural: 'customerpayments',
    singular: 'payment',
    idField: 'payment_id',
    title: 'Payment',
    scope: 'customerpayments',
    filtersByTime: false,
    // No document of Zoho's gives a customer payment a time, neither in the list nor in the record.
    notInRecord: ['bcy_amount', 'invoice_number', ...times],
    rowFields: [
      'payment_id',
      'payment_number',
      'invoice_number',
      'date',
      'payment_mode',
      'amount',
      'bcy_amount',
      'customer_id',
      'customer_name',
    ],
  },
  {
    path: 'vendorpayments',
    plural: 'vendorpayments',
    singular: 'vendorpayment',
    idField: 'payment_id',
    title: 'Payment',
    scope: 'vendorpayments',
    filtersByTime: true,
    notInRecord: ['bcy_amount', 'bill_numbers'],
    rowFields: [
      'payment_id',
      'vendor_id',
      'vendor_name',
      'bill_numbers',
      'payment_mode',
      'payment_number',
      'date',
      'reference_number',
      'amount',
      'bcy_amount',
      'balance',
      'currency_code',
      'paid_through_account_name',
      ...times,
    ],
  },
  {
    path: 'expenses',
    plural: 'expenses',
    singular: 'expense',
    idField: 'expense_id',
    title: 'Expense',
    scope: 'expenses',
    filtersByTime: false,
    notInRecord: [],
    rowFields: [
      'expense_id',
      'date',
      'account_name',
      'description',
      'currency_id',
      'currency_code',
      'total',
      'bcy_total',
      'is_billable',
      'reference_number',
      'customer_id',
      'customer_name',
      'vendor_id',
      'vendor_name',
      'status',
      ...times,
    ],
  },
];

/** @throws RangeError for a path that is no module. */
export function moduleOf(path: string): Module {
  const found = modules.find((module) => module.path === path);
  if (!found) throw new RangeError(`no module ${path}`);
  return found;
}
