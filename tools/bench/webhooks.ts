import { createHmac } from 'node:crypto';

/** An invoice of which a webhook tells. */
export interface InvoiceChange {
  readonly tenantId: string;
  readonly invoiceId: string;
}

/** The path at which ingress takes Xero's webhooks. */
export const XERO_WEBHOOK_PATH = '/webhooks/xero';

/**
 * One signed Xero webhook with one event as the bytes of an HTTP/1.1 request, ready to be written to a socket.
 * https://developer.xero.com/documentation/guides/webhooks/overview
 */
export function webhookRequest(change: InvoiceChange, key: string, sequence: number): Buffer {
  const event = {
    resourceUrl: `https://api.xero.com/api.xro/2.0/Invoices/${change.invoiceId}`,
    resourceId: change.invoiceId,
    tenantId: change.tenantId,
    tenantType: 'ORGANISATION',
    eventCategory: 'INVOICE',
    eventType: 'CREATE',
    eventDateUtc: new Date().toISOString().slice(0, 23),
  };
  const body = `{"events":[${JSON.stringify(event)}],"firstEventSequence": ${sequence},"lastEventSequence": ${sequence}, "entropy": "BENCHMARK${sequence}"}`;
  const signature = createHmac('sha256', key).update(body).digest('base64');
  const head = [
    `POST ${XERO_WEBHOOK_PATH} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `x-xero-signature: ${signature}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.from(head + body);
}
