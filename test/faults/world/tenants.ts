import { brokerUrl, setConnectionSettings } from './connection-settings.ts';
import { retryWhile } from './retry.ts';
import { requestJson } from '../../../tools/once/http.ts';
import type { RunningSystem } from '../../../tools/start/start-system.ts';
import type { SandboxControl, XeroAccount } from './sandbox.ts';

/** One company of the load: an organisation of the Xero double, connected as its owner would. */
export interface Tenant {
  readonly index: number;
  /** The Xero tenant id. */
  readonly accountId: string;
  readonly connectionId: string;
}

/** The one workspace of all tenants: the Twilio double has one account, and an account belongs to one workspace. */
export const WORKSPACE = 'faults';

/**
 * What the organisations of the load may call at Xero: more than its usual 60 a minute and 5,000 a day, or a few busy ones would wait
 * for the vendor and hide what the fault did. The limiter itself is at work all the same; F8 and the isolation of tenants test it.
 */
export const LOAD_SETTINGS = { minuteLimit: '6000', dailyLimit: '1000000' };

interface ListedConnection {
  readonly vendor: string;
  readonly connectionId: string;
  readonly accountId: string;
}

/** Connects `count` new organisations, and gives each a flow that tells of issued invoices by the Twilio connection. */
export async function makeTenants(
  system: RunningSystem,
  sandbox: SandboxControl,
  plan: { readonly count: number; readonly firstIndex: number; readonly twilioConnectionId: string },
): Promise<Tenant[]> {
  const accounts = await addConnected(system, sandbox, plan.count);
  const ids = await connectionIds(system);
  const tenants = accounts.map(({ accountId }, place) => {
    const connectionId = ids.get(accountId);
    if (connectionId === undefined) throw new Error(`organisation ${accountId} could not be connected`);
    return { index: plan.firstIndex + place, accountId, connectionId };
  });
  for (const tenant of tenants) {
    await setConnectionSettings({ system }, tenant.connectionId, LOAD_SETTINGS);
    await applyFlow(system, tenant, plan.twilioConnectionId);
  }
  return tenants;
}

/** Connects `count` more organisations that no flow listens to; their connection ids. */
export async function connectOrganisations(
  system: RunningSystem,
  sandbox: SandboxControl,
  count: number,
): Promise<string[]> {
  const accounts = await addConnected(system, sandbox, count);
  const ids = await connectionIds(system);
  return accounts.map(({ accountId }) => {
    const id = ids.get(accountId);
    if (id === undefined) throw new Error(`organisation ${accountId} could not be connected`);
    return id;
  });
}

async function addConnected(
  system: RunningSystem,
  sandbox: SandboxControl,
  count: number,
): Promise<XeroAccount[]> {
  const { accounts } = await sandbox.addOrganisations(count);
  for (const account of accounts) await connectOrganisation(system, account);
  return accounts;
}

/** Connection ids of the workspace by the vendor's account id. */
async function connectionIds(system: RunningSystem): Promise<Map<string, string>> {
  const { connections } = await requestJson<{ connections: ListedConnection[] }>(
    `${brokerUrl(system)}/connections?workspaceId=${WORKSPACE}`,
    { token: system.sandbox.consoleToken },
  );
  return new Map(connections.map(({ accountId, connectionId }) => [accountId, connectionId]));
}

/** Connects the Twilio account through which all tenants send; the connection's id. */
export async function connectTwilio(system: RunningSystem): Promise<string> {
  const { accountSid, authToken, apiKeySid, apiKeySecret, messagingServiceSid } = system.sandbox.twilio;
  const { connectionId } = await requestJson<ListedConnection>(`${brokerUrl(system)}/connections`, {
    method: 'POST',
    token: system.sandbox.consoleToken,
    body: {
      vendor: 'twilio',
      workspaceId: WORKSPACE,
      credentials: { accountSid, authToken, apiKeySid, apiKeySecret },
      settings: { messagingServiceSid: String(messagingServiceSid) },
    },
  });
  return connectionId;
}

/** Follows an operator's link through the vendor's consent page. */
async function connectOrganisation(system: RunningSystem, account: XeroAccount): Promise<void> {
  const link = await requestJson<{ url: string }>(`${brokerUrl(system)}/connect-links`, {
    method: 'POST',
    token: system.sandbox.consoleToken,
    body: { vendor: 'xero', workspaceId: WORKSPACE },
  });
  const cookies = new Map<string, string>();
  let url: string | undefined = link.url.replace('/connect/xero?', '/connect/xero/authorise?');
  while (url !== undefined) {
    const response: Response = await fetch(url.replace('//localhost:', '//127.0.0.1:'), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    await response.body?.cancel();
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    if (name !== undefined && value !== undefined) cookies.set(name, value);
    const location = response.headers.get('location');
    url = location === null ? undefined : new URL(location, url).href;
    if (url?.includes('/connect/authorize')) url += `&auto=1&organisation=${account.accountId}`;
  }
}

function applyFlow(system: RunningSystem, tenant: Tenant, twilioConnectionId: string): Promise<unknown> {
  const { consoleUrl, consoleToken } = system.sandbox;
  const id = `fault-tenant-${tenant.index}`;
  const yaml = `apiVersion: ledgerwire/v1
id: ${id}
name: Invoices of fault tenant ${tenant.index}
workspace: ${WORKSPACE}
source: ${tenant.connectionId}
target: ${twilioConnectionId}
country: NZ
locale: en-NZ
steps:
  - id: issued
    when: invoice.issued
    to: customer
    channel: [sms]
    notAfter: 2d
    template:
      text: "{{ company.name }} to {{ contact.name }}: invoice {{ invoice.number }} over {{ invoice.amountDue | money }}."
`;
  // The topic of flows is written at once or a little later; a console that starts again is asked again.
  return retryWhile(
    () =>
      requestJson(`${consoleUrl}/api/flows/${id}`, {
        method: 'PUT',
        token: consoleToken,
        headers: { 'if-match': '"0"' },
        body: { yaml },
      }),
    3,
  );
}
