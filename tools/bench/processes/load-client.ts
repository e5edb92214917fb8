import { randomUUID } from 'node:crypto';
import { sendClosedLoop } from '../http-sockets.ts';
import { webhookRequest } from '../webhooks.ts';
import type { LoadAnswer, LoadOrder } from './messages.ts';
import { serve } from './worker.ts';

interface Setup {
  readonly webhookKey: string;
  readonly tenantIds: readonly string[];
}

/** Signed once and sent again and again: signing is the vendor's work. */
const REQUESTS = 4_096;

/** The client of `ingress`: the same for product and limit. */
serve(async ({ webhookKey, tenantIds }: Setup) => {
  const requests = Array.from({ length: REQUESTS }, (_, index) => {
    const tenantId = tenantIds[index % tenantIds.length] ?? randomUUID();
    return webhookRequest({ tenantId, invoiceId: randomUUID() }, webhookKey, index + 1);
  });
  let sent = 0;
  const handle = async ({ ports, connections, seconds }: LoadOrder): Promise<LoadAnswer> => {
    const cpu = process.cpuUsage();
    const until = performance.now() + seconds * 1000;
    const result = await sendClosedLoop(ports, connections, () =>
      performance.now() < until ? requests[sent++ % REQUESTS] : undefined,
    );
    const { user, system } = process.cpuUsage(cpu);
    return { ...result, clientCpuMs: (user + system) / 1000 };
  };
  return { ready: null, handle };
});
