import type { RunningSystem } from '../start/start-system.ts';
import type { DemoConnections } from './connect-demo.ts';
import { requestJson } from './http.ts';

const FLOW = 'sandbox-overdue';

/** What the reminder of the scenario is about, as its business event ends. */
export const OVERDUE_EVENT = 'overdue/5d';
/** Due six days ago by UTC: five days overdue in every time zone, and within the flow's catch-up. */
export const OVERDUE_DUE_IN_DAYS = -6;

/**
 * Applies a flow that reminds of the invoices of this run (their reference says so) five days after they were due: the
 * customer by text message, staff by e-mail. What is due already when the invoice is first seen goes out at once.
 */
export async function applyOverdueFlow(
  system: RunningSystem,
  { xero, twilio }: DemoConnections,
  run: { readonly reference: string; readonly staffEmail: string },
): Promise<void> {
  const { consoleUrl, consoleToken } = system.sandbox;
  const { flows } = await requestJson<{ flows: { flowId: string; version: number }[] }>(
    `${consoleUrl}/api/flows`,
    { token: consoleToken },
  );
  const version = flows.find(({ flowId }) => flowId === FLOW)?.version ?? 0;
  await requestJson(`${consoleUrl}/api/flows/${FLOW}`, {
    method: 'PUT',
    token: consoleToken,
    headers: { 'if-match': `"${version}"` },
    body: {
      yaml: `
apiVersion: ledgerwire/v1
id: ${FLOW}
name: Reminders of the sandbox scenario
workspace: demo
source: ${xero.connectionId}
target: ${twilio.connectionId}
steps:
  - id: overdue
    when: invoice.overdue
    days: 5
    at: '00:00'
    catchUp: 7d
    if: { field: invoice.reference, is: ${run.reference} }
    to: customer
    channel: sms
    template: '{{ invoice.number }} is overdue, {{ invoice.amountDue | money }} is open.'
    escalate:
      from: 5
      to: { staff: { emails: [${run.staffEmail}] } }
      channel: email
      template:
        subject: '{{ invoice.number }} is overdue'
        text: '{{ contact.name }} owes {{ invoice.amountDue | money }}.'
`,
    },
  });
}
