import { fromCents } from './amounts.js';
import type { Books } from './books.js';
import { bothDates, microsoftDate, midnight, plainDateTime } from './xero-dates.js';
import type {
  Account,
  Contact,
  ContactGroup,
  HistoryNote,
  Invoice,
  Line,
  Organisation,
  Payment,
  TrackingCategory,
} from './xero-types.js';

/** A JSON object as Xero writes it. */
export type View = Record<string, unknown>;

/** A payment as `/Payments` shows it. */
export function paymentView(payment: Payment): View {
  const { invoice, account } = payment;
  return {
    PaymentID: payment.id,
    Date: microsoftDate(midnight(payment.date)),
    BankAmount: fromCents(payment.amount),
    Amount: fromCents(payment.amount),
    Reference: payment.reference ?? '',
    CurrencyRate: invoice.currencyRate,
    PaymentType: invoice.type === 'ACCREC' ? 'ACCRECPAYMENT' : 'ACCPAYPAYMENT',
    Status: payment.status,
    ...updated(payment.updatedAt),
    HasAccount: true,
    IsReconciled: payment.isReconciled,
    Account: { AccountID: account.id, Code: account.code, Name: account.name },
    Invoice: {
      Type: invoice.type,
      InvoiceID: invoice.id,
      InvoiceNumber: invoice.number,
      CurrencyCode: invoice.currency,
      IsDiscounted: false,
      LineItems: [],
      Contact: { ContactID: invoice.contact.id, Name: invoice.contact.name, HasValidationErrors: false },
      HasErrors: false,
    },
    HasValidationErrors: false,
  };
}

/** An invoice with lines and payments; the contact as a single read (`full`) or as a list shows it. */
export function invoiceView(books: Books, invoice: Invoice, full: boolean): View {
  return {
    ...invoiceSummary(invoice),
    Payments: invoice.payments.map((payment) => ({
      PaymentID: payment.id,
      Date: microsoftDate(midnight(payment.date)),
      Amount: fromCents(payment.amount),
      Reference: payment.reference ?? '',
      CurrencyRate: invoice.currencyRate,
      HasAccount: true,
      HasValidationErrors: false,
    })),
    CreditNotes: [],
    Prepayments: [],
    Overpayments: [],
    LineItems: invoice.lines.map((line) => lineView(books, line)),
    ...(full ? { Contact: contactView(books, invoice.contact, false) } : {}),
  };
}

/** An invoice as `summaryOnly=true` and unpaged lists show it. */
export function invoiceSummary(invoice: Invoice): View {
  return {
    Type: invoice.type,
    InvoiceID: invoice.id,
    InvoiceNumber: invoice.number,
    Reference: invoice.reference ?? '',
    AmountDue: fromCents(amountDue(invoice)),
    AmountPaid: fromCents(invoice.amountPaid),
    AmountCredited: 0,
    CurrencyRate: invoice.currencyRate,
    IsDiscounted: false,
    HasAttachments: false,
    HasErrors: false,
    SentToContact: invoice.sentToContact,
    Contact: listedContact(invoice.contact),
    ...bothDates('Date', invoice.date),
    ...bothDates('DueDate', invoice.dueDate),
    ...bothDates('ExpectedPaymentDate', invoice.expectedPaymentDate),
    Status: invoice.status,
    LineAmountTypes: invoice.lineAmountTypes,
    SubTotal: fromCents(invoice.subTotal),
    TotalTax: fromCents(invoice.totalTax),
    Total: fromCents(invoice.total),
    ...updated(invoice.updatedAt),
    CurrencyCode: invoice.currency,
    ...(invoice.fullyPaidOn === undefined
      ? {}
      : { FullyPaidOnDate: microsoftDate(midnight(invoice.fullyPaidOn)) }),
    ...(invoice.url === undefined ? {} : { Url: invoice.url }),
  };
}

/** What is still to pay; nothing on what was never issued or was withdrawn. */
export function amountDue(invoice: Invoice): number {
  return invoice.status === 'VOIDED' || invoice.status === 'DELETED' ? 0 : invoice.total - invoice.amountPaid;
}

/** A contact; groups and balances only where Xero gives them (a single read). */
export function contactView(books: Books, contact: Contact, single: boolean): View {
  return {
    ...contactSummary(contact),
    Phones: contact.phones.map((phone) => ({
      PhoneType: phone.type,
      PhoneNumber: phone.number,
      PhoneAreaCode: phone.areaCode,
      PhoneCountryCode: phone.countryCode,
    })),
    Addresses: contact.addresses,
    ContactPersons: contact.persons,
    SalesTrackingCategories: contact.salesTracking.map((choice) => ({
      TrackingCategoryName: choice.category,
      TrackingOptionName: choice.option,
    })),
    PurchasesTrackingCategories: [],
    ContactGroups: books.groupsOf(contact).map((group) => ({
      ContactGroupID: group.id,
      Name: group.name,
      Status: group.status,
      HasValidationErrors: false,
    })),
    ...(single ? { Balances: balancesOf(books, contact) } : {}),
    HasAttachments: false,
    HasValidationErrors: false,
  };
}

/** A contact as `summaryOnly=true` shows it. */
export function contactSummary(contact: Contact): View {
  return {
    ContactID: contact.id,
    ...optional('ContactNumber', contact.contactNumber),
    ...optional('AccountNumber', contact.accountNumber),
    ContactStatus: contact.status,
    Name: contact.name,
    ...optional('FirstName', contact.firstName),
    ...optional('LastName', contact.lastName),
    EmailAddress: contact.emailAddress ?? '',
    BankAccountDetails: '',
    ...updated(contact.updatedAt),
    IsSupplier: contact.isSupplier,
    IsCustomer: contact.isCustomer,
    ...optional('DefaultCurrency', contact.defaultCurrency),
  };
}

