import type { RunningSystem } from '../../start/start-system.ts';
import { requestJson } from '../http.ts';

interface ZohoAccount {
  readonly accountId: string;
  readonly accessToken: string;
  readonly apiBaseUrl: string;
}

/** What is made in an organisation of the double, through Zoho's own API as any outside client would. */
export class ZohoOrganisation {
  readonly organizationId: string;
  private readonly account: ZohoAccount;

  constructor(system: RunningSystem, organizationId: string) {
    const accounts = (system.sandbox.vendors['zoho-books']?.accounts ?? []) as unknown as ZohoAccount[];
    const account = accounts.find(({ accountId }) => accountId === organizationId);
    if (!account) throw new Error(`the sandbox has no Zoho organisation ${organizationId}`);
    this.account = account;
    this.organizationId = organizationId;
  }

  /** Somebody with a phone, an address, or neither; answers the contact's id. */
  async addContact(
    name: string,
    person: Readonly<Record<string, string>>,
    fields: object = {},
  ): Promise<string> {
    const people = Object.keys(person).length > 0 ? [{ ...person, is_primary_contact: true }] : [];
    const { contact } = await this.send<{ contact: { contact_id: string } }>('POST', 'contacts', {
      contact_name: name,
      contact_persons: people,
      ...fields,
    });
    return contact.contact_id;
  }

  async addInvoice(customerId: string, rate: number, fields: object = {}): Promise<string> {
    const { invoice } = await this.send<{ invoice: { invoice_id: string } }>('POST', 'invoices', {
      customer_id: customerId,
      due_date: isoDay(20),
      line_items: [{ name: 'Work', rate, quantity: 1 }],
      ...fields,
    });
    return invoice.invoice_id;
  }

  markSent(invoiceId: string): Promise<unknown> {
    return this.send('POST', `invoices/${invoiceId}/status/sent`);
  }

  deleteInvoice(invoiceId: string): Promise<unknown> {
    return this.send('DELETE', `invoices/${invoiceId}`);
  }

  async payInvoice(customerId: string, invoiceId: string, amount: number): Promise<string> {
    const { payment } = await this.send<{ payment: { payment_id: string } }>('POST', 'customerpayments', {
      customer_id: customerId,
      amount,
      invoices: [{ invoice_id: invoiceId, amount_applied: amount }],
    });
    return payment.payment_id;
  }

  async addBill(vendorId: string, rate: number): Promise<string> {
    const { bill } = await this.send<{ bill: { bill_id: string } }>('POST', 'bills', {
      vendor_id: vendorId,
      due_date: isoDay(20),
      line_items: [{ name: 'Paper', rate, quantity: 1 }],
    });
    return bill.bill_id;
  }

  async addPurchaseOrder(vendorId: string, rate: number): Promise<string> {
    const { purchaseorder } = await this.send<{ purchaseorder: { purchaseorder_id: string } }>(
      'POST',
      'purchaseorders',
      { vendor_id: vendorId, line_items: [{ name: 'Paper', rate, quantity: 1 }] },
    );
    return purchaseorder.purchaseorder_id;
  }

  async payBill(vendorId: string, billId: string, amount: number): Promise<string> {
    const { vendorpayment } = await this.send<{ vendorpayment: { payment_id: string } }>(
      'POST',
      'vendorpayments',
      { vendor_id: vendorId, amount, bills: [{ bill_id: billId, amount_applied: amount }] },
    );
    return vendorpayment.payment_id;
  }

  async addExpense(amount: number): Promise<string> {
    const { expense } = await this.send<{ expense: { expense_id: string } }>('POST', 'expenses', { amount });
    return expense.expense_id;
  }

  private send<T>(method: 'POST' | 'DELETE', path: string, body: object = {}): Promise<T> {
    const { apiBaseUrl, accountId, accessToken } = this.account;
    return requestJson<T>(`${apiBaseUrl}/books/v3/${path}?organization_id=${accountId}`, {
      method,
      headers: { authorization: `Zoho-oauthtoken ${accessToken}` },
      body,
    });
  }
}

function isoDay(fromToday: number): string {
  return new Date(Date.now() + fromToday * 86_400_000).toISOString().slice(0, 10);
}
