import { type AccountingApi, Invoice, LineAmountTypes, Phone } from 'xero-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestAccount } from '../../testing/sandbox-under-test.js';
import { rejectionOf, XeroSdk } from './testing/xero-sdk.js';

const SCOPES = [
  'openid',
  'profile',
  'email',
  'offline_access',
  'accounting.invoices',
  'accounting.payments',
  'accounting.contacts',
  'accounting.settings',
];

let sandbox: SandboxUnderTest;
let sdk: XeroSdk;
let api: AccountingApi;
let tenant: string;
let account: TestAccount;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.post('/reset');
  const clients = await sandbox.clients();
  sdk = await XeroSdk.connect(sandbox, clients, { scopes: SCOPES, state: 'state-1' });
  api = sdk.client.accountingApi;
  const [first] = clients.vendors.xero.accounts;
  if (!first) throw new Error('the default world has no organisation');
  account = first;
  tenant = account.accountId;
  sdk.client.setTokenSet({ access_token: account.accessToken, refresh_token: account.refreshToken });
});
afterEach(() => sdk.close());

/** What a browser does on the consent page when the person agrees at once. */
async function consent(url: string, parameters = 'auto=1'): Promise<string> {
  const response = await fetch(`${url}&${parameters}`, { redirect: 'manual' });
  return response.headers.get('location') ?? '';
}

async function newInvoice(status: Invoice.StatusEnum, amount = 100, number?: string): Promise<Invoice> {
  const contacts = await api.getContacts(tenant);
  const contact = contacts.body.contacts?.[0];
  const { body } = await api.createInvoices(tenant, {
    invoices: [
      {
        type: Invoice.TypeEnum.ACCREC,
        contact: { contactID: contact?.contactID ?? '' },
        lineAmountTypes: LineAmountTypes.Exclusive,
        date: '2026-11-01',
        dueDate: '2026-11-15',
        status,
        ...(number === undefined ? {} : { invoiceNumber: number }),
        lineItems: [
          { description: 'Work', quantity: 2, unitAmount: amount / 2, accountCode: '200' },
          { description: 'Travel', quantity: 1, unitAmount: 10, accountCode: '200' },
        ],
      },
    ],
  });
  const [invoice] = body.invoices ?? [];
  if (!invoice) throw new Error('no invoice came back');
  return invoice;
}

async function bankAccount(): Promise<string> {
  const { body } = await api.getAccounts(tenant, undefined, 'Type=="BANK"');
  expect(body.accounts?.map(({ code }) => code)).toEqual(['090', '091']);
  return body.accounts?.find(({ code }) => code === '090')?.accountID ?? '';
}

describe('xero-node signs in', () => {
  test('exchanges the code of the consent page for tokens with an id token that verifies', async () => {
    const callback = await consent(await sdk.client.buildConsentUrl());
    const tokens = await sdk.client.apiCallback(callback);
    expect(tokens.expires_in).toBeGreaterThan(1700);
    expect(tokens.claims()).toMatchObject({ email: 'demo@ledgerwire.example' });
    const tenants = await sdk.client.updateTenants();
    expect(tenants).toMatchObject([
      { tenantId: tenant, orgData: { countryCode: 'NZ', baseCurrency: 'NZD' } },
    ]);
  });

  test('refuses a callback whose state is not the one that was sent', async () => {
    const callback = await consent(await sdk.client.buildConsentUrl());
    await expect(sdk.client.apiCallback(callback.replace('state-1', 'state-2'))).rejects.toThrow(/state/);
  });

  test('refreshes with rotation, both ways that the SDK has', async () => {
    const first = await sdk.client.refreshToken();
    expect(first.refresh_token).not.toBe(account.refreshToken);
    const { clientId, clientSecret } = (await sandbox.clients()).vendors.xero;
    const second = await sdk.client.refreshWithRefreshToken(clientId, clientSecret, first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await api.getOrganisations(tenant)).body.organisations).toHaveLength(1);
  });

  test('disconnects a tenant, which then answers 403 while refreshing still works', async () => {
    const [connected] = (await sdk.client.updateTenants(false)) as { id: string }[];
    expect(connected?.id).toBe(account.connectionId);
    await sdk.client.disconnect(account.connectionId);
    const refused = await rejectionOf(api.getOrganisations(tenant));
    expect(refused).toMatchObject({ status: 403, body: { Detail: 'AuthenticationUnsuccessful' } });
    expect((await sdk.client.refreshToken()).access_token).toBeTruthy();
  });

  test('revokes, after which the refresh token is dead', async () => {
    await sdk.client.revokeToken();
    sdk.client.setTokenSet({ access_token: account.accessToken, refresh_token: account.refreshToken });
    await expect(sdk.client.refreshToken()).rejects.toThrow(/invalid_grant/);
  });

  test('is told that its token expired', async () => {
    await sandbox.advance(31 * 60_000);
    const refused = await rejectionOf(api.getOrganisations(tenant));
    expect(refused.status).toBe(401);
    expect(refused.body['Detail']).toMatch(
      /^TokenExpired: token expired at \d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/,
    );
  });
});

