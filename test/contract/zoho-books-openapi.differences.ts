/** Differences by resource: what differs → why. The spec refuses what is missing here and what no longer differs. */
type Differences = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * A report of the names and types that Zoho's API answered for a trial organisation in India (made 2026-09-26, without values;
 * public file 70293585814 of the code index): where a document and the API differ, the API counts.
 */
const live = 'the API itself answers it so (recording of 2026-09-26)';
const request = 'the same document takes it when a record is created, and names it in no answer';
const listOnly = 'the document names it in rows of the list only; webhooks written by hand may carry it';
const lenient = 'on purpose: shows that an amount is read as a number and as a text';
const oneList = 'the mapper has one function for all documents with lines';
const older = 'read where an organisation has it; no document names it, and nothing depends on it';

/** What the double's records have and the documents have not, or otherwise. */
export const recordDifferences: Differences = {
  invoices: {
    'total: number instead of string': live,
    'balance: number instead of string': live,
    'line_items.account_name: not named': live,
  },
  purchaseorders: {
    'line_items.quantity: number instead of string':
      'the documents of invoices and bills have a number, and the example here is one',
  },
  expenses: {
    'vendor_id: not named': live,
    'vendor_name: not named': live,
    'created_time: not named': live,
  },
  customerpayments: {
    'payment_number: not named': live,
    'exchange_rate: not named': live,
  },
  vendorpayments: {
    'payment_number: string instead of number': live,
    'currency_code: not named': live,
    'status: not named': live,
    'bills.bill_number: not named': live,
    'bills.date: not named': live,
    'bills.due_date: not named': live,
    'bills.total: not named': live,
    'bills.balance: not named': live,
  },
};

/** The same of the rows of its lists. */
export const rowDifferences: Differences = {
  organizations: { 'country_code: not named': live },
  invoices: { 'total: number instead of string': live, 'balance: number instead of string': live },
  expenses: { 'vendor_id: not named': live, 'vendor_name: not named': live },
  customerpayments: {
    'bcy_amount: number instead of string': live,
    'customer_id: not named': live,
    'customer_name: not named': live,
  },
  vendorpayments: {
    'payment_number: string instead of number': live,
    'currency_code: not named': live,
  },
};

/** And of the envelope of its lists. */
export const envelopeDifferences: Differences = {
  invoices: { 'page_context: object instead of array': 'every other document and the API have an object' },
  purchaseorders: { 'page_context: not named': 'the document has its schema, and does not use it' },
  expenses: {
    'page_context: object instead of array': 'every other document and the API have an object',
    'page_context.has_more_page: not named': 'without it there is no paging',
    'page_context.sort_order: not named': 'as with every other list',
    'page_context.page: number instead of string': 'as with every other list',
    'page_context.per_page: number instead of string': 'as with every other list',
  },
  customerpayments: {
    'customerpayments: not named':
      'the document says customer_payments; clients in public code read customerpayments. Ours reads both',
  },
  vendorpayments: { 'page_context: not named': 'the document has its schema, and does not use it' },
};

/** What fixtures of the client have otherwise than the documents. */
export const fixtureDifferences: Differences = {
  ...recordDifferences,
  contacts: {
    'phone: not named': listOnly,
    'mobile: not named': listOnly,
    'tags: not named': request,
    'billing_address.country_code: not named': request,
    'contact_persons.communication_preference.is_email_enabled: not named':
      'the document of invoices has it for the same persons',
  },
  invoices: {
    ...recordDifferences['invoices'],
    'line_items.account_id: not named': live,
    'line_items.rate: string instead of number': lenient,
  },
  purchaseorders: { ...recordDifferences['purchaseorders'] },
  expenses: {
    ...recordDifferences['expenses'],
    'paid_through_account_id: not named': live,
    'employee_id: not named': live,
    'employee_name: not named': live,
  },
  customerpayments: { 'payment_number: not named': live },
  vendorpayments: { ...recordDifferences['vendorpayments'], 'amount: string instead of number': lenient },
};

/** What the mapper looks at and the documents do not name. */
export const readDifferences: Differences = {
  contacts: {
    first_name: listOnly,
    last_name: listOnly,
    email: listOnly,
    phone: listOnly,
    mobile: listOnly,
    tags: request,
    'billing_address.country_code': request,
    'shipping_address.country_code': request,
    'contact_persons.communication_preference.is_email_enabled':
      'the document of invoices has it for the same persons',
    updated_time: 'the last resort where last_modified_time is missing',
  },
  invoices: {
    'line_items.account_name': live,
    'line_items.sku': oneList,
    updated_time: live,
  },
  bills: {
    is_emailed: oneList,
    invoice_url: oneList,
    last_payment_date: oneList,
    'line_items.tags.tag_name': 'the documents of invoices and purchase orders have it in their lines',
    'line_items.tags.tag_option_name': 'the documents of invoices and purchase orders have it in their lines',
    updated_time: 'the last resort where last_modified_time is missing',
  },
  purchaseorders: { updated_time: 'the last resort where last_modified_time is missing' },
  expenses: {
    vendor_id: live,
    vendor_name: live,
    created_time: live,
    employee_name: live,
    created_by_name: older,
    transaction_number: older,
    updated_time: 'the last resort where last_modified_time is missing',
  },
  customerpayments: {
    payment_number: live,
    updated_time: live,
    created_time: live,
    last_modified_time: 'the name that it has with all other records',
  },
  vendorpayments: {
    currency_code: live,
    status: live,
    'bills.bill_number': live,
    updated_time: 'the last resort where last_modified_time is missing',
  },
};

const bothWays = 'invoices and bills have one table of words';

/** Documented words that the mapper refuses (`refused`), and words that it takes although the document has them not (`more`). */
export const statusDifferences: Readonly<
  Record<
    string,
    { readonly refused: readonly string[]; readonly more: readonly string[]; readonly why: string }
  >
> = {
  contacts: {
    refused: [],
    more: ['crm', 'duplicate'],
    why: 'the filter of the list, Status.Duplicate and Status.Crm',
  },
  invoices: {
    refused: [],
    more: ['approval_overdue', 'approved', 'open', 'pending_approval', 'rejected'],
    why: bothWays,
  },
  bills: {
    refused: ['my_approvals'],
    more: ['sent', 'viewed'],
    why: `my_approvals is whose approval the filter asks for, no state; ${bothWays}`,
  },
  purchaseorders: { refused: [], more: ['void'], why: 'another word for cancelled' },
  expenses: {
    refused: [],
    more: ['nonbillable'],
    why: `${live}; the filter of the list, Status.Nonbillable`,
  },
  customerpayments: {
    refused: [],
    more: ['paid', 'void'],
    why: 'words of payments made, should they come here',
  },
};

/** Words of the double that the documents have not. */
export const doubleStatusDifferences: Readonly<Record<string, readonly string[]>> = {
  expenses: ['nonbillable'],
};

/** Parameters of our calls that the documents do not name, and columns by which they do not let sort. */
export const queryDifferences: Differences = {
  contacts: { sort_order: 'the document of bills has it, and every page_context' },
  expenses: { sort_order: 'the document of bills has it, and every page_context' },
  customerpayments: { sort_order: 'the document of bills has it, and every page_context' },
};
