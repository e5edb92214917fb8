import { createHmac } from 'node:crypto';
import type { World } from '../world/world.ts';

/** A body as Xero writes it (vendors/xero.md section 4), with its odd spacing; an event for each invoice. */
export function webhookBody(tenantId: string, ...resourceIds: readonly string[]): string {
  const events = resourceIds.map((resourceId) => ({
    resourceUrl: `https://api.xero.com/api.xro/2.0/Invoices/${resourceId}`,
    resourceId,
    tenantId,
    tenantType: 'ORGANISATION',
    eventCategory: 'INVOICE',
    eventType: 'UPDATE',
    eventDateUtc: new Date().toISOString().slice(0, -1),
  }));
  const sequence = `"firstEventSequence": 1,"lastEventSequence": ${resourceIds.length}`;
  return `{"events":${JSON.stringify(events)},${sequence}, "entropy": "FAULTS"}`;
}

/** `x-xero-signature` under the key of our app. */
export function signatureOf({ system }: World, body: string | Buffer): string {
  return createHmac('sha256', system.sandbox.vendors['xero']?.webhookKey ?? '')
    .update(body)
    .digest('base64');
}

/** Posts a webhook to ingress and tells the status; 0 when no answer came. `headers` are added to, or put in place of, the right ones. */
export async function postWebhook(
  world: World,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  try {
    const response = await fetch(`${world.system.context.urls.ingress}/webhooks/xero`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-xero-signature': signatureOf(world, body),
        ...headers,
      },
      body: typeof body === 'string' ? body : new Uint8Array(body),
      signal: AbortSignal.timeout(5_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
