import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { retargetFlow } from '#libs/flows';
import { repositoryRoot } from '../lib/paths.ts';
import { UserError } from '../lib/user-error.ts';
import { connectTwilioAccount, findConnections } from '../once/connect-demo.ts';
import { consentAsOwner } from '../once/consent-as-owner.ts';
import type { DemoConnection } from '../once/demo-vendor.ts';
import { requestJson } from '../once/http.ts';
import type { RunningSystem } from '../start/start-system.ts';

/** One business event: this invoice was issued, and this number is to hear of it once. */
export interface BenchEvent {
  readonly tenantId: string;
  readonly invoiceId: string;
  readonly to: string;
}

/** Organisations that are connected, with invoices of which nobody has told yet. */
export interface Tenants {
  readonly tenantIds: readonly string[];
  /** Access tokens of the sandbox's own client, by tenant. */
  readonly tokens: Readonly<Record<string, string>>;
  /** So many fresh events, spread over all tenants, each to another number. */
  take(count: number): BenchEvent[];
}

/** How much is made. */
export interface TenantPlan {
  readonly organisations: number;
  readonly contactsEach: number;
  /** How often {@link Tenants.take} can be called. */
  readonly rounds: number;
}

interface Account {
  readonly accountId: string;
  readonly accessToken: string;
}

interface XeroInvoice {
  readonly InvoiceID: string;
  readonly Contact: { readonly Name: string };
}

const WORKSPACE = 'bench';
const FLOW = 'xero-invoice-notices';
const PAGE_SIZE = 1000;
/** Far above what one machine does, and no poll while it is measured: the limits are tested elsewhere. */
const SETTINGS = {
  minuteLimit: '900000000',
  dailyLimit: '900000000',
  concurrentLimit: '64',
  pollIntervalSeconds: '900000000',
};

/** Makes organisations at the Xero double and connects them as their owner would. */
export async function connectTenants(system: RunningSystem, plan: TenantPlan): Promise<Tenants> {
  const accounts: Account[] = [];
  for (let index = 0; index < plan.organisations; index += 1)
    accounts.push(await makeOrganisation(system, plan, index));
  const tenantIds = accounts.map(({ accountId }) => accountId);
  const link = await broker<{ url: string }>(system, 'POST', '/connect-links', {
    vendor: 'xero',
    workspaceId: WORKSPACE,
  });
  await consentAsOwner(link.url, tenantIds);
  const connections = await findConnections(system, WORKSPACE, 'xero');
  if (connections.length !== plan.organisations)
    throw new UserError(`${connections.length} of ${plan.organisations} organisations could be connected`);
  for (const { connectionId } of connections)
    await broker(system, 'PATCH', `/connections/${connectionId}`, { settings: SETTINGS });
  const invoices = await Promise.all(accounts.map((account) => eventsOf(system, account, plan)));
  let round = 0;
  return {
    tenantIds,
    tokens: Object.fromEntries(accounts.map(({ accountId, accessToken }) => [accountId, accessToken])),
    take: (count) => {
      const from = round * plan.contactsEach;
      round += 1;
      // The n-th customer of every organisation before the next customer of any: neighbours are of different tenants.
      const events = Array.from({ length: plan.contactsEach }, (_, n) =>
        invoices.flatMap((own) => own[from + n] ?? []),
      ).flat();
      if (events.length < count) throw new Error(`there are ${events.length} events left, not ${count}`);
      return events.slice(0, count);
    },
  };
}

/** Applies the flow of invoice notices for each connected organisation. */
export async function applyFlows(system: RunningSystem): Promise<void> {
  const sources = await findConnections(system, WORKSPACE, 'xero');
  const target = await connectTwilioAccount(system, WORKSPACE);
  const yaml = readFileSync(join(repositoryRoot, 'flows', `${FLOW}.yaml`), 'utf8');
  for (const [index, source] of sources.entries())
    await applyFlow(system, yaml, `${FLOW}-${index + 1}`, source, target);
}

async function applyFlow(
  { sandbox }: RunningSystem,
  yaml: string,
  flowId: string,
  source: DemoConnection,
  target: DemoConnection,
): Promise<void> {
  const own = retargetFlow(yaml, {
    workspace: WORKSPACE,
    source: source.connectionId,
    target: target.connectionId,
  });
  await requestJson(`${sandbox.consoleUrl}/api/flows/${flowId}`, {
    method: 'PUT',
    token: sandbox.consoleToken,
    headers: { 'if-match': '"0"' },
    body: { yaml: own.replace(`id: ${FLOW}`, `id: ${flowId}`) },
  });
}

async function makeOrganisation(
  system: RunningSystem,
  plan: TenantPlan,
  organisation: number,
): Promise<Account> {
  const contacts = Array.from({ length: plan.contactsEach }, (_, index) => {
    const digits = String(5_000_000 + organisation * plan.contactsEach + index);
    return {
      // The number is in the name too: a list of invoices shows the name alone.
      Name: `Customer +6421${digits}`,
      Phones: [{ PhoneType: 'MOBILE', PhoneCountryCode: '64', PhoneAreaCode: '21', PhoneNumber: digits }],
    };
  });
  const { accounts } = await requestJson<{ accounts: Account[] }>(
    `${system.sandbox.sandboxUrl}/__sandbox/xero/organisations`,
    {
      method: 'POST',
      body: { name: `Bench ${organisation + 1}`, contacts, invoices: plan.contactsEach * plan.rounds },
    },
  );
  const [account] = accounts;
  if (!account) throw new Error('the sandbox made no organisation');
  return account;
}

/** All invoices of an organisation, in order of creation: the first of each customer, then the second of each, and so on. */
async function eventsOf(system: RunningSystem, account: Account, plan: TenantPlan): Promise<BenchEvent[]> {
  const events: BenchEvent[] = [];
  const wanted = plan.contactsEach * plan.rounds;
  for (let page = 1; events.length < wanted; page += 1) {
    const { Invoices } = await requestJson<{ Invoices: XeroInvoice[] }>(
      `${system.sandbox.sandboxUrl}/xero/api.xro/2.0/Invoices?page=${page}&pageSize=${PAGE_SIZE}&summaryOnly=true`,
      { token: account.accessToken, headers: { 'xero-tenant-id': account.accountId } },
    );
    if (Invoices.length === 0) throw new Error('the Xero double lists fewer invoices than it made');
    for (const { InvoiceID, Contact } of Invoices)
      events.push({
        tenantId: account.accountId,
        invoiceId: InvoiceID,
        to: Contact.Name.replace('Customer ', ''),
      });
  }
  return events;
}

function broker<T>(system: RunningSystem, method: 'POST' | 'PATCH', path: string, body: unknown): Promise<T> {
  const url = system.context.urls['token-broker'];
  return requestJson<T>(url + path, { method, token: system.sandbox.consoleToken, body });
}
