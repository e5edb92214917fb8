import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';
import { fromMinor, numberOf, toMinor } from './amounts.js';
import { makers } from './documents.js';
import { type Fields, type ModuleName, moduleOf, modules } from './modules.js';
import { zohoDate, zohoTime } from './times.js';
import { invalidValue, missing, ZohoProblem } from './zoho-problem.js';

/** What an organisation is made with. */
export interface OrganisationSpec {
  readonly organizationId: string;
  readonly name: string;
  /** Zoho's data centre, e.g. `eu`. */
  readonly region: string;
  /** `FREE`, `STANDARD`, `PROFESSIONAL`, … */
  readonly plan: string;
  readonly timeZone: string;
  readonly currencyCode: string;
  readonly countryCode: string;
}

/** Something that workflow rules may look at. */
export interface BookChange {
  readonly organizationId: string;
  readonly module: ModuleName;
  readonly happened: 'created' | 'edited' | 'deleted';
  /** The record afterwards; of a deleted one the last state. */
  readonly record: Fields;
  /** The status that the change led to, when it changed. */
  readonly newStatus: string | undefined;
}

/** Currencies without decimals, of those that companies here use (ISO 4217). */
const ZERO_DECIMALS = new Set(['JPY', 'KRW', 'VND', 'CLP', 'ISK']);
/** Statuses to which a record can be moved by a call of its own: `POST /{module}/{id}/status/{status}`, of contacts without `status/`. */
const moves: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  invoices: { sent: 'sent', void: 'void', draft: 'draft' },
  bills: { open: 'open', void: 'void' },
  purchaseorders: { open: 'open', cancelled: 'cancelled', billed: 'billed' },
  contacts: { active: 'active', inactive: 'inactive' },
};

/** One organisation's books: records in the shape of the API, with the rules that make and change them. */
export class Organisation {
  private readonly tables = new Map<ModuleName, Map<string, Fields>>(
    modules.map(({ path }) => [path, new Map<string, Fields>()]),
  );
  private readonly numbers = new Map<string, number>();
  private readonly times = new Map<Fields, number>();

  constructor(
    readonly spec: OrganisationSpec,
    private readonly tools: { readonly clock: Clock; readonly ids: Ids },
    private readonly onChange: (change: BookChange) => void,
  ) {}

  get currencyCode(): string {
    return this.spec.currencyCode;
  }

  get currencyId(): string {
    return `${this.spec.organizationId}097`;
  }

  /** Ids have 18 digits: more than a double can hold. */
  newId(): string {
    return `46${(BigInt(`0x${this.tools.ids.hex(7)}`) % 10n ** 16n).toString().padStart(16, '0')}`;
  }

  paymentPage(): string {
    return `https://books.zoho.com/SecurePayment?CInvoiceID=${this.tools.ids.hex(16)}`;
  }

  today(): string {
    return zohoDate(this.tools.clock.now(), this.spec.timeZone);
  }

  precisionOf(currency: string): number {
    return ZERO_DECIMALS.has(currency) ? 0 : 2;
  }

  nextNumber(kind: string): string {
    const next = (this.numbers.get(kind) ?? 0) + 1;
    this.numbers.set(kind, next);
    const prefixes: Readonly<Record<string, string>> = {
      invoice: 'INV-',
      bill: 'BILL-',
      purchaseorder: 'PO-',
    };
    const prefix = prefixes[kind];
    return prefix === undefined ? String(next) : prefix + String(next).padStart(6, '0');
  }

  count(module: ModuleName): number {
    return this.table(module).size;
  }

  find(module: ModuleName, id: string): Fields | undefined {
    return this.table(module).get(id);
  }

  /** @throws ZohoProblem 1002. */
  get(module: ModuleName, id: string): Fields {
    const found = this.find(module, id);
    if (!found) throw missing(moduleOf(module).title);
    return this.shown(module, found);
  }

  /** Newest first, as lists come by default. */
  list(module: ModuleName): { readonly record: Fields; readonly changedAt: number }[] {
    return [...this.table(module).values()]
      .reverse()
      .map((record) => ({ record: this.dated(record), changedAt: this.times.get(record) ?? 0 }));
  }

  /** @throws ZohoProblem. */
  create(module: ModuleName, body: Fields): Fields {
    const make = makers[module];
    if (!make) throw new ZohoProblem(404, 5, 'Invalid URL Passed');
    const id = this.newId();
    const { idField } = moduleOf(module);
    const record = { ...make(this, body, {}), [idField]: id, created_time: this.now() };
    return this.keep(module, id, record, 'created', undefined);
  }

