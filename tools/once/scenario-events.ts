import type { RunningSystem } from '../start/start-system.ts';
import { DemoBooks } from './books.ts';
import type { DemoConnections } from './connect-demo.ts';
import type { ExpectedEvent, ExpectedMessage } from './expected-event.ts';
import { playOverdue } from './overdue-events.ts';
import { RunRecipients } from './run-recipients.ts';
import { loseNextAnswer, optOut, setWebhooks, until } from './sandbox-control.ts';
import { arrivedOf, traceOf } from './trail.ts';

/** Plays the events in the demo company and says what must come of each. */
export async function playEvents(system: RunningSystem, demo: DemoConnections): Promise<ExpectedEvent[]> {
  const books = new DemoBooks(system);
  const recipients = new RunRecipients();
  const customer = (name: string, fields: object = {}): Promise<string> =>
    books.addCustomer({ Name: `${name} ${recipients.run}`, ...fields });
  const overdue = await playOverdue(system, demo, books, recipients);
  await setWebhooks(system, { duplicates: 2 });

  const paying = recipients.mobile();
  const paid = await books.addInvoice(
    await customer('Paying', { FirstName: 'Ada', Phones: paying.phones }),
    120.5,
  );
  const approving = recipients.mobile();
  const draft = await books.addInvoice(await customer('Approving', { Phones: approving.phones }), 80, {
    Status: 'DRAFT',
  });
  const email = recipients.email('ines');
  const byEmail = await books.addInvoice(await customer('Mail', { EmailAddress: email }), 45);
  const nowhere = await books.addInvoice(await customer('Nowhere'), 10);
  const bill = await books.addInvoice(await customer('Supplier'), 33, {
    Type: 'ACCPAY',
    InvoiceNumber: `SUP-${recipients.run}`,
  });
  const silent = recipients.mobile();
  await optOut(system, silent.e164);
  const stopped = await books.addInvoice(await customer('Silent', { Phones: silent.phones }), 60);

  await untilArrived(system, paid.id, 1);
  await books.approve(draft);
  await books.pay(paid);
  await untilArrived(system, paid.id, 2);

  const doubtful = recipients.mobile();
  await loseNextAnswer(system);
  const lost = await books.addInvoice(await customer('Doubtful', { Phones: doubtful.phones }), 75);
  await setWebhooks(system, { duplicates: 0 });

  const issuedTo = (to: string): ExpectedMessage => ({ about: 'issued', to });
  return [
    {
      ...expected('invoice issued, then paid: a notice and a confirmation', paid.id),
      messages: [issuedTo(paying.e164), { about: 'received', to: paying.e164 }],
      notSent: ['paid-meanwhile'],
    },
    {
      ...expected('draft approved later: one notice', draft.id),
      messages: [issuedTo(approving.e164)],
    },
    { ...expected('customer without a phone: e-mail', byEmail.id), messages: [issuedTo(email)] },
    {
      ...expected('customer without phone and e-mail', nowhere.id),
      notSent: ['no-phone-number', 'no-email-address'],
    },
    expected("a supplier's bill: nobody is told", bill.id),
    { ...expected('customer who texted STOP', stopped.id), notSent: ['opted-out'] },
    {
      ...expected('Twilio took it, its answer was lost: still one message', lost.id),
      messages: [issuedTo(doubtful.e164)],
    },
    ...overdue,
  ];
}

function expected(title: string, invoiceId: string): ExpectedEvent {
  return { title, invoiceId, messages: [], notSent: [] };
}

function untilArrived(system: RunningSystem, invoiceId: string, count: number): Promise<void> {
  return until(async () => arrivedOf(await traceOf(system, invoiceId), true).length >= count);
}
