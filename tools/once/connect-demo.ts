import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { retargetFlow } from '#libs/flows';
import { repositoryRoot } from '../lib/paths.ts';
import { UserError } from '../lib/user-error.ts';
import type { RunningSystem } from '../start/start-system.ts';
import { doubledVendors, isReal } from '../start/vendor-variables.ts';
import { requestJson } from './http.ts';
import { consentAsOwner } from './consent-as-owner.ts';
import { brokerUrl, type DemoConnection, type DemoVendor } from './demo-vendor.ts';
import { demoVendors } from './demo-vendors.ts';

/** The demo company's connections, as far as there are. */
export interface DemoCompany {
  readonly xero: DemoConnection | undefined;
  readonly twilio: DemoConnection | undefined;
  /** Those of {@link demoVendors}, by vendor. */
  readonly others: ReadonlyMap<string, DemoConnection>;
  /** For people: vendors that were left alone, because they are the real ones, and what to do about them. */
  readonly left: readonly string[];
}

/** All of them, where the sandbox is in the place of every vendor. */
export interface DemoConnections extends DemoCompany {
  readonly xero: DemoConnection;
  readonly twilio: DemoConnection;
}

interface ListedConnection extends DemoConnection {
  readonly vendor: string;
  readonly status: string;
}

const WORKSPACE = 'demo';
const FLOWS = ['xero-invoice-notices', 'xero-payment-confirmations', 'xero-overdue-reminders'];

/**
 * Connects the sandbox's companies as their owner would and applies the ready flows to them. What is connected or applied
 * already stays as it is, so that a second start changes nothing. A real vendor is not touched: nobody signs in there, it gets none
 * of the sandbox's credentials, and no flow leads from or to it.
 */
export async function connectDemo(system: RunningSystem): Promise<DemoCompany> {
  const real = doubledVendors.filter((vendor) => isReal(vendor, system.context.environment));
  const twilio = real.includes('twilio') ? undefined : await connectSender(system);
  const xero = real.includes('xero') ? undefined : await connectAccount(system, 'xero');
  if (xero) for (const flowId of FLOWS) await applyFlow(system, flowId, { source: xero, target: twilio });
  const others = new Map<string, DemoConnection>();
  for (const demo of demoVendors.filter(({ vendor }) => !real.includes(vendor)))
    others.set(demo.vendor, await connectVendor(system, demo, twilio));
  return { xero, twilio, others, left: real.map(leftAlone) };
}

/**
 * The same where no vendor is a real one.
 *
 * @throws UserError when one is.
 */
export async function connectWholeDemo(system: RunningSystem): Promise<DemoConnections> {
  const { xero, twilio, ...rest } = await connectDemo(system);
  if (xero && twilio) return { xero, twilio, ...rest };
  throw new UserError(`The scenario plays with the sandbox alone. ${rest.left.join(' ')}`);
}

function leftAlone(vendor: string): string {
  const sends =
    vendor === 'twilio' ? ' The flows of the demo were not applied, since they would send through it.' : '';
  return `${vendor} is the real one, so that nothing of the demo was connected there.${sends} To connect your account: docs/vendors/${vendor}.md.`;
}

/** The sandbox's own account, also where a person has connected another one in the same workspace. */
async function connectSender(system: RunningSystem): Promise<DemoConnection> {
  const { accountSid } = system.sandbox.twilio;
  const twilio =
    (await findConnection(system, 'twilio', accountSid)) ?? (await connectTwilioAccount(system, WORKSPACE));
  const webhooks = `${system.context.urls.ingress}/webhooks/twilio/${twilio.connectionId}`;
  await requestJson(`${system.sandbox.sandboxUrl}/__sandbox/webhooks`, {
    method: 'POST',
    body: {
      vendor: 'twilio',
      inboundUrl: `${webhooks}/inbound`,
      emailEventsUrl: `${webhooks}/email-events`,
    },
  });
  return twilio;
}

async function connectVendor(
  system: RunningSystem,
  { vendor, flows, prepare, allAccounts = false }: DemoVendor,
  target: DemoConnection | undefined,
): Promise<DemoConnection> {
  const ids = accountsOf(system, vendor);
  const connections: DemoConnection[] = [];
  for (const id of allAccounts ? ids : ids.slice(0, 1)) {
    const connection = await connectAccount(system, vendor, id);
    await prepare?.(system, connection);
    connections.push(connection);
  }
  const [source] = connections;
  if (!source) throw new UserError(`the sandbox has no account at ${vendor}`);
  for (const flowId of flows) await applyFlow(system, flowId, { source, target });
  return source;
}