describe('xero-node works with invoices', () => {
  test('creates a draft, approves it and reads it back with amounts, tax and dates', async () => {
    const draft = await newInvoice(Invoice.StatusEnum.DRAFT);
    expect(draft).toMatchObject({
      status: 'DRAFT',
      subTotal: 110,
      totalTax: 16.5,
      total: 126.5,
      amountDue: 126.5,
    });
    await api.updateInvoice(tenant, draft.invoiceID ?? '', {
      invoices: [{ status: Invoice.StatusEnum.AUTHORISED }],
    });
    const { body } = await api.getInvoice(tenant, draft.invoiceID ?? '');
    const [read] = body.invoices ?? [];
    expect(read).toMatchObject({
      status: 'AUTHORISED',
      invoiceNumber: draft.invoiceNumber,
      currencyCode: 'NZD',
    });
    expect(new Date(read?.dueDate ?? 0).toISOString()).toBe('2026-11-15T00:00:00.000Z');
    expect(read?.updatedDateUTC).toBeInstanceOf(Date);
    expect(read?.contact?.phones?.some(({ phoneType }) => phoneType === Phone.PhoneTypeEnum.MOBILE)).toBe(
      true,
    );
  });

  test('is found by its number as well', async () => {
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED, 100, 'SPEC-1');
    const { body } = await api.getInvoice(tenant, 'SPEC-1');
    expect(body.invoices?.[0]?.invoiceID).toBe(invoice.invoiceID);
  });

  test('removes the lines whose LineItemID is not sent again', async () => {
    const draft = await newInvoice(Invoice.StatusEnum.DRAFT);
    const [kept] = draft.lineItems ?? [];
    const { body } = await api.updateInvoice(tenant, draft.invoiceID ?? '', {
      invoices: [{ lineItems: [{ lineItemID: kept?.lineItemID ?? '', quantity: 4 }] }],
    });
    expect(body.invoices?.[0]?.lineItems).toMatchObject([
      { lineItemID: kept?.lineItemID, description: 'Work', quantity: 4, lineAmount: 200 },
    ]);
  });

  test('pages through all of them, with lines, and counts', async () => {
    const { accounts } = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations', {
      contacts: 3,
      invoices: 25,
    });
    const big = accounts[0];
    sdk.client.setTokenSet({ access_token: big?.accessToken ?? '' });
    const numbers: (string | undefined)[] = [];
    for (let page = 1; page <= 3; page += 1) {
      const { body } = await getPage(big?.accountId ?? '', page, 10);
      expect(body.pagination).toMatchObject({ page, pageSize: 10, pageCount: 3, itemCount: 25 });
      expect(body.invoices?.every(({ lineItems }) => lineItems?.length === 1)).toBe(true);
      numbers.push(...(body.invoices ?? []).map(({ invoiceNumber }) => invoiceNumber));
    }
    expect(new Set(numbers).size).toBe(25);
    const unpaged = await api.getInvoices(big?.accountId ?? '');
    expect(unpaged.body.invoices).toHaveLength(25);
    expect(unpaged.body.invoices?.[0]?.lineItems).toEqual([]);
  });

  test('are filtered by status, id, number, contact and the documented overdue query', async () => {
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED, 100, 'SPEC-2');
    const id = invoice.invoiceID ?? '';
    const drafts = await api.getInvoices(tenant, undefined, undefined, undefined, [], [], [], ['DRAFT']);
    expect(drafts.body.invoices?.map(({ status }) => status)).toEqual(['DRAFT']);
    const byId = await api.getInvoices(tenant, undefined, undefined, undefined, [id]);
    expect(byId.body.invoices?.map(({ invoiceID }) => invoiceID)).toEqual([id]);
    const byNumber = await api.getInvoices(tenant, undefined, undefined, undefined, [], ['SPEC-2']);
    expect(byNumber.body.invoices?.map(({ invoiceID }) => invoiceID)).toEqual([id]);
    const contact = invoice.contact?.contactID ?? '';
    const byContact = await api.getInvoices(tenant, undefined, undefined, undefined, [], [], [contact]);
    expect(byContact.body.invoices?.map(({ invoiceID }) => invoiceID)).toContain(id);
    const where = 'Type=="ACCREC" AND Status=="AUTHORISED" AND DueDate<DateTime(2026,11,16) AND AmountDue>0';
    const overdue = await api.getInvoices(tenant, undefined, where);
    expect(overdue.body.invoices?.map(({ invoiceID }) => invoiceID)).toContain(id);
    const earlier = await api.getInvoices(tenant, undefined, where.replace('11,16', '11,15'));
    expect(earlier.body.invoices?.map(({ invoiceID }) => invoiceID)).not.toContain(id);
  });

  test('are found by If-Modified-Since from the second on in which they changed', async () => {
    await sandbox.advance(60_000);
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED);
    const changed = invoice.updatedDateUTC?.getTime() ?? 0;
    const since = await api.getInvoices(tenant, new Date(changed));
    expect(since.body.invoices?.map(({ invoiceID }) => invoiceID)).toEqual([invoice.invoiceID]);
    const later = await api.getInvoices(tenant, new Date(changed + 1000));
    expect(later.body.invoices).toEqual([]);
  });

  test('are refused with a validation error that names the element', async () => {
    const refused = await rejectionOf(
      api.createInvoices(tenant, { invoices: [{ type: Invoice.TypeEnum.ACCREC, lineItems: [] }] }),
    );
    expect(refused).toMatchObject({
      status: 400,
      body: {
        ErrorNumber: 10,
        Type: 'ValidationException',
        Elements: [{ ValidationErrors: [{ Message: expect.stringContaining('Contact') }] }],
      },
    });
  });

  test('are created one by one with summarizeErrors=false', async () => {
    const good = { type: Invoice.TypeEnum.ACCREC, contact: { name: 'Fresh Face' }, lineItems: [] };
    const { body } = await api.createInvoices(
      tenant,
      { invoices: [good, { type: Invoice.TypeEnum.ACCREC, lineItems: [] }] },
      false,
    );
    expect(body.invoices?.map(({ statusAttributeString }) => statusAttributeString)).toEqual(['OK', 'ERROR']);
  });

  test('take history notes', async () => {
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED);
    const id = invoice.invoiceID ?? '';
    await api.createInvoiceHistory(tenant, id, { historyRecords: [{ details: 'SMS sent' }] });
    const { body } = await api.getInvoiceHistory(tenant, id);
    expect(body.historyRecords?.[0]).toMatchObject({ changes: 'Note', details: 'SMS sent' });
  });
});

