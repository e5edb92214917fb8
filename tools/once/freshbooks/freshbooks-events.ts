import type { RunningSystem } from '../../start/start-system.ts';
import type { DemoConnection } from '../demo-vendor.ts';
import type { ExpectedEvent, ExpectedMessage } from '../expected-event.ts';
import { requestJson } from '../http.ts';
import { RunRecipients } from '../run-recipients.ts';
import { until } from '../sandbox-control.ts';
import { arrivedOf, traceOf } from '../trail.ts';
import { FreshbooksBusiness } from './freshbooks-business.ts';

/** As in the ready flows. */
const TEAM_MAIL = 'bookkeeping@example.com';
const TEAM_PHONE = '+12025550123';
const APPROVER = '+12025550124';

/** Plays the events in the demo business of FreshBooks and says what must come of each. */
export async function playFreshbooks(
  system: RunningSystem,
  { accountId }: DemoConnection,
): Promise<ExpectedEvent[]> {
  const books = new FreshbooksBusiness(system, accountId);
  const recipients = new RunRecipients();
  const named = (name: string): string => `${name} ${recipients.run}`;
  // Every webhook comes twice.
  await setDuplicates(system, 1);

  const [paying, mail] = [recipients.mobile().e164, recipients.email('fb-ada')];
  const payer = await books.addClient(named('FB payer'), { fname: 'Ada', mob_phone: paying, email: mail });
  const invoice = await books.addInvoice(payer, 120.5);
  const draft = await books.addInvoice(payer, 7, 14, { status: 1 });
  const nobody = await books.addClient(named('FB nobody'), { mob_phone: 'call the office' });
  const unreachable = await books.addInvoice(nobody, 10);
  const yen = recipients.mobile().e164;
  const tokyo = await books.addClient(named('FB Tokyo'), { mob_phone: yen, currency_code: 'JPY' });
  const inYen = await books.addInvoice(tokyo, 55_000);
  const twins = recipients.mobile().e164;
  const bakery = await books.addClient(named('FB twin bakery'), { mob_phone: twins });
  const cafe = await books.addClient(named('FB twin cafe'), { mob_phone: twins });
  const [ofBakery, ofCafe] = [await books.addInvoice(bakery, 20), await books.addInvoice(cafe, 21)];
  const [late, later] = [recipients.mobile().e164, recipients.mobile().e164];
  // A day past each step, so that the hour of the reminder is over whenever the scenario is played.
  const five = await books.addInvoice(await books.addClient(named('FB late'), { mob_phone: late }), 50, -6);
  const ten = await books.addInvoice(await books.addClient(named('FB later'), { mob_phone: later }), 60, -11);

  const vendor = await books.addVendor(named('FB vendor'));
  const bill = await books.addBill(vendor, 80);
  const expense = await books.addExpense(9.99);
  await until(async () => arrivedOf(await traceOf(system, `vendor-${vendor}`), true).length > 0);
  await books.changeVendor(vendor, { phone: '+1 716 555 0147' });
  await until(async () => arrivedOf(await traceOf(system, invoice), true).length >= 2);
  const payment = await books.pay(invoice, 120.5);
  await setDuplicates(system, 0);

  return [
    issued('FreshBooks: invoice sent: text to the client, e-mail to the team', invoice, paying),
    { ...expected('FreshBooks: a draft is nobody’s business', draft), notSent: ['not-issued'] },
    {
      ...expected('FreshBooks: client with neither phone nor e-mail', unreachable),
      messages: [team('issued')],
      notSent: ['no-phone-number', 'no-email-address', 'invalid-phone-number'],
    },
    issued('FreshBooks: invoice in a currency without decimals', inYen, yen),
    issued('FreshBooks: two clients with one number: the first', ofBakery, twins, true),
    issued('FreshBooks: two clients with one number: the second', ofCafe, twins, true),
    {
      ...issued('FreshBooks: 5 days overdue', five, late),
      messages: [to('issued', late), team('issued'), to('overdue/5d', late)],
    },
    {
      ...issued('FreshBooks: 10 days overdue: the team is told as well', ten, later),
      messages: [
        to('issued', later),
        team('issued'),
        to('overdue/10d', later),
        { about: 'overdue/10d', to: TEAM_PHONE, shared: true },
      ],
    },
    {
      ...expected('FreshBooks: payment received: confirmed by e-mail', payment),
      messages: [to('received', mail), team('received')],
    },
    {
      ...expected('FreshBooks: bill: its approver gets a text', bill),
      messages: [{ about: 'created', to: APPROVER, shared: true }],
    },
    { ...expected('FreshBooks: expense: the team is told', expense), messages: [team('recorded')] },
    {
      ...expected('FreshBooks: vendor added and changed: the team is told of both', `vendor-${vendor}`),
      messages: [team('created'), team('changed')],
      notSent: ['not-on-list'],
    },
  ];
}

function to(about: string, address: string): ExpectedMessage {
  return { about, to: address };
}

function team(about: string): ExpectedMessage {
  return { about, to: TEAM_MAIL, shared: true };
}

function issued(title: string, invoiceId: string, address: string, shared = false): ExpectedEvent {
  return {
    ...expected(title, invoiceId),
    messages: [{ ...to('issued', address), ...(shared && { shared }) }, team('issued')],
  };
}

function expected(title: string, invoiceId: string): ExpectedEvent {
  return { title, invoiceId, messages: [], notSent: [] };
}

function setDuplicates(system: RunningSystem, duplicates: number): Promise<unknown> {
  return requestJson(`${system.sandbox.sandboxUrl}/__sandbox/webhooks`, {
    method: 'POST',
    body: { vendor: 'freshbooks', duplicates },
  });
}
