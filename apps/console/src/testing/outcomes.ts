import { type Outcome, type OutcomeParts, outcomeOf } from '#libs/contracts';
import type { OutcomeRow } from '#libs/persistence';

/** The first instant of the test traces. */
export const START = Date.UTC(2026, 10, 21, 9, 30, 0);

/** An outcome with sensible values; `atMs` counts from {@link START}. */
export function outcome(
  step: string,
  status: string,
  atMs: number,
  facts: Partial<OutcomeParts> = {},
): Outcome {
  return outcomeOf({
    what: `${step}/${status}/${atMs}`,
    workspaceId: 'demo',
    step,
    status,
    at: START + atMs,
    service: { accept: 'ingress', fetch: 'fetcher-xero', map: 'mapper' }[step] ?? 'twilio-sender',
    vendor: 'xero',
    connectionId: 'xero-demo',
    origin: 'webhook',
    entityType: 'invoice',
    entityId: 'invoice-guid',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    ...facts,
  });
}

/** The trail of one invoice that became one delivered SMS, and a message to staff that was not sent. */
export function invoiceTrail(number = 'INV-0042'): Outcome[] {
  const noticed = { webhookIds: ['webhook-1'], noticeIds: ['notice-1'] };
  const recorded = { recordId: 'record-1', entityNumber: number };
  const command = {
    ...recorded,
    commandId: 'command-1',
    flowId: 'invoice-messages',
    flowStep: 'invoice-issued',
    businessEvent: 'invoice/invoice-guid/issued',
    channel: 'sms',
    recipient: '+44•••••••56',
  };
  return [
    outcome('accept', 'accepted', 0, noticed),
    outcome('fetch', 'fetched', 180, { ...noticed, ...recorded }),
    outcome('map', 'mapped', 220, command),
    outcome('map', 'skipped', 221, {
      ...recorded,
      flowId: 'invoice-messages',
      flowStep: 'tell-staff',
      reason: 'no-staff-address',
    }),
    outcome('send', 'sending', 260, command),
    outcome('send', 'sent', 420, { ...command, messageSid: 'SM1' }),
    outcome('deliver', 'delivered', 2_300, { messageSid: 'SM1' }),
  ];
}

/** An outcome as the database gives it back. */
export function row(of: Outcome, position: number): OutcomeRow {
  return { ...of, webhookIds: [...of.webhookIds], noticeIds: [...of.noticeIds], position };
}
