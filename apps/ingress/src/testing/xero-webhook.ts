import { createHmac } from 'node:crypto';

/** One event of a Xero webhook, as Xero documents it. */
export function xeroEvent(overrides: object = {}): object {
  return {
    resourceUrl: 'https://api.xero.com/api.xro/2.0/Invoices/11111111-2222-4333-8444-555555555555',
    resourceId: '11111111-2222-4333-8444-555555555555',
    tenantId: '5f3c2a2e-5f0c-4c5e-9a3e-0a1b2c3d4e5f',
    tenantType: 'ORGANISATION',
    eventCategory: 'INVOICE',
    eventType: 'UPDATE',
    eventDateUtc: '2026-11-20T01:15:39.902',
    ...overrides,
  };
}

/** A body around events. */
export function xeroBody(...events: readonly object[]): string {
  return JSON.stringify({ events, firstEventSequence: 1, lastEventSequence: events.length, entropy: 'FXNG' });
}

/** The signature header's value. */
export function xeroSignature(body: string, key: string): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/** Delivers a body to a running ingress as Xero does. */
export function postXero(ingressUrl: string, body: string, key: string): Promise<Response> {
  return fetch(`${ingressUrl}/webhooks/xero`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-xero-signature': xeroSignature(body, key),
    },
    body,
  });
}