export function groupView(group: ContactGroup, withMembers: boolean): View {
  return {
    ContactGroupID: group.id,
    Name: group.name,
    Status: group.status,
    Contacts: withMembers ? [...group.members].map(({ id, name }) => ({ ContactID: id, Name: name })) : [],
    HasValidationErrors: false,
  };
}

export function accountView(account: Account): View {
  return {
    AccountID: account.id,
    Code: account.code,
    Name: account.name,
    Status: 'ACTIVE',
    Type: account.type,
    TaxType: account.taxType,
    Class: account.class,
    EnablePaymentsToAccount: account.takesPayments && account.type !== 'BANK',
    ShowInExpenseClaims: false,
    ReportingCode: '',
    ReportingCodeName: '',
    HasAttachments: false,
    ...updated(account.updatedAt),
    AddToWatchlist: false,
  };
}

export function trackingView(category: TrackingCategory): View {
  return {
    Name: category.name,
    Status: category.status,
    TrackingCategoryID: category.id,
    Options: category.options.map((option) => ({
      TrackingOptionID: option.id,
      Name: option.name,
      Status: option.status,
      HasValidationErrors: false,
      IsDeleted: false,
      IsArchived: option.status === 'ARCHIVED',
      IsActive: option.status === 'ACTIVE',
    })),
  };
}

export function organisationView(organisation: Organisation): View {
  const lock = (name: string, date: string | undefined): View =>
    date === undefined ? {} : { [name]: microsoftDate(midnight(date)) };
  return {
    Name: organisation.name,
    LegalName: organisation.name,
    PaysTax: true,
    Version: organisation.countryCode,
    OrganisationType: 'COMPANY',
    BaseCurrency: organisation.baseCurrency,
    CountryCode: organisation.countryCode,
    IsDemoCompany: false,
    OrganisationStatus: 'ACTIVE',
    FinancialYearEndDay: 31,
    FinancialYearEndMonth: 3,
    SalesTaxBasis: 'ACCRUALS',
    SalesTaxPeriod: 'TWOMONTHS',
    DefaultSalesTax: 'Tax Exclusive',
    DefaultPurchasesTax: 'Tax Inclusive',
    CreatedDateUTC: microsoftDate(organisation.createdAt),
    OrganisationEntityType: 'COMPANY',
    Timezone: organisation.timezone,
    ShortCode: organisation.shortCode,
    OrganisationID: organisation.id,
    Edition: 'BUSINESS',
    Class: 'STANDARD',
    Addresses: [],
    Phones: [],
    ExternalLinks: [],
    PaymentTerms: {},
    ...lock('PeriodLockDate', organisation.periodLockDate),
    ...lock('EndOfYearLockDate', organisation.endOfYearLockDate),
  };
}

export function noteView(note: HistoryNote): View {
  return {
    Changes: note.changes,
    DateUTC: microsoftDate(note.at),
    DateUTCString: plainDateTime(note.at),
    User: note.user,
    Details: note.details,
  };
}

function lineView(books: Books, line: Line): View {
  return {
    ...optional('ItemCode', line.itemCode),
    ...optional('Description', line.description),
    UnitAmount: line.unitAmount,
    TaxType: line.taxType,
    TaxAmount: fromCents(line.taxAmount),
    LineAmount: fromCents(line.lineAmount),
    AccountCode: line.accountCode,
    Tracking: line.tracking.map((choice) => trackingChoiceView(books, choice.category, choice.option)),
    Quantity: line.quantity,
    ...(line.discountRate === undefined ? {} : { DiscountRate: line.discountRate }),
    LineItemID: line.id,
    ValidationErrors: [],
  };
}

function trackingChoiceView(books: Books, name: string, option: string): View {
  const category = books.tracking.find((known) => known.name === name);
  return {
    Name: name,
    Option: option,
    ...optional('TrackingCategoryID', category?.id),
    ...optional('TrackingOptionID', category?.options.find((known) => known.name === option)?.id),
  };
}

function listedContact(contact: Contact): View {
  return {
    ContactID: contact.id,
    Name: contact.name,
    Addresses: [],
    Phones: [],
    ContactGroups: [],
    ContactPersons: [],
    HasValidationErrors: false,
  };
}

function balancesOf(books: Books, contact: Contact): View {
  const today = books.today();
  const sums = { ACCREC: { outstanding: 0, overdue: 0 }, ACCPAY: { outstanding: 0, overdue: 0 } };
  for (const invoice of books.invoicesOfContact(contact.id)) {
    if (invoice.status !== 'AUTHORISED') continue;
    const sum = sums[invoice.type];
    sum.outstanding += amountDue(invoice);
    if (invoice.dueDate < today) sum.overdue += amountDue(invoice);
  }
  const shown = ({ outstanding, overdue }: { outstanding: number; overdue: number }): View => ({
    Outstanding: fromCents(outstanding),
    Overdue: fromCents(overdue),
  });
  return { AccountsReceivable: shown(sums.ACCREC), AccountsPayable: shown(sums.ACCPAY) };
}

function updated(at: number): View {
  return { UpdatedDateUTC: microsoftDate(at), UpdatedDateUTCString: plainDateTime(at) };
}

function optional(name: string, value: string | undefined): View {
  return value === undefined ? {} : { [name]: value };
}
