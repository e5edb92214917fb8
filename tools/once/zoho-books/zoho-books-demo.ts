import type { RunningSystem } from '../../start/start-system.ts';
import { brokerUrl, type DemoConnection, type DemoVendor } from '../demo-vendor.ts';
import { requestJson } from '../http.ts';
import { playZohoBooks } from './zoho-books-events.ts';

/** The demo organisations of Zoho Books: rules that send signed webhooks, and its part of the scenario. */
export const demo: DemoVendor = {
  vendor: 'zoho-books',
  // One in the United States and one in Europe.
  allAccounts: true,
  flows: [
    'zoho-books-invoice-notices',
    'zoho-books-payment-thanks',
    'zoho-books-due-and-overdue',
    'zoho-books-finance-alerts',
  ],
  prepare: setUpRules,
  play: playZohoBooks,
};

/** What a person does under Settings → Automation, with the secret that token-broker shows for the connection. */
async function setUpRules(system: RunningSystem, { connectionId, accountId }: DemoConnection): Promise<void> {
  const { secret } = await requestJson<{ secret: string }>(
    `${brokerUrl(system)}/connections/${connectionId}/webhook-setup`,
    { token: system.sandbox.consoleToken },
  );
  const { sandboxUrl, ingressUrl } = system.sandbox;
  await requestJson(`${sandboxUrl}/__sandbox/zoho-books/rules`, {
    method: 'POST',
    body: { organizationId: accountId, url: `${ingressUrl}/webhooks/zoho-books/${connectionId}`, secret },
  });
}
