import { requestJson } from '../../../tools/once/http.ts';
import type { World } from '../world/world.ts';

/** An invoice as the double made it. */
export interface MadeInvoice {
  readonly invoiceId: string;
  readonly invoiceNumber: string;
  /** The mobile number of its customer, E.164; nobody else ever has it. */
  readonly to: string;
}

interface XeroInvoice {
  readonly InvoiceID: string;
  readonly InvoiceNumber: string;
}

/** What the writer needs of a world; it is used while one is being made, too. */
export type Books = Pick<World, 'sandbox' | 'tenants'>;

/** Numbers given out over the life of this process: one recipient for each invoice. */
let recipients = 0;
const FIRST_NUMBER = 2_000_000;

/** Writes into the books of the tenants through Xero's own API, as their owners would. Xero's webhooks follow. */
export class BooksWriter {
  private tokens = new Map<string, string>();
  private readonly world: Books;

  constructor(world: Books) {
    this.world = world;
  }

  /** Gets tokens; to be done before anything is written, and again after half an hour. */
  async open(): Promise<void> {
    const accounts = await this.world.sandbox.accounts();
    this.tokens = new Map(accounts.map(({ accountId, accessToken }) => [accountId, accessToken]));
  }

  /** A new customer with an invoice. */
  async issue(tenant: number, status: 'AUTHORISED' | 'DRAFT', name?: string): Promise<MadeInvoice> {
    recipients += 1;
    const number = recipients;
    const digits = String(FIRST_NUMBER + number);
    const phone = { PhoneType: 'MOBILE', PhoneCountryCode: '64', PhoneAreaCode: '21', PhoneNumber: digits };
    const { Contacts } = await this.write<{ Contacts: { ContactID: string }[] }>(tenant, 'PUT', '/Contacts', {
      Name: name ?? `Customer ${digits}`,
      Phones: [phone],
    });
    const { Invoices } = await this.write<{ Invoices: XeroInvoice[] }>(tenant, 'PUT', '/Invoices', {
      Type: 'ACCREC',
      Status: status,
      Contact: { ContactID: Contacts[0]?.ContactID },
      DueDate: new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10),
      LineItems: [{ Description: 'Work', Quantity: 1, UnitAmount: 10 + (number % 90), AccountCode: '200' }],
    });
    const [invoice] = Invoices;
    if (!invoice) throw new Error('the double made no invoice');
    return { invoiceId: invoice.InvoiceID, invoiceNumber: invoice.InvoiceNumber, to: `+6421${digits}` };
  }

  async change(tenant: number, invoiceId: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write(tenant, 'POST', `/Invoices/${invoiceId}`, { InvoiceID: invoiceId, ...fields });
  }

  private write<T>(tenant: number, method: 'PUT' | 'POST', path: string, body: object): Promise<T> {
    const accountId = this.world.tenants[tenant]?.accountId ?? '';
    return requestJson<T>(`${this.world.sandbox.url}/xero/api.xro/2.0${path}`, {
      method,
      token: this.tokens.get(accountId) ?? '',
      headers: { 'xero-tenant-id': accountId },
      body,
    });
  }
}
