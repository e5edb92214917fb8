import type { RunningSystem } from '../start/start-system.ts';
import type { DemoBooks, MadeInvoice } from './books.ts';
import type { DemoConnections } from './connect-demo.ts';
import type { ExpectedEvent } from './expected-event.ts';
import { applyOverdueFlow, OVERDUE_DUE_IN_DAYS, OVERDUE_EVENT } from './overdue-flow.ts';
import type { RunRecipients } from './run-recipients.ts';
import { disarm, holdSecondRead, setWebhooks, until, untilWebhooksDecided } from './sandbox-control.ts';
import { traceOf } from './trail.ts';

/**
 * Two invoices that are five days overdue: one stays open, one is paid between the reminder's becoming due and the second look
 * that every reminder takes before it leaves.
 */
export async function playOverdue(
  system: RunningSystem,
  demo: DemoConnections,
  books: DemoBooks,
  recipients: RunRecipients,
): Promise<ExpectedEvent[]> {
  const reference = `once-${recipients.run}`;
  const staffEmail = recipients.email('staff');
  await applyOverdueFlow(system, demo, { reference, staffEmail });
  const debtor = recipients.mobile();
  const payer = recipients.mobile();
  const draft = { Status: 'DRAFT', Reference: reference };
  const add = async (name: string, phones: object[], fields: object): Promise<MadeInvoice> => {
    const contactId = await books.addCustomer({ Name: `${name} ${recipients.run}`, Phones: phones });
    return books.addInvoice(contactId, 99, { ...fields }, OVERDUE_DUE_IN_DAYS);
  };

  // Nobody hears of the draft: the first read of it is the one after its approval.
  await setWebhooks(system, { dropFraction: 1 });
  const paid = await add('Late payer', payer.phones, draft);
  await untilWebhooksDecided(system);
  const hold = await holdSecondRead(system, paid.id);
  await setWebhooks(system, { dropFraction: 0, duplicates: 2 });
  await books.approve(paid);
  await until(async () => isRechecking(await traceOf(system, paid.id)));
  await books.pay(paid);
  await disarm(system, hold);
  const open = await add('Debtor', debtor.phones, { Reference: reference });
  return [
    {
      title: 'five days overdue: one reminder to the customer, one to staff',
      invoiceId: open.id,
      messages: [
        { about: 'issued', to: debtor.e164 },
        { about: OVERDUE_EVENT, to: debtor.e164 },
        { about: OVERDUE_EVENT, to: staffEmail },
      ],
      notSent: [],
    },
    {
      title: 'paid while its reminder was due: a confirmation and no reminder',
      invoiceId: paid.id,
      messages: [
        { about: 'issued', to: payer.e164 },
        { about: 'received', to: payer.e164 },
      ],
      notSent: ['paid-meanwhile'],
    },
  ];
}

function isRechecking(trace: Awaited<ReturnType<typeof traceOf>>): boolean {
  return trace?.steps.some(({ status }) => status === 'rechecking') ?? false;
}
