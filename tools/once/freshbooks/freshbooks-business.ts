import type { RunningSystem } from '../../start/start-system.ts';
import { requestJson } from '../http.ts';

type Kind = 'client' | 'invoice' | 'payment' | 'bill' | 'bill_vendor' | 'expense';

const PATHS: Readonly<Record<Kind, string>> = {
  client: 'users/clients',
  invoice: 'invoices/invoices',
  payment: 'payments/payments',
  bill: 'bills/bills',
  bill_vendor: 'bill_vendors/bill_vendors',
  expense: 'expenses/expenses',
};

/** What is made in a business of the double, through FreshBooks' own API as any outside client would. */
export class FreshbooksBusiness {
  private readonly url: string;
  private readonly token: string;

  constructor(system: RunningSystem, accountId: string) {
    const freshbooks = system.sandbox.vendors['freshbooks'];
    const account = freshbooks?.accounts.find((candidate) => candidate.accountId === accountId);
    if (!freshbooks || !account) throw new Error(`the sandbox has no FreshBooks business ${accountId}`);
    this.url = `${freshbooks.apiBaseUrl}/accounting/account/${accountId}`;
    this.token = account.accessToken;
  }

  /** Somebody with a mobile number, an address, or neither. */
  addClient(organization: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.create('client', { organization, ...fields });
  }

  /** A sent invoice over `amount`, due in `dueInDays`. */
  addInvoice(clientId: string, amount: number, dueInDays = 14, fields: object = {}): Promise<string> {
    const issued = Math.min(dueInDays, 0);
    return this.create('invoice', {
      customerid: Number(clientId),
      create_date: isoDay(issued),
      due_offset_days: dueInDays - issued,
      status: 2,
      lines: [{ name: 'Bookkeeping', description: 'Work', qty: 1, unit_cost: { amount: String(amount) } }],
      ...fields,
    });
  }

  pay(invoiceId: string, amount: number): Promise<string> {
    return this.create('payment', {
      invoiceid: Number(invoiceId),
      amount: { amount: String(amount) },
      date: isoDay(0),
      type: 'Check',
    });
  }

  addVendor(name: string): Promise<string> {
    return this.create('bill_vendor', { vendor_name: name, primary_contact_email: 'vendor@example.com' });
  }

  changeVendor(vendorId: string, fields: object): Promise<unknown> {
    return this.send('PUT', 'bill_vendor', `/${vendorId}`, fields);
  }

  addBill(vendorId: string, amount: number): Promise<string> {
    return this.create('bill', {
      vendorid: Number(vendorId),
      bill_number: `B-${vendorId}`,
      due_offset_days: 20,
      lines: [{ description: 'Paper', quantity: 1, unit_cost: { amount: String(amount) } }],
    });
  }

  addExpense(amount: number): Promise<string> {
    return this.create('expense', {
      categoryid: 1,
      staffid: 1,
      date: isoDay(0),
      vendor: 'Rail Company',
      amount: { amount: String(amount) },
    });
  }

  private async create(kind: Kind, fields: object): Promise<string> {
    const { response } = await this.send('POST', kind, '', fields);
    return String(response.result[kind]?.['id']);
  }

  private send(method: 'POST' | 'PUT', kind: Kind, path: string, fields: object) {
    return requestJson<{ response: { result: Record<string, Record<string, unknown>> } }>(
      `${this.url}/${PATHS[kind]}${path}`,
      { method, token: this.token, body: { [kind]: fields } },
    );
  }
}

function isoDay(fromToday: number): string {
  return new Date(Date.now() + fromToday * 86_400_000).toISOString().slice(0, 10);
}
