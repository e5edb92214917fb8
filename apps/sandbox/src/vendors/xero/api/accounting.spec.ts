import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestAccount, type TestClients } from '../../../testing/sandbox-under-test.js';

let sandbox: SandboxUnderTest;
let clients: TestClients;
let account: TestAccount;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  clients = await sandbox.clients();
  [account] = clients.vendors.xero.accounts as [TestAccount];
});

interface Result {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, never[]>;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Result> {
  const response = await fetch(`${clients.vendors.xero.apiBaseUrl}/api.xro/2.0/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${account.accessToken}`,
      'xero-tenant-id': account.accountId,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Result['body'],
  };
}

const CONTACT = { Name: 'Idle Hands Ltd' };

describe('the guard', () => {
  test('refuses without a token, with an unknown one, without a tenant and with a foreign tenant', async () => {
    const other = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations');
    const foreign = other.accounts[0]?.accountId ?? '';
    expect((await call('GET', 'Organisation', undefined, { authorization: '' })).status).toBe(401);
    expect((await call('GET', 'Organisation', undefined, { authorization: 'Bearer x' })).body).toMatchObject({
      Type: null,
      Title: 'Unauthorized',
      Status: 401,
      Detail: 'AuthenticationUnsuccessful',
    });
    expect((await call('GET', 'Organisation', undefined, { 'xero-tenant-id': '' })).status).toBe(403);
    expect((await call('GET', 'Organisation', undefined, { 'xero-tenant-id': foreign })).status).toBe(403);
  });

  test('lets a token of reading scopes read and not write', async () => {
    const { clientId, clientSecret, authBaseUrl } = clients.vendors.xero;
    const redirect = 'http://localhost:9/callback';
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirect,
      scope: 'accounting.contacts.read',
      auto: '1',
    });
    const consent = await fetch(`${authBaseUrl}/connect/authorize?${query.toString()}`, {
      redirect: 'manual',
    });
    const code = new URL(consent.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const tokens = await fetch(`${authBaseUrl}/connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirect,
        client_id: clientId,
        client_secret: clientSecret,
      }),
    });
    const { access_token: reading } = (await tokens.json()) as { access_token: string };
    const authorization = `Bearer ${reading}`;
    expect((await call('GET', 'Contacts', undefined, { authorization })).status).toBe(200);
    const refused = await call('POST', 'Contacts', CONTACT, { authorization });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect((await call('GET', 'Invoices', undefined, { authorization })).status).toBe(401);
  });
});

describe('limits', () => {
  test('a sixth call in flight is refused as concurrent, without a waiting time', async () => {
    await sandbox.post('/faults', {
      vendor: 'xero',
      kind: 'latency',
      latencyMs: 300,
      endpoint: 'GET /Organisation',
    });
    const answers = await Promise.all(Array.from({ length: 6 }, () => call('GET', 'Organisation')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.headers.get('x-rate-limit-problem')).toBe('concurrent');
    expect(refused[0]?.headers.get('retry-after')).toBeNull();
    expect((await call('GET', 'Accounts')).status).toBe(200);
  });

  test('the day limit names the seconds until the tenant’s day begins anew', async () => {
    await sandbox.post('/limits', { vendor: 'xero', perTenantDay: 1 });
    expect((await call('GET', 'Organisation')).headers.get('x-daylimit-remaining')).toBe('0');
    const refused = await call('GET', 'Organisation');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-rate-limit-problem')).toBe('day');
    await sandbox.advance(Number(refused.headers.get('retry-after')) * 1000);
    account = (await sandbox.clients()).vendors.xero.accounts[0] as TestAccount;
    expect((await call('GET', 'Organisation')).status).toBe(200);
  });

  test('the app’s limit counts over tenants, each tenant’s own does not', async () => {
    const { accounts } = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations');
    const second = accounts[0] as TestAccount;
    const asSecond = { authorization: `Bearer ${second.accessToken}`, 'xero-tenant-id': second.accountId };
    await sandbox.post('/limits', { vendor: 'xero', perTenantMinute: 1 });
    await call('GET', 'Organisation');
    expect((await call('GET', 'Organisation')).status).toBe(429);
    expect((await call('GET', 'Organisation', undefined, asSecond)).status).toBe(200);
    await sandbox.post('/limits', { vendor: 'xero', perTenantMinute: null, perAppMinute: 2 });
    const refused = await call('GET', 'Organisation', undefined, asSecond);
    expect(refused.headers.get('x-rate-limit-problem')).toBe('appminute');
  });
});

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'key-1' };

  test('gives a repeated write the first answer and applies it once', async () => {
    const first = await call('POST', 'Contacts', CONTACT, headers);
    const second = await call('POST', 'Contacts', CONTACT, headers);
    expect(second.body['Contacts']).toEqual(first.body['Contacts']);
    expect(await sandbox.ledger('?kind=contact')).toMatchObject([{ action: 'create', key: 'key-1' }]);
  });

  test('refuses the key with another body, and a key that is too long', async () => {
    await call('POST', 'Contacts', CONTACT, headers);
    const other = await call('POST', 'Contacts', { Name: 'Somebody Else' }, headers);
    expect(other).toMatchObject({
      status: 400,
      body: { Message: expect.stringContaining('different request') },
    });
    const long = await call('POST', 'Contacts', CONTACT, { 'idempotency-key': 'k'.repeat(129) });
    expect(long.status).toBe(400);
  });

  test('remembers errors, too, and forgets after six minutes', async () => {
    const taken = { Name: 'Cash Sale' };
    expect((await call('PUT', 'Contacts', taken, headers)).status).toBe(400);
    expect((await call('PUT', 'Contacts', taken, headers)).status).toBe(400);
    await sandbox.advance(6 * 60_000);
    expect((await call('PUT', 'Contacts', CONTACT, headers)).status).toBe(200);
  });

  test('remembers the answer of a write whose answer was lost', async () => {
    await sandbox.post('/faults', { vendor: 'xero', kind: 'reset', when: 'after', times: 1 });
    await expect(call('POST', 'Contacts', CONTACT, headers)).rejects.toThrow(/fetch failed/);
    expect((await call('POST', 'Contacts', CONTACT, headers)).status).toBe(200);
    expect(await sandbox.ledger('?kind=contact')).toHaveLength(1);
  });
});

describe('invoices', () => {
  async function invoice(fields: object): Promise<Record<string, never>> {
    const { body } = await call('PUT', 'Invoices', {
      Type: 'ACCREC',
      Contact: { Name: 'Cash Sale' },
      LineItems: [{ Description: 'Work', Quantity: 1, UnitAmount: 100, AccountCode: '200', TaxType: 'NONE' }],
      ...fields,
    });
    return body['Invoices']?.[0] as unknown as Record<string, never>;
  }

  test.each([
    ['DRAFT', 'VOIDED'],
    ['DRAFT', 'PAID'],
    ['AUTHORISED', 'DRAFT'],
    ['AUTHORISED', 'DELETED'],
  ])('may not go from %s to %s', async (from, to) => {
    const { InvoiceID: id } = await invoice({ Status: from });
    const refused = await call('POST', 'Invoices', { InvoiceID: id, Status: to });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('not of valid status');
  });

  test('may not be voided or edited once part-paid, and a later due date does not move UpdatedDateUTC', async () => {
    const { InvoiceID: id } = await invoice({ Status: 'AUTHORISED' });
    await call('PUT', 'Payments', { Invoice: { InvoiceID: id }, Account: { Code: '090' }, Amount: 40 });
    expect((await call('POST', 'Invoices', { InvoiceID: id, Status: 'VOIDED' })).status).toBe(400);
    expect((await call('POST', 'Invoices', { InvoiceID: id, LineItems: [] })).status).toBe(400);
    const before = (await call('GET', `Invoices/${String(id)}`)).body['Invoices']?.[0] as unknown as Record<
      string,
      string
    >;
    await sandbox.advance(5000);
    const { body } = await call('POST', 'Invoices', { InvoiceID: id, DueDate: '2027-01-31' });
    expect(body['Invoices']?.[0]).toMatchObject({
      DueDateString: '2027-01-31T00:00:00',
      UpdatedDateUTC: before['UpdatedDateUTC'],
    });
  });

  test('show both forms of every date', async () => {
    const shown = await invoice({ Date: '2026-11-20', DueDate: '/Date(1796083200000+0000)/' });
    expect(shown).toMatchObject({
      Date: '/Date(1795132800000+0000)/',
      DateString: '2026-11-20T00:00:00',
      DueDate: '/Date(1796083200000+0000)/',
      DueDateString: '2026-12-01T00:00:00',
    });
    expect(shown['UpdatedDateUTC']).toMatch(/^\/Date\(\d+\+0000\)\/$/);
    expect(shown['UpdatedDateUTCString']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  test('carry line tracking, and a sales number is unique', async () => {
    const Tracking = [{ Name: 'Region', Option: 'West' }];
    const shown = await invoice({
      InvoiceNumber: 'T-1',
      LineItems: [{ Description: 'x', UnitAmount: 5, Tracking }],
    });
    expect(shown['LineItems']).toMatchObject([
      { Tracking: [{ Name: 'Region', Option: 'West', TrackingCategoryID: expect.any(String) }] },
    ]);
    const again = await call('PUT', 'Invoices', {
      Type: 'ACCREC',
      InvoiceNumber: 'T-1',
      Contact: { Name: 'Cash Sale' },
      LineItems: [],
    });
    expect(JSON.stringify(again.body)).toContain('Invoice # must be unique.');
  });

  test('leave lines and payments out of a summary', async () => {
    const { body } = await call('GET', 'Invoices?summaryOnly=true&pageSize=2');
    expect(body).toMatchObject({ pagination: { page: 1, pageSize: 2, pageCount: 3, itemCount: 6 } });
    expect(body['Invoices']?.[0]).not.toHaveProperty('Payments');
  });

  test('answer 404 in plain text when there is none of that id, also of another tenant', async () => {
    const missing = await call('GET', 'Invoices/11111111-1111-4111-8111-111111111111');
    expect(missing).toMatchObject({
      status: 404,
      body: { text: "The resource you're looking for cannot be found" },
    });
  });

  test('refuse a where clause that cannot be read', async () => {
    const refused = await call('GET', `Invoices?where=${encodeURIComponent('Status==')}`);
    expect(refused).toMatchObject({ status: 400, body: { Type: 'QueryParseException' } });
  });
});

test('malformed JSON and an empty body are refused', async () => {
  expect(await call('POST', 'Invoices', '{"Type":')).toMatchObject({
    status: 400,
    body: { Type: 'PostDataInvalidException' },
  });
  expect((await call('POST', 'Invoices', '{}')).status).toBe(400);
});

test('payments are found by If-Modified-Since, and a removed one shows as DELETED', async () => {
  await sandbox.advance(3_600_000);
  account = (await sandbox.clients()).vendors.xero.accounts[0] as TestAccount;
  const { now } = await sandbox.get<{ now: string }>('/clock');
  const { body: before } = await call('GET', 'Payments?page=1');
  const [payment] = before['Payments'] as unknown as { PaymentID: string; Invoice: { InvoiceID: string } }[];
  await call('POST', `Payments/${payment?.PaymentID ?? ''}`, { Status: 'DELETED' });
  const { body } = await call('GET', 'Payments?page=1', undefined, { 'if-modified-since': now.slice(0, 19) });
  expect(body['Payments']).toMatchObject([{ PaymentID: payment?.PaymentID, Status: 'DELETED' }]);
  expect((await call('POST', `Payments/${payment?.PaymentID ?? ''}`, { Status: 'DELETED' })).status).toBe(
    400,
  );
});
