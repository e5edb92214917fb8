import type { RunningSystem } from '../start/start-system.ts';
import { DemoBooks } from './books.ts';
import { requestJson } from './http.ts';
import { arrivedOf, traceOf } from './trail.ts';

/** What one event of the scenario must lead to. */
export interface ExpectedEvent {
  readonly title: string;
  /** The invoice by whose id the trace is found. */
  readonly invoiceId: string;
  /** How many messages must reach the recipient because of this invoice, over the whole scenario. */
  readonly delivered: number;
  /** Or the reason why nothing goes out; null when a flow has nothing to say about it at all. */
  readonly notSent: readonly string[] | null;
  /** Recipients of this run: number or address. */
  readonly to: string | null;
}

/** Plays the events in the demo company and says what must come of each. */
export async function playEvents(system: RunningSystem): Promise<ExpectedEvent[]> {
  const books = new DemoBooks(system);
  const run = Date.now().toString(36);
  // Seven digits that no earlier run has used: each event has a recipient of its own.
  const digits = (n: number): string =>
    String((Math.floor(Date.now() / 100) * 10 + n) % 10_000_000).padStart(7, '0');
  const mobile = (n: number): { e164: string; Phones: object[] } => ({
    e164: `+6421${digits(n)}`,
    Phones: [{ PhoneType: 'MOBILE', PhoneCountryCode: '64', PhoneAreaCode: '21', PhoneNumber: digits(n) }],
  });
  await duplicateWebhooks(system, 2);

  const paying = mobile(1);
  const paid = await books.addInvoice(
    await books.addCustomer({ Name: `Paying ${run}`, FirstName: 'Ada', Phones: paying.Phones }),
    120.5,
  );
  const approving = mobile(2);
  const draft = await books.addInvoice(
    await books.addCustomer({ Name: `Approving ${run}`, Phones: approving.Phones }),
    80,
    { Status: 'DRAFT' },
  );
  const email = `ines-${run}@customer.example`;
  const byEmail = await books.addInvoice(
    await books.addCustomer({ Name: `Mail ${run}`, EmailAddress: email }),
    45,
  );
  const nowhere = await books.addInvoice(await books.addCustomer({ Name: `Nowhere ${run}` }), 10);
  const bill = await books.addInvoice(await books.addCustomer({ Name: `Supplier ${run}` }), 33, {
    Type: 'ACCPAY',
    InvoiceNumber: `SUP-${run}`,
  });

  const silent = mobile(3);
  await optOut(system, silent.e164);
  const stopped = await books.addInvoice(
    await books.addCustomer({ Name: `Silent ${run}`, Phones: silent.Phones }),
    60,
  );

  await untilDelivered(system, paid.id, 1);
  await books.approve(draft);
  await books.pay(paid);
  await untilDelivered(system, paid.id, 2);

  const doubtful = mobile(4);
  await loseNextAnswer(system);
  const lost = await books.addInvoice(
    await books.addCustomer({ Name: `Doubtful ${run}`, Phones: doubtful.Phones }),
    75,
  );
  await duplicateWebhooks(system, 0);
  return [
    expected('invoice issued, then paid: a notice and a confirmation', paid.id, 2, paying.e164),
    expected('draft approved later: one notice', draft.id, 1, approving.e164),
    expected('customer without a phone: e-mail', byEmail.id, 1, email),
    {
      ...expected('customer without phone and e-mail', nowhere.id, 0, null),
      notSent: ['no-phone-number', 'no-email-address'],
    },
    expected("a supplier's bill: nobody is told", bill.id, 0, null),
    { ...expected('customer who texted STOP', stopped.id, 0, silent.e164), notSent: ['opted-out'] },
    expected('Twilio took it, its answer was lost: still one message', lost.id, 1, doubtful.e164),
  ];
}

function expected(title: string, invoiceId: string, delivered: number, to: string | null): ExpectedEvent {
  return { title, invoiceId, delivered, to, notSent: null };
}

async function untilDelivered(system: RunningSystem, invoiceId: string, count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (arrivedOf(await traceOf(system, invoiceId), true) < count) {
    if (Date.now() > deadline) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

function duplicateWebhooks(system: RunningSystem, duplicates: number): Promise<unknown> {
  // One event a body, so that the trace of an invoice is about that invoice alone; retries sooner than Xero's 15 minutes.
  return control(system, '/webhooks', {
    vendor: 'xero',
    duplicates,
    maxEventsPerBody: 1,
    retryEveryMs: 2_000,
  });
}

function optOut(system: RunningSystem, from: string): Promise<unknown> {
  const [to] = (system.sandbox.twilio['numbers'] ?? []) as string[];
  return control(system, '/twilio/inbound', { from, to, body: 'STOP' });
}

/** Twilio accepts the next message and the connection breaks before its answer arrives. */
function loseNextAnswer(system: RunningSystem): Promise<unknown> {
  return control(system, '/faults', {
    vendor: 'twilio',
    endpoint: 'POST /Messages.json',
    kind: 'reset',
    when: 'after',
    times: 1,
  });
}

function control(system: RunningSystem, path: string, body: object): Promise<unknown> {
  return requestJson(`${system.sandbox.sandboxUrl}/__sandbox${path}`, { method: 'POST', body });
}
