import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '#libs/core';
import {
  type AuthCall,
  BatchLoader,
  type OAuth2Auth,
  type RawEntity,
  type VendorCall,
  type VendorSource,
  type WebhookEvent,
} from '#libs/vendor-kit';
import { xero } from '#libs/vendors/xero';
import { connectionTo, type RunningSandbox, startSandbox, startSink } from './sandbox.fixture.js';
import { consentOf, newOrganisation, type XeroOrganisation, xeroRuntime } from './xero.fixture.js';

const source = xero.source as VendorSource;
const auth = xero.auth as OAuth2Auth;
let sandbox: RunningSandbox;
let organisation: XeroOrganisation;
let runtime: ReturnType<typeof xeroRuntime>;
let tenant: string;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  organisation = await newOrganisation(sandbox, { contacts: 4, invoices: 6 });
  ({ tenant } = organisation);
  const inForce = async () => (await organisation.outside()).accessToken;
  runtime = xeroRuntime(sandbox, tenant, inForce);
});
afterEach(() => runtime.close());

function call(settings: Record<string, string> = {}): VendorCall {
  return runtime.callFor(connectionTo('xero', tenant, settings));
}

function authCall(): AuthCall {
  const { clientId, clientSecret } = sandbox.clients.vendors.xero;
  return runtime.authCall({ clientId, clientSecret });
}

