import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';
import { Table } from './table.js';
import type {
  Account,
  BookChange,
  Contact,
  ContactGroup,
  DateText,
  HistoryNote,
  Invoice,
  Organisation,
  Payment,
  TrackingCategory,
} from './xero-types.js';

/** What the books of one organisation need from outside. */
export interface BooksEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called for each change that has a webhook category. */
  readonly onChange: (change: BookChange) => void;
}

/** JSON texts and objects made from a row, kept until the row or what it shows of others changes. */
export interface CachedViews {
  object?: Record<string, unknown>;
  single?: string;
  listed?: string;
}

/** The state of one organisation. Rules live in `*-rules.ts`; this only keeps rows, indexes and caches consistent. */
export class Books {
  readonly contacts = new Table<Contact>();
  readonly invoices = new Table<Invoice>();
  readonly payments = new Table<Payment>();
  readonly groups = new Table<ContactGroup>();
  readonly accounts: Account[] = [];
  readonly tracking: TrackingCategory[] = [];

  private readonly history = new Map<string, HistoryNote[]>();
  private readonly invoicesOf = new Map<string, Set<Invoice>>();
  private readonly byNumber = new Map<string, Invoice>();
  private readonly byName = new Map<string, Contact>();
  private readonly views = new WeakMap<object, CachedViews>();
  private readonly dateFormat: Intl.DateTimeFormat;
  private lastInvoiceNumber = 0;

  constructor(
    readonly organisation: Organisation,
    readonly environment: BooksEnvironment,
  ) {
    this.dateFormat = new Intl.DateTimeFormat('en-CA', { timeZone: organisation.zone });
  }

  /** The calendar date in the organisation's zone. */
  today(): DateText {
    return this.dateFormat.format(this.environment.clock.now());
  }

  /** The next free number of a sales invoice. */
  nextInvoiceNumber(): string {
    do this.lastInvoiceNumber += 1;
    while (this.invoiceByNumber('ACCREC', numbered(this.lastInvoiceNumber)));
    return numbered(this.lastInvoiceNumber);
  }

  invoiceByNumber(type: Invoice['type'], number: string): Invoice | undefined {
    return this.byNumber.get(`${type} ${number.toLowerCase()}`);
  }

  invoicesOfContact(contactId: string): ReadonlySet<Invoice> {
    return this.invoicesOf.get(contactId) ?? new Set();
  }

  /** The active contact of that name. */
  contactByName(name: string): Contact | undefined {
    return this.byName.get(name.trim().toLowerCase());
  }

  contactByNumber(number: string): Contact | undefined {
    for (const contact of this.contacts.values()) if (contact.contactNumber === number) return contact;
    return undefined;
  }

  addContact(contact: Contact): void {
    this.contacts.insert(contact);
    this.indexName(contact);
    this.announce('CONTACT', 'CREATE', contact);
  }

  /** Applies an edit to a contact and makes it visible everywhere. */
  changeContact(contact: Contact, edit: (contact: Contact) => void): void {
    const formerName = contact.name.trim().toLowerCase();
    if (this.byName.get(formerName) === contact) this.byName.delete(formerName);
    edit(contact);
    this.indexName(contact);
    this.contacts.touch(contact, this.environment.clock.now());
    this.forgetViews(contact);
    this.announce('CONTACT', 'UPDATE', contact);
  }

  addInvoice(invoice: Invoice): void {
    this.invoices.insert(invoice);
    this.indexNumber(invoice);
    this.linkContact(invoice);
    this.announce('INVOICE', 'CREATE', invoice);
  }

  /** Applies an edit to an invoice. A `silent` edit leaves UpdatedDateUTC alone, as Xero does for some. */
  changeInvoice(invoice: Invoice, edit: (invoice: Invoice) => void, silent = false): void {
    this.byNumber.delete(`${invoice.type} ${invoice.number.toLowerCase()}`);
    this.invoicesOf.get(invoice.contact.id)?.delete(invoice);
    edit(invoice);
    this.indexNumber(invoice);
    this.linkContact(invoice);
    if (!silent) this.invoices.touch(invoice, this.environment.clock.now());
    this.forgetInvoiceViews(invoice);
    this.announce('INVOICE', 'UPDATE', invoice);
  }

  /** What was made of a row so far; fill it with `??=`. It is forgotten when the row changes. */
  viewsOf(row: object): CachedViews {
    let cached = this.views.get(row);
    if (!cached) {
      cached = {};
      this.views.set(row, cached);
    }
    return cached;
  }

  /** Forgets what was made of a contact, and of the documents that show it. */
  forgetViews(contact: Contact): void {
    this.views.delete(contact);
    for (const invoice of this.invoicesOfContact(contact.id)) this.forgetInvoiceViews(invoice);
  }

  note(rowId: string, changes: string, details: string): HistoryNote {
    const note = { at: this.environment.clock.now(), changes, user: 'System Generated', details };
    const notes = this.history.get(rowId);
    if (notes) notes.push(note);
    else this.history.set(rowId, [note]);
    return note;
  }

  /** Newest first. */
  notesOf(rowId: string): readonly HistoryNote[] {
    return (this.history.get(rowId) ?? []).toReversed();
  }

  groupsOf(contact: Contact): ContactGroup[] {
    return [...this.groups.values()].filter(
      (group) => group.status === 'ACTIVE' && group.members.has(contact),
    );
  }

  private forgetInvoiceViews(invoice: Invoice): void {
    this.views.delete(invoice);
    for (const payment of invoice.payments) this.views.delete(payment);
  }

  private indexName(contact: Contact): void {
    if (contact.status === 'ACTIVE') this.byName.set(contact.name.trim().toLowerCase(), contact);
  }

  private indexNumber(invoice: Invoice): void {
    if (invoice.status !== 'DELETED' && invoice.number !== '')
      this.byNumber.set(`${invoice.type} ${invoice.number.toLowerCase()}`, invoice);
  }

  private linkContact(invoice: Invoice): void {
    const { contact } = invoice;
    if (invoice.type === 'ACCREC') contact.isCustomer = true;
    else contact.isSupplier = true;
    const linked = this.invoicesOf.get(contact.id);
    if (linked) linked.add(invoice);
    else this.invoicesOf.set(contact.id, new Set([invoice]));
    this.views.delete(contact);
  }

  private announce(category: BookChange['category'], type: BookChange['type'], row: Contact | Invoice): void {
    const at = this.environment.clock.now();
    this.environment.onChange({ category, type, tenantId: this.organisation.id, resourceId: row.id, at });
  }
}

function numbered(value: number): string {
  return `INV-${String(value).padStart(4, '0')}`;
}