function accountsOf(system: RunningSystem, vendor: string): string[] {
  return (system.sandbox.vendors[vendor]?.accounts ?? []).map(({ accountId }) => accountId);
}

/**
 * Lets the scenario put into seconds what people do in minutes: a tenant of Xero has 60 calls a minute, and the scenario's own
 * calls count too.
 */
export async function liftMinuteLimit(system: RunningSystem, { xero }: DemoConnections): Promise<void> {
  await requestJson(`${system.sandbox.sandboxUrl}/__sandbox/limits`, {
    method: 'POST',
    body: { vendor: 'xero', perTenantMinute: null },
  });
  await setMinuteLimit(system, xero, { minuteLimit: '600' });
}

/** The limit that Xero has again, e.g. before the next start with the same data. */
export function restoreMinuteLimit(system: RunningSystem, { xero }: DemoConnections): Promise<unknown> {
  return setMinuteLimit(system, xero, {});
}

function setMinuteLimit(
  system: RunningSystem,
  { connectionId }: DemoConnection,
  settings: Readonly<Record<string, string>>,
): Promise<unknown> {
  return requestJson(`${brokerUrl(system)}/connections/${connectionId}`, {
    method: 'PATCH',
    token: system.sandbox.consoleToken,
    body: { settings },
  });
}

/** The active connections of a workspace to one vendor. */
export async function findConnections(
  system: RunningSystem,
  workspaceId: string,
  vendor: string,
): Promise<DemoConnection[]> {
  const { connections } = await requestJson<{ connections: ListedConnection[] }>(
    `${brokerUrl(system)}/connections?workspaceId=${workspaceId}`,
    { token: system.sandbox.consoleToken },
  );
  return connections.filter((connection) => connection.vendor === vendor && connection.status === 'active');
}

async function findConnection(
  system: RunningSystem,
  vendor: string,
  accountId: string,
): Promise<DemoConnection | undefined> {
  const found = await findConnections(system, WORKSPACE, vendor);
  return found.find((connection) => connection.accountId === accountId);
}

/** Finds the connection to an account of the sandbox, the first unless told, or follows the operator's link to make it. */
async function connectAccount(
  system: RunningSystem,
  vendor: string,
  accountId = accountsOf(system, vendor)[0],
): Promise<DemoConnection> {
  if (accountId === undefined) throw new UserError(`the sandbox has no account at ${vendor}`);
  const found = await findConnection(system, vendor, accountId);
  if (found) return found;
  const link = await requestJson<{ url: string }>(`${brokerUrl(system)}/connect-links`, {
    method: 'POST',
    token: system.sandbox.consoleToken,
    body: { vendor, workspaceId: WORKSPACE },
  });
  await consentAsOwner(link.url, [accountId]);
  const connection = await findConnection(system, vendor, accountId);
  if (connection) return connection;
  throw new UserError(`the account at ${vendor} could not be connected; see the log of token-broker`);
}

/** Hands the keys of the double's Twilio account to token-broker. */
export async function connectTwilioAccount(
  system: RunningSystem,
  workspaceId: string,
): Promise<DemoConnection> {
  const { accountSid, authToken, apiKeySid, apiKeySecret, messagingServiceSid } = system.sandbox.twilio;
  return requestJson<DemoConnection>(`${brokerUrl(system)}/connections`, {
    method: 'POST',
    token: system.sandbox.consoleToken,
    body: {
      vendor: 'twilio',
      workspaceId,
      credentials: { accountSid, authToken, apiKeySid, apiKeySecret },
      settings: {
        messagingServiceSid: String(messagingServiceSid),
        emailFrom: 'accounts@demo.example',
        emailFromName: 'Demo Company',
      },
    },
  });
}

/** Unless it is there already, or there is nothing that it might send through. */
async function applyFlow(
  system: RunningSystem,
  flowId: string,
  { source, target }: { readonly source: DemoConnection; readonly target: DemoConnection | undefined },
): Promise<void> {
  if (!target) return;
  const { consoleUrl, consoleToken } = system.sandbox;
  const { flows } = await requestJson<{ flows: { flowId: string }[] }>(`${consoleUrl}/api/flows`, {
    token: consoleToken,
  });
  if (flows.some((flow) => flow.flowId === flowId)) return;
  const yaml = readFileSync(join(repositoryRoot, 'flows', `${flowId}.yaml`), 'utf8');
  await requestJson(`${consoleUrl}/api/flows/${flowId}`, {
    method: 'PUT',
    token: consoleToken,
    headers: { 'if-match': '"0"' },
    body: {
      yaml: retargetFlow(yaml, {
        workspace: WORKSPACE,
        source: source.connectionId,
        target: target.connectionId,
      }),
    },
  });
}