describe('xero-node works with payments', () => {
  test('pays an invoice in two parts and takes one payment back', async () => {
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED);
    const target = {
      invoice: { invoiceID: invoice.invoiceID ?? '' },
      account: { accountID: await bankAccount() },
    };
    const first = await api.createPayment(tenant, { ...target, amount: 26.5, date: '2026-11-10' });
    await api.createPayments(tenant, { payments: [{ ...target, amount: 100 }] });
    const paid = await api.getInvoice(tenant, invoice.invoiceID ?? '');
    expect(paid.body.invoices?.[0]).toMatchObject({ status: 'PAID', amountDue: 0, amountPaid: 126.5 });
    expect(paid.body.invoices?.[0]?.payments).toHaveLength(2);
    const paymentID = first.body.payments?.[0]?.paymentID ?? '';
    await api.deletePayment(tenant, paymentID, { status: 'DELETED' });
    const open = await api.getInvoice(tenant, invoice.invoiceID ?? '');
    expect(open.body.invoices?.[0]).toMatchObject({ status: 'AUTHORISED', amountDue: 26.5 });
    const { body } = await api.getPayments(tenant, undefined, undefined, undefined, 1, 100);
    expect(body.payments?.find((payment) => payment.paymentID === paymentID)?.status).toBe('DELETED');
  });

  test('may not pay more than is due', async () => {
    const invoice = await newInvoice(Invoice.StatusEnum.AUTHORISED);
    const refused = await rejectionOf(
      api.createPayment(tenant, {
        invoice: { invoiceID: invoice.invoiceID ?? '' },
        account: { accountID: await bankAccount() },
        amount: 126.51,
      }),
    );
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('exceeds the amount outstanding');
  });
});