/** Changes the books as an outside client of Xero would. */
async function write<T>(path: string, body: object): Promise<T> {
  const { accessToken } = await organisation.outside();
  const response = await fetch(`${sandbox.url}/xero/api.xro/2.0/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'xero-tenant-id': tenant,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function pollAll(
  entityType: string,
  from: string,
  vendorCall = call(),
): Promise<{ entities: RawEntity[]; next: string }> {
  const entities: RawEntity[] = [];
  for (let position = from; ;) {
    const page = await source.poll(vendorCall, entityType, position);
    entities.push(...page.entities);
    if (page.done) return { entities, next: page.next };
    position = page.next;
  }
}

test('authorises with PKCE, describes the organisation, refreshes with rotation and understands a revocation', async () => {
  const { tokens, state } = await consentOf(sandbox, runtime, tenant);
  expect(state).toBe('the state');
  expect(tokens.scopes).toEqual(expect.arrayContaining([...auth.scopes]));
  expect(tokens.accessTokenExpiresAt - systemClock.now()).toBeLessThanOrEqual(auth.lifetimes.accessTokenMs);
  expect(await auth.listAccounts(authCall(), tokens.accessToken)).toEqual([
    {
      accountId: tenant,
      displayName: 'Contract Ltd',
      timeZone: 'Pacific/Auckland',
      country: 'NZ',
      currency: 'NZD',
      handle: expect.any(String) as string,
    },
  ]);

  const first = tokens.refreshToken ?? '';
  const second = await auth.refresh(authCall(), first);
  expect(second.refreshToken).not.toBe(first);
  // The answer was lost: the former token works again within the grace.
  const again = await auth.refresh(authCall(), first);
  await auth.revoke(authCall(), again.refreshToken ?? '');
  const refused = await auth.refresh(authCall(), again.refreshToken ?? '').catch((error: unknown) => error);
  const { refreshGraceMs: graceMs } = auth.lifetimes;
  expect(auth.classifyRefreshFailure(refused, { triedForMs: graceMs, graceMs })).toBe('revoked');
});

test('a wrong app secret is a misconfiguration and revokes nothing', async () => {
  const { refreshToken } = await organisation.outside();
  const wrong = runtime.authCall({ clientId: sandbox.clients.vendors.xero.clientId, clientSecret: 'wrong' });
  const refused = await auth.refresh(wrong, refreshToken).catch((error: unknown) => error);
  expect(auth.classifyRefreshFailure(refused, { triedForMs: Infinity, graceMs: 0 })).toBe('misconfigured');
});

test('reads every invoice, contact and payment of an organisation as records', async () => {
  const { entities: invoices } = await pollAll('invoice', source.startPosition('invoice', 0));
  expect(invoices.length).toBeGreaterThanOrEqual(6);
  const first = invoices[0];
  await write('Payments', {
    Invoice: { InvoiceID: first?.entityId },
    Account: { Code: '090' },
    Date: '2026-11-20',
    Amount: 1.5,
  });
  const { entities: contacts } = await pollAll('contact', source.startPosition('contact', 0));
  const { entities: payments } = await pollAll('payment', source.startPosition('payment', 0));
  for (const raw of [...invoices, ...contacts, ...payments]) {
    const body = source.toRecordBody(raw);
    expect([body.invoice, body.payment, body.contact].filter(Boolean)).toHaveLength(1);
  }
  const paid = source.toRecordBody(payments[0] as RawEntity);
  expect(paid.payment).toMatchObject({
    kind: 'received',
    status: 'settled',
    amount: '1.5',
    currency: 'NZD',
    invoiceId: first?.entityId,
  });
});

test('fetches many at once with their lines, one by itself, and knows what is gone', async () => {
  const { entities } = await pollAll('invoice', source.startPosition('invoice', 0));
  const ids = entities.map(({ entityId }) => entityId);
  const none = '00000000-0000-4000-8000-000000000000';
  const found = await source.fetchEntities(call(), 'invoice', [...ids, none]);
  expect([...found.keys()].toSorted()).toEqual([...ids, none].toSorted());
  expect(found.get(none)).toBe('gone');
  for (const id of ids) {
    const raw = found.get(id) as RawEntity;
    expect(source.toRecordBody(raw).invoice?.lines.length).toBeGreaterThan(0);
    const contactId = source.relatedTo(source.toRecordBody(raw))[0]?.entityId ?? '';
    expect((await source.fetchEntities(call(), 'contact', [contactId])).get(contactId)).toMatchObject({
      entityType: 'contact',
    });
  }
});

test('a poll finds what changed since the last one and nothing that is long known', async () => {
  const { next } = await pollAll('invoice', source.startPosition('invoice', 0));
  await sandbox.control('/clock', { advanceMs: 10 * 60_000 });
  const later = await pollAll('invoice', next);
  // The overlap of the first poll may show its own last minutes again, a second poll shows them no more.
  expect((await pollAll('invoice', later.next)).entities).toEqual([]);
  const { entities } = await pollAll('contact', source.startPosition('contact', 0));
  const ContactID = entities[0]?.entityId;
  const created = await write<{ Invoices: { InvoiceID: string }[] }>('Invoices', {
    Type: 'ACCREC',
    Contact: { ContactID },
    Date: '2026-11-20',
    DueDate: '2026-12-01',
    Status: 'AUTHORISED',
    LineItems: [{ Description: 'Work', Quantity: 1, UnitAmount: 10.1, AccountCode: '200' }],
  });
  const found = await pollAll('invoice', later.next);
  expect(found.entities.map(({ entityId }) => entityId)).toEqual([created.Invoices[0]?.InvoiceID]);
});

test('takes the webhooks of changes, and passes the intent to receive', async () => {
  if (!xero.webhooks) throw new Error('no webhooks');
  const sink = await startSink(xero.webhooks, sandbox.clients.vendors.xero.webhookKey, null);
  try {
    await sandbox.control('/webhooks', { vendor: 'xero', url: `${sink.url}/webhooks/xero` });
    expect(await sandbox.control('/xero/intent-to-receive', {})).toMatchObject({ passed: true });
    await write('Contacts', { Name: 'Fresh Contact' });
    const events = (): readonly WebhookEvent[] =>
      sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));
    await vi.waitFor(() => expect(events()).toHaveLength(1), { timeout: 5000 });
    expect(events()[0]).toMatchObject({
      kind: 'change',
      accountId: tenant,
      entityType: 'contact',
      changeType: 'created',
    });
    expect(new Set(sink.verdicts.map(({ kind }) => kind))).toEqual(
      new Set(['handshake', 'rejected', 'accepted']),
    );
  } finally {
    await sink.close();
  }
});

test('a payment is discovered in the invoice that it settles', async () => {
  const { entities } = await pollAll('invoice', source.startPosition('invoice', 0));
  const [invoice] = entities;
  const paid = await write<{ Payments: { PaymentID: string }[] }>('Payments', {
    Invoice: { InvoiceID: invoice?.entityId },
    Account: { Code: '090' },
    Date: '2026-11-20',
    Amount: 2,
  });
  const found = await source.fetchEntities(call(), 'invoice', [invoice?.entityId ?? '']);
  const [raw] = found.values();
  expect(source.discoveredIn(raw as RawEntity)).toContainEqual({
    entityType: 'payment',
    entityId: paid.Payments[0]?.PaymentID,
  });
});

test('stays within the organisation’s limits, so that Xero never has to refuse', async () => {
  await sandbox.control('/limits', { vendor: 'xero', perTenantMinute: 20, perTenantConcurrent: 2 });
  const limited = call({ minuteLimit: '20', concurrentLimit: '2' });
  const { entities } = await pollAll('invoice', source.startPosition('invoice', 0), limited);
  const ids = entities.map(({ entityId }) => entityId);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) =>
      source.fetchEntities(limited, 'invoice', [ids[index % ids.length] ?? '']),
    ),
  );
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as { code: string }] : [],
  );
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(new Set(reasons.map(({ code }) => code))).toEqual(new Set(['vendor-limit-wait']));
  for (const reason of reasons) expect(reason).toMatchObject({ disposition: 'park', effect: 'none' });
});

test('obeys a refusal that it did not foresee', async () => {
  await sandbox.control('/limits', { vendor: 'xero', perTenantMinute: 1 });
  const ask = (): Promise<unknown> => source.poll(call(), 'contact', source.startPosition('contact', 0));
  await ask();
  const refused = await ask().catch((error: unknown) => error);
  expect(refused).toMatchObject({ disposition: 'park', effect: 'none' });
  expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(2000);
});

test('batches what is asked for while a call is under way', async () => {
  const { entities } = await pollAll('invoice', source.startPosition('invoice', 0));
  const sizes: number[] = [];
  const loader = new BatchLoader<RawEntity | 'gone'>({
    maxBatch: 40,
    isKeyFault: () => false,
    onCall: (keys) => sizes.push(keys),
    fetch: (ids) => source.fetchEntities(call(), 'invoice', ids),
  });
  const first = loader.load(entities[0]?.entityId ?? '');
  await new Promise((resolve) => setImmediate(resolve));
  const rest = entities.slice(1).map(({ entityId }) => loader.load(entityId));
  expect(await Promise.all([first, ...rest])).toHaveLength(entities.length);
  expect(sizes).toEqual([1, entities.length - 1]);
});

test('knows a disconnected organisation from an expired token', async () => {
  const { accessToken } = await organisation.outside();
  await sandbox.control('/xero/disconnect', { tenantId: tenant });
  const other = xeroRuntime(sandbox, tenant, () => accessToken);
  const ask = other.callFor(connectionTo('xero', tenant));
  const outcome = source.poll(ask, 'contact', source.startPosition('contact', 0));
  await expect(outcome).rejects.toMatchObject({ code: 'vendor-disconnected', disposition: 'park' });
  await other.close();
});

test.each([
  ['503', { kind: 'status', status: 503 }, { code: 'vendor-unavailable', disposition: 'retry' }],
  ['a reset', { kind: 'reset' }, { code: 'vendor-reset', disposition: 'retry' }],
  ['a cut answer', { kind: 'cut-body', when: 'after' }, { code: 'vendor-reset', disposition: 'retry' }],
])('reads %s as trouble that passes', async (_, fault, expected) => {
  await sandbox.control('/faults', { vendor: 'xero', ...fault });
  const outcome = source.poll(call(), 'contact', source.startPosition('contact', 0));
  await expect(outcome).rejects.toMatchObject({ ...expected, effect: 'none' });
});
