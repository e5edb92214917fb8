import { Pool } from 'undici';
import { runOpenLoop } from '../open-loop.ts';
import type { BenchEvent } from '../tenants.ts';
import { CallbackListener } from './callback-listener.ts';
import type { LoopAnswer, LoopOrder, LoopSetup } from './messages.ts';
import { serve } from './worker.ts';

/** As many as twilio-sender has in flight for one account. */
const CONNECTIONS = 32;
const DELIVERED_WITHIN_MS = 60_000;

/**
 * The limit of `pipeline` and `latency`: for each event the same two HTTP calls that twilio-sender and the fetcher make (read the
 * invoice; ask for the message and to be told of its status), and nothing kept: no log, no deduplication, no trail.
 */
serve(async (setup: LoopSetup) => {
  const pool = new Pool(new URL(setup.sandboxUrl).origin, { connections: CONNECTIONS });
  const callbacks = await CallbackListener.start();
  const twilioAuthorization = `Basic ${btoa(`${setup.apiKeySid}:${setup.apiKeySecret}`)}`;

  const call = async (
    path: string,
    options: { headers: Record<string, string>; body?: string },
  ): Promise<string> => {
    const { statusCode, body } = await pool.request({
      path,
      method: options.body === undefined ? 'GET' : 'POST',
      headers: options.headers,
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`${path} answered ${statusCode}: ${text.slice(0, 200)}`);
    return text;
  };

  const send = async ({ tenantId, invoiceId, to }: BenchEvent, toldOfStatus: boolean): Promise<void> => {
    const answer = await call(`/xero/api.xro/2.0/Invoices/${invoiceId}`, {
      headers: {
        authorization: `Bearer ${setup.tokens[tenantId] ?? ''}`,
        'xero-tenant-id': tenantId,
        accept: 'application/json',
      },
    });
    const [invoice] = (JSON.parse(answer) as { Invoices: { InvoiceNumber: string; AmountDue: number }[] })
      .Invoices;
    await call(`/twilio/2010-04-01/Accounts/${setup.accountSid}/Messages.json`, {
      headers: { authorization: twilioAuthorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        To: to,
        MessagingServiceSid: setup.messagingServiceSid,
        Body: `Invoice ${invoice?.InvoiceNumber ?? ''} over ${invoice?.AmountDue ?? ''} is due now.`,
        ...(toldOfStatus ? { StatusCallback: `${callbacks.url}?invoice=${invoiceId}` } : {}),
      }).toString(),
    });
  };

  const handle = async ({ events, eventsPerSecond, toldOfStatus }: LoopOrder): Promise<LoopAnswer> => {
    const sendOne = (event: BenchEvent): Promise<void> => send(event, toldOfStatus);
    const deliveredBefore = callbacks.delivered;
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const dueAt =
      eventsPerSecond === null
        ? await allAtOnce(events, sendOne)
        : await runOpenLoop(events, eventsPerSecond, sendOne);
    const elapsedMs = performance.now() - startedAt;
    // What is still on its way must not be in the way of what is measured next.
    if (toldOfStatus) await callbacks.untilDelivered(deliveredBefore + events.length, DELIVERED_WITHIN_MS);
    const { user, system } = process.cpuUsage(cpu);
    return { elapsedMs, cpuMs: (user + system) / 1000, dueAt };
  };
  return { ready: null, handle };
});

async function allAtOnce(
  events: readonly BenchEvent[],
  send: (event: BenchEvent) => Promise<void>,
): Promise<number[]> {
  let next = 0;
  const drive = async (): Promise<void> => {
    for (let event = events[next++]; event !== undefined; event = events[next++]) await send(event);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, drive));
  return [];
}