describe('xero-node works with contacts and settings', () => {
  test('creates a contact with a phone in three parts, changes it and archives it', async () => {
    const { body } = await api.createContacts(tenant, {
      contacts: [
        {
          name: 'Spec Builders',
          emailAddress: 'spec@example.com',
          phones: [
            {
              phoneType: Phone.PhoneTypeEnum.MOBILE,
              phoneCountryCode: '64',
              phoneAreaCode: '21',
              phoneNumber: '555 0190',
            },
          ],
        },
      ],
    });
    const contactID = body.contacts?.[0]?.contactID ?? '';
    expect(
      body.contacts?.[0]?.phones?.find(({ phoneType }) => phoneType === Phone.PhoneTypeEnum.MOBILE),
    ).toMatchObject({
      phoneCountryCode: '64',
      phoneAreaCode: '21',
      phoneNumber: '555 0190',
    });
    await api.updateContact(tenant, contactID, { contacts: [{ firstName: 'Sky' }] });
    const read = await api.getContact(tenant, contactID);
    expect(read.body.contacts?.[0]).toMatchObject({ firstName: 'Sky', emailAddress: 'spec@example.com' });
    await api.updateOrCreateContacts(tenant, {
      contacts: [{ contactID, contactStatus: 'ARCHIVED' as never }],
    });
    const listed = await api.getContacts(tenant, undefined, undefined, undefined, [contactID]);
    expect(listed.body.contacts).toEqual([]);
    const archived = await api.getContacts(
      tenant,
      undefined,
      undefined,
      undefined,
      [contactID],
      undefined,
      true,
    );
    expect(archived.body.contacts).toHaveLength(1);
  });

  test('sees the group, the region and the balance of a contact', async () => {
    const groups = await api.getContactGroups(tenant);
    const found = await api.getContacts(tenant, undefined, 'Name=="Southern Cross Freight"');
    const { body } = await api.getContact(tenant, found.body.contacts?.[0]?.contactID ?? '');
    expect(body.contacts?.[0]).toMatchObject({
      contactGroups: [{ contactGroupID: groups.body.contactGroups?.[0]?.contactGroupID, name: 'VIP' }],
      salesTrackingCategories: [{ trackingCategoryName: 'Region', trackingOptionName: 'East' }],
      balances: { accountsReceivable: { outstanding: 2645, overdue: 2645 } },
    });
  });

  test('puts a contact into a group and takes it out again', async () => {
    const made = await api.createContactGroup(tenant, { contactGroups: [{ name: 'No text messages' }] });
    const groupId = made.body.contactGroups?.[0]?.contactGroupID ?? '';
    const found = await api.getContacts(tenant, undefined, 'Name=="Southern Cross Freight"');
    const contactID = found.body.contacts?.[0]?.contactID ?? '';
    const groupsOf = async () => {
      const { body } = await api.getContact(tenant, contactID);
      return body.contacts?.[0]?.contactGroups?.map(({ name }) => name);
    };
    for (let time = 1; time <= 2; time += 1)
      await api.createContactGroupContacts(tenant, groupId, { contacts: [{ contactID }] });
    expect(await groupsOf()).toEqual(['VIP', 'No text messages']);
    await api.deleteContactGroupContact(tenant, groupId, contactID);
    expect(await groupsOf()).toEqual(['VIP']);
  });

  test('reads tracking categories and the organisation', async () => {
    const { body } = await api.getTrackingCategories(tenant);
    expect(body.trackingCategories?.map(({ name }) => name)).toEqual(['Region', 'Service']);
    const { body: organisation } = await api.getOrganisations(tenant);
    expect(organisation.organisations?.[0]).toMatchObject({
      timezone: 'NEWZEALANDSTANDARDTIME',
      countryCode: 'NZ',
    });
  });
});

test('xero-node is told the limit that it ran into and when to come back', async () => {
  await sandbox.post('/limits', { vendor: 'xero', perTenantMinute: 2 });
  await api.getOrganisations(tenant);
  const last = await api.getOrganisations(tenant);
  expect(last.response.headers['x-minlimit-remaining']).toBe('0');
  const refused = await rejectionOf(api.getOrganisations(tenant));
  expect(refused).toMatchObject({ status: 429, headers: { 'x-rate-limit-problem': 'minute' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
  await sandbox.advance(Number(refused.headers['retry-after']) * 1000);
  expect((await api.getOrganisations(tenant)).body.organisations).toHaveLength(1);
});

/** The eight parameters between are filters. */
function getPage(tenantId: string, page: number, pageSize: number): ReturnType<AccountingApi['getInvoices']> {
  const none = undefined;
  return api.getInvoices(
    tenantId,
    none,
    none,
    none,
    none,
    none,
    none,
    none,
    page,
    none,
    none,
    none,
    none,
    pageSize,
  );
}