  /** @throws ZohoProblem. */
  update(module: ModuleName, id: string, body: Fields): Fields {
    const before = this.find(module, id);
    if (!before) throw missing(moduleOf(module).title);
    const make = makers[module];
    if (!make || module === 'customerpayments' || module === 'vendorpayments')
      throw new ZohoProblem(400, 2, 'Payments are not edited here; delete and record them anew.');
    return this.keep(
      module,
      id,
      { ...make(this, body, before), [moduleOf(module).idField]: id },
      'edited',
      before,
    );
  }

  /** Marks as sent, void, open, …; `emailed` also notes that it was e-mailed. @throws ZohoProblem. */
  move(module: ModuleName, id: string, wanted: string, emailed = false): Fields {
    const before = this.find(module, id);
    if (!before) throw missing(moduleOf(module).title);
    const status = moves[module]?.[wanted];
    if (status === undefined) throw new ZohoProblem(404, 5, 'Invalid URL Passed');
    // What is void keeps its balance, as organisations were seen to answer.
    const record = { ...before, status, ...(emailed && { is_emailed: true }) };
    return this.keep(module, id, record, 'edited', before);
  }

  /** @throws ZohoProblem. */
  delete(module: ModuleName, id: string): void {
    const before = this.find(module, id);
    if (!before) throw missing(moduleOf(module).title);
    this.table(module).delete(id);
    this.onChange({
      organizationId: this.spec.organizationId,
      module,
      happened: 'deleted',
      record: this.shown(module, before),
      newStatus: undefined,
    });
  }

  /** Takes a part of a payment off a document. @throws ZohoProblem when there is no such document, or it is open for less. */
  applyPayment(document: 'invoice' | 'bill', entry: Fields, date: unknown): Fields {
    const module = document === 'invoice' ? 'invoices' : 'bills';
    const id = textOf(entry[`${document}_id`]);
    const before = this.find(module, id);
    if (!before) throw invalidValue(`${document}_id`);
    const precision = Number(before['price_precision']);
    const applied = toMinor(numberOf(entry['amount_applied'], 'amount_applied'), precision);
    const balance = toMinor(Number(before['balance']), precision) - applied;
    if (balance < 0)
      throw new ZohoProblem(
        400,
        24016,
        `The amount entered is more than the balance due for the selected ${document}s.`,
      );
    const paid = toMinor(Number(before['payment_made']), precision) + applied;
    const record = {
      ...before,
      balance: fromMinor(balance, precision),
      payment_made: fromMinor(paid, precision),
      status: balance === 0 ? 'paid' : 'partially_paid',
      ...(document === 'invoice' && { last_payment_date: date }),
    };
    this.keep(module, id, record, 'edited', before);
    return {
      [`${document}_id`]: id,
      [`${document}_number`]: before[`${document}_number`],
      date: before['date'],
      amount_applied: fromMinor(applied, precision),
      currency_code: before['currency_code'],
      ...(document === 'invoice'
        ? { invoice_amount: before['total'], balance_amount: fromMinor(balance, precision) }
        : {
            bill_payment_id: this.newId(),
            total: before['total'],
            balance: fromMinor(balance, precision),
            due_date: before['due_date'],
          }),
    };
  }

  private keep(
    module: ModuleName,
    id: string,
    record: Fields,
    happened: 'created' | 'edited',
    before: Fields | undefined,
  ): Fields {
    const stamped: Fields = { ...record, last_modified_time: this.now() };
    if (before) this.times.delete(before);
    this.table(module).set(id, stamped);
    this.times.set(stamped, this.tools.clock.now());
    const shown = this.shown(module, stamped);
    const newStatus = before?.['status'] === stamped['status'] ? undefined : textOf(stamped['status']);
    this.onChange({ organizationId: this.spec.organizationId, module, happened, record: shown, newStatus });
    return shown;
  }

  /** A record by itself, as against a row of the list. */
  private shown(module: ModuleName, record: Fields): Fields {
    const { notInRecord } = moduleOf(module);
    const pairs = Object.entries(this.dated(record));
    return Object.fromEntries(pairs.filter(([name]) => !notInRecord.includes(name)));
  }

  /** Zoho calls a document that is open past its due date overdue, paid in part or not. */
  private dated(record: Fields): Fields {
    const isOpen = ['sent', 'open', 'partially_paid'].includes(textOf(record['status']));
    const isLate = isOpen && 'due_date' in record && String(record['due_date']) < this.today();
    return isLate ? { ...record, status: 'overdue' } : record;
  }

  private table(module: ModuleName): Map<string, Fields> {
    const table = this.tables.get(module);
    if (!table) throw new RangeError(`no table ${module}`);
    return table;
  }

  private now(): string {
    return zohoTime(this.tools.clock.now(), this.spec.timeZone);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
