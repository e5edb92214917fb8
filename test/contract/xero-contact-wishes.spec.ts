import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AccountingApi } from 'xero-node';
import type { OAuth2Auth, VendorCall, VendorContactWishes } from '#libs/vendor-kit';
import { xero } from '#libs/vendors/xero';
import { connectionTo, type RunningSandbox, startSandbox, startSink } from './sandbox.fixture.js';
import { consentOf, newOrganisation, xeroRuntime } from './xero.fixture.js';

const GROUP = 'No text messages';
const wishes = xero.contactWishes as VendorContactWishes;
const auth = xero.auth as OAuth2Auth;
let sandbox: RunningSandbox;
let runtime: ReturnType<typeof xeroRuntime>;
let tenant: string;
let contactId: string;
/** Of the consent that our client uses. */
let accessToken: string;
/** The official SDK, as somebody at the company. */
let api: AccountingApi;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  const organisation = await newOrganisation(sandbox, { contacts: 2, invoices: 1 });
  ({ tenant } = organisation);
  api = new AccountingApi(`${sandbox.url}/xero/api.xro/2.0`);
  api.accessToken = (await organisation.outside()).accessToken;
  contactId = (await api.getContacts(tenant)).body.contacts?.[0]?.contactID ?? '';
  runtime = xeroRuntime(sandbox, tenant, () => accessToken);
  accessToken = await consent(auth.writeScopes);
});
afterEach(() => runtime.close());

/** A consent as an operator's link leads to it, with the right to write or without. */
async function consent(extraScopes: readonly string[] = []): Promise<string> {
  return (await consentOf(sandbox, runtime, tenant, extraScopes)).tokens.accessToken;
}

function call(): VendorCall {
  return runtime.callFor(connectionTo('xero', tenant, { optOutGroup: GROUP }));
}

async function makeGroup(): Promise<void> {
  await api.createContactGroup(tenant, { contactGroups: [{ name: GROUP }] });
}

/** The contact without the time of its last change. */
async function contactWithoutTime(): Promise<object> {
  const { body } = await api.getContact(tenant, contactId);
  return Object.assign({}, body.contacts?.[0], { updatedDateUTC: null });
}

async function groupsOf(): Promise<(string | undefined)[]> {
  const { body } = await api.getContact(tenant, contactId);
  return body.contacts?.[0]?.contactGroups?.map(({ name }) => name) ?? [];
}

test('what is written is what the official SDK reads, and nothing else of the contact changes', async () => {
  await makeGroup();
  const before = await contactWithoutTime();
  expect(await wishes.bring(call(), { contactId, smsAllowed: false })).toBe('written');
  expect(await groupsOf()).toContain(GROUP);
  expect(await wishes.bring(call(), { contactId, smsAllowed: true })).toBe('written');
  expect(await contactWithoutTime()).toEqual(before);
});

test('told again, it writes nothing and raises no second webhook', async () => {
  if (!xero.webhooks) throw new Error('no webhooks');
  await makeGroup();
  const sink = await startSink(xero.webhooks, sandbox.clients.vendors.xero.webhookKey, null);
  try {
    await sandbox.control('/webhooks', { vendor: 'xero', url: `${sink.url}/webhooks/xero` });
    await sandbox.control('/xero/intent-to-receive', {});
    const results = [];
    for (let time = 1; time <= 3; time += 1)
      results.push(await wishes.bring(call(), { contactId, smsAllowed: false }));
    expect(results).toEqual(['written', 'as-wished', 'as-wished']);
    // A later change is the proof that nothing is on its way before it.
    await api.createContacts(tenant, { contacts: [{ name: 'The last one' }] });
    const events = () =>
      sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));
    await vi.waitFor(
      () => expect(events().at(-1)).toMatchObject({ entityType: 'contact', changeType: 'created' }),
      { timeout: 20_000 },
    );
    expect(events().map((event) => (event.kind === 'change' ? event.changeType : event.kind))).toEqual([
      'updated',
      'created',
    ]);
  } finally {
    await sink.close();
  }
});

test('waits for the group to be made', async () => {
  const wish = { contactId, smsAllowed: false };
  await expect(wishes.bring(call(), wish)).rejects.toMatchObject({
    code: 'vendor-misconfigured',
    disposition: 'park',
  });
  await makeGroup();
  expect(await wishes.bring(call(), wish)).toBe('written');
});

test('waits for the right to write, and goes on after a consent that gives it', async () => {
  await makeGroup();
  accessToken = await consent();
  const wish = { contactId, smsAllowed: false };
  await expect(wishes.bring(call(), wish)).rejects.toMatchObject({
    code: 'vendor-forbidden',
    disposition: 'park',
  });
  expect(await groupsOf()).not.toContain(GROUP);
  accessToken = await consent(auth.writeScopes);
  expect(await wishes.bring(call(), wish)).toBe('written');
});

test('a contact that Xero does not know is gone', async () => {
  await makeGroup();
  const wish = { contactId: '5f0e8f1c-7a5b-4c3d-9e8f-0a1b2c3d4e5f', smsAllowed: false };
  expect(await wishes.bring(call(), wish)).toBe('gone');
});
