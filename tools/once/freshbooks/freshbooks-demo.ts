import type { RunningSystem } from '../../start/start-system.ts';
import { UserError } from '../../lib/user-error.ts';
import { brokerUrl, type DemoConnection, type DemoVendor } from '../demo-vendor.ts';
import { requestJson } from '../http.ts';
import { until } from '../sandbox-control.ts';
import { playFreshbooks } from './freshbooks-events.ts';

/** The demo business of FreshBooks and its part of the scenario. */
export const demo: DemoVendor = {
  vendor: 'freshbooks',
  flows: [
    'freshbooks-invoice-notices',
    'freshbooks-overdue-reminders',
    'freshbooks-payment-confirmations',
    'freshbooks-bill-approvals',
    'freshbooks-vendor-alerts',
  ],
  prepare: untilSubscribed,
  play: playFreshbooks,
};

/** The product subscribes by itself; changes that come before are told to nobody and wait for the poll. */
async function untilSubscribed(system: RunningSystem, { connectionId }: DemoConnection): Promise<void> {
  const connection = `${brokerUrl(system)}/connections/${connectionId}`;
  const token = system.sandbox.consoleToken;
  // Our own caution where FreshBooks names no limit; the scenario puts into seconds what people do in minutes.
  const settings = { minuteLimit: '1200', concurrentLimit: '8' };
  await requestJson(connection, { method: 'PATCH', token, body: { settings } });
  const isSubscribed = async (): Promise<boolean> => {
    const { subscriptions } = await requestJson<{ subscriptions: { status: string }[] }>(
      `${connection}/subscriptions`,
      { token },
    );
    return subscriptions.length > 0 && subscriptions.every(({ status }) => status === 'verified');
  };
  // A second start finds what the double lost by then.
  await until(async () => (await isSubscribed()) && (await deliversTo(system, connectionId)));
  if (await isSubscribed()) return;
  throw new UserError('FreshBooks’ callbacks could not be subscribed to; see the log of token-broker');
}

/** The double keeps nothing over a restart, and token-broker finds out at its next look. */
async function deliversTo(system: RunningSystem, connectionId: string): Promise<boolean> {
  const { callbacks } = await requestJson<{ callbacks: { uri: string; verified: boolean }[] }>(
    `${system.sandbox.sandboxUrl}/__sandbox/freshbooks/callbacks`,
  );
  const ours = callbacks.filter(({ uri }) => uri.includes(`/${connectionId}/`));
  return ours.length > 0 && ours.every(({ verified }) => verified);
}
