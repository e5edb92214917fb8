import type { RunningSystem } from '../../start/start-system.ts';
import type { DemoConnection } from '../demo-vendor.ts';
import type { ExpectedEvent, ExpectedMessage } from '../expected-event.ts';
import { requestJson } from '../http.ts';
import { RunRecipients } from '../run-recipients.ts';
import { until } from '../sandbox-control.ts';
import { arrivedOf, traceOf } from '../trail.ts';
import { ZohoOrganisation } from './zoho-organisation.ts';

/** Plays the events in the demo organisation of Zoho Books and says what must come of each. */
export async function playZohoBooks(
  system: RunningSystem,
  { accountId }: DemoConnection,
): Promise<ExpectedEvent[]> {
  const books = new ZohoOrganisation(system, accountId);
  const recipients = new RunRecipients();
  const named = (name: string): string => `${name} ${recipients.run}`;
  await liftLimits(system);
  // Every webhook comes twice.
  await setDuplicates(system, 1);

  const paying = recipients.mobile().e164;
  const payer = await books.addContact(named('Zoho payer'), {
    first_name: 'Ada',
    mobile: paying,
    email: recipients.email('zoho-ada'),
  });
  const draft = await books.addInvoice(payer, 120.5);
  await books.markSent(draft);
  const nobody = await books.addContact(named('Zoho nobody'), {});
  const unreachable = await books.addInvoice(nobody, 10);
  await books.markSent(unreachable);
  const yen = recipients.mobile().e164;
  const tokyo = await books.addContact(named('Zoho Tokyo'), { mobile: yen }, { currency_code: 'JPY' });
  const inYen = await books.addInvoice(tokyo, 55_000, { currency_code: 'JPY' });
  await books.markSent(inYen);

  const vendorWith = (email: string): Promise<string> =>
    books.addContact(named(`Zoho vendor of ${email}`), { email }, { contact_type: 'vendor' });
  const [orderMail, paidMail] = [recipients.email('zoho-order'), recipients.email('zoho-paid')];
  const order = await books.addPurchaseOrder(await vendorWith(orderMail), 80);
  const paidVendor = await vendorWith(paidMail);
  const bill = await books.addBill(paidVendor, 80);
  const vendorPayment = await books.payBill(paidVendor, bill, 80);
  const expense = await books.addExpense(9.99);
  const elsewhere = new ZohoOrganisation(system, EUROPE);
  const european = await elsewhere.addInvoice(await elsewhere.addContact(named('Zoho Berlin'), {}), 70);

  await until(async () => arrivedOf(await traceOf(system, draft), true).length >= 3);
  const payment = await books.payInvoice(payer, draft, 120.5);
  await setDuplicates(system, 0);

  const mail = recipients.email('zoho-ada');
  return [
    {
      ...expected(
        'Zoho: invoice sent, then paid: text with payment link, e-mail with lines, finance told',
        draft,
      ),
      messages: [
        { about: 'sent', to: paying, shared: true },
        { about: 'sent', to: mail, shared: true },
        finance('created'),
      ],
    },
    {
      ...expected('Zoho: payment received: thanks', payment),
      messages: [{ about: 'received', to: paying, shared: true }],
    },
    {
      ...expected('Zoho: customer without phone and e-mail', unreachable),
      messages: [finance('created')],
      notSent: ['no-phone-number', 'no-email-address'],
    },
    {
      ...expected('Zoho: invoice in a currency without decimals', inYen),
      messages: [{ about: 'sent', to: yen }, finance('created')],
      notSent: ['no-email-address'],
    },
    {
      ...expected('Zoho: purchase order: the vendor is told', order),
      messages: [{ about: 'created', to: orderMail }],
    },
    { ...expected('Zoho: bill: finance is told', bill), messages: [finance('created')] },
    {
      ...expected('Zoho: vendor paid: the vendor and the approvers are told', vendorPayment),
      messages: [
        { about: 'sent', to: paidMail },
        { about: 'sent', to: APPROVER, shared: true },
      ],
    },
    expected('Zoho: an invoice in the European data centre is read there; no flow is about it', european),
    { ...expected('Zoho: expense: finance is told', expense), messages: [finance('recorded')] },
  ];
}

/** The second organisation of the double. */
const EUROPE = '20098765';
/** As in flows/zoho-books-finance-alerts.yaml. */
const FINANCE = 'finance@example.com';
const APPROVER = '+12025550124';

function finance(about: string): ExpectedMessage {
  return { about, to: FINANCE, shared: true };
}

function expected(title: string, invoiceId: string): ExpectedEvent {
  return { title, invoiceId, messages: [], notSent: [] };
}

function setDuplicates(system: RunningSystem, duplicates: number): Promise<unknown> {
  return requestJson(`${system.sandbox.sandboxUrl}/__sandbox/webhooks`, {
    method: 'POST',
    body: { vendor: 'zoho-books', duplicates },
  });
}

/** The scenario puts into seconds what people do in minutes. */
function liftLimits(system: RunningSystem): Promise<unknown> {
  return requestJson(`${system.sandbox.sandboxUrl}/__sandbox/limits`, {
    method: 'POST',
    body: { vendor: 'zoho-books', perMinute: null, concurrent: null, perDay: null },
  });
}
