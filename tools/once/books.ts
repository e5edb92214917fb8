import type { RunningSystem } from '../start/start-system.ts';
import { requestJson } from './http.ts';

/** An invoice as the scenario made it. */
export interface MadeInvoice {
  readonly id: string;
  readonly number: string;
  readonly total: number;
}

interface XeroInvoice {
  readonly InvoiceID: string;
  readonly InvoiceNumber: string;
  readonly Total: number;
}

/** What is made in the demo organisation, through Xero's own API as any outside client would. */
export class DemoBooks {
  private readonly apiUrl: string;
  private readonly headers: Record<string, string>;
  private readonly token: string;

  constructor(system: RunningSystem) {
    const xero = system.sandbox.vendors['xero'];
    const account = xero?.accounts[0];
    if (!xero || !account) throw new Error('the sandbox has no Xero organisation');
    this.apiUrl = `${xero.apiBaseUrl}/api.xro/2.0`;
    this.headers = { 'xero-tenant-id': account.accountId };
    this.token = account.accessToken;
  }

  /** A customer of this run; `mobile` is in three parts as Xero keeps it, the last one unique to the run. */
  async addCustomer(fields: Readonly<Record<string, unknown>>): Promise<string> {
    const { Contacts } = await this.send<{ Contacts: { ContactID: string }[] }>('PUT', '/Contacts', fields);
    return Contacts[0]?.ContactID ?? '';
  }

  /** An invoice over `amount`, due in `dueInDays`. */
  async addInvoice(
    contactId: string,
    amount: number,
    fields: Readonly<Record<string, unknown>> = {},
    dueInDays = 14,
  ): Promise<MadeInvoice> {
    const { Invoices } = await this.send<{ Invoices: XeroInvoice[] }>('PUT', '/Invoices', {
      Type: 'ACCREC',
      Status: 'AUTHORISED',
      Contact: { ContactID: contactId },
      Date: isoDay(Math.min(dueInDays, 0) - 10),
      DueDate: isoDay(dueInDays),
      LineItems: [{ Description: 'Work', Quantity: 1, UnitAmount: amount, AccountCode: '200' }],
      ...fields,
    });
    const [invoice] = Invoices;
    if (!invoice) throw new Error('the sandbox made no invoice');
    return { id: invoice.InvoiceID, number: invoice.InvoiceNumber, total: invoice.Total };
  }

  async approve(invoice: MadeInvoice): Promise<void> {
    await this.send('POST', `/Invoices/${invoice.id}`, { InvoiceID: invoice.id, Status: 'AUTHORISED' });
  }

  /** Books the whole amount as paid. */
  async pay(invoice: MadeInvoice): Promise<void> {
    await this.send('PUT', '/Payments', {
      Invoice: { InvoiceID: invoice.id },
      Account: { Code: '090' },
      Date: isoDay(0),
      Amount: invoice.total,
    });
  }

  private send<T>(method: 'PUT' | 'POST', path: string, body: unknown): Promise<T> {
    return requestJson<T>(this.apiUrl + path, { method, token: this.token, headers: this.headers, body });
  }
}

function isoDay(fromToday: number): string {
  return new Date(Date.now() + fromToday * 86_400_000).toISOString().slice(0, 10);
}
