import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestAccount, type TestClients } from '../testing/sandbox-under-test.js';
import type { EndpointDescription } from '../kit/vendor-double.js';
import { CONTROL_ENDPOINTS } from './control.endpoints.js';
import { deepMerge } from './deep-merge.js';

let sandbox: SandboxUnderTest;
let clients: TestClients;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  clients = await sandbox.clients();
});

async function sendSms(body: string): Promise<string> {
  const { twilio } = clients;
  const response = await fetch(
    `${twilio.apiBaseUrl}/2010-04-01/Accounts/${twilio.accountSid}/Messages.json`,
    {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${twilio.apiKeySid}:${twilio.apiKeySecret}`).toString('base64')}`,
      },
      body: new URLSearchParams({ To: '+6421555321', From: twilio.numbers[0] ?? '', Body: body }),
    },
  );
  return ((await response.json()) as { sid: string }).sid;
}

async function readOrganisation(account: TestAccount | undefined): Promise<Response> {
  return fetch(`${clients.vendors.xero.apiBaseUrl}/api.xro/2.0/Organisation`, {
    headers: {
      authorization: `Bearer ${account?.accessToken ?? ''}`,
      'xero-tenant-id': account?.accountId ?? '',
    },
  });
}

describe('clients', () => {
  test('have the shape of .ledgerwire/sandbox.json and tokens that work', async () => {
    expect(clients).toMatchObject({
      vendors: {
        xero: {
          apiBaseUrl: `${sandbox.url}/xero`,
          authBaseUrl: `${sandbox.url}/xero/identity`,
          clientId: expect.stringMatching(/^[0-9A-F]{32}$/),
          clientSecret: expect.any(String),
          webhookKey: expect.any(String),
          accounts: [
            {
              connectionId: expect.any(String),
              accountId: expect.any(String),
              refreshToken: expect.any(String),
            },
          ],
        },
      },
      twilio: {
        apiBaseUrl: `${sandbox.url}/twilio`,
        accountSid: expect.stringMatching(/^AC[0-9a-f]{32}$/),
        authToken: expect.stringMatching(/^[0-9a-f]{32}$/),
        apiKeySid: expect.stringMatching(/^SK[0-9a-f]{32}$/),
        apiKeySecret: expect.any(String),
      },
    });
    expect((await readOrganisation(clients.vendors.xero.accounts[0])).status).toBe(200);
  });

  test('keep their credentials and the demo world’s ids over a restart', async () => {
    const other = await SandboxUnderTest.start();
    try {
      const restarted = await other.clients();
      expect(restarted.twilio.authToken).toBe(clients.twilio.authToken);
      expect(restarted.vendors.xero.clientSecret).toBe(clients.vendors.xero.clientSecret);
      expect(restarted.vendors.xero.accounts[0]?.connectionId).toBe(
        clients.vendors.xero.accounts[0]?.connectionId,
      );
    } finally {
      await other.stop();
    }
  });

  test('get the same tokens while they are fresh and new ones later', async () => {
    const again = (await sandbox.clients()).vendors.xero.accounts[0];
    expect(again).toEqual(clients.vendors.xero.accounts[0]);
    await sandbox.advance(26 * 60_000);
    const later = (await sandbox.clients()).vendors.xero.accounts[0];
    expect(later?.accessToken).not.toBe(again?.accessToken);
    await sandbox.advance(5 * 60_000);
    expect((await readOrganisation(again)).status).toBe(401);
    expect((await readOrganisation(later)).status).toBe(200);
  });
});

describe('organisations', () => {
  test('are made in bulk, filled and authorised, and raise no webhooks', async () => {
    const { accounts } = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations', {
      count: 20,
      name: 'Tenant',
      country: 'GB',
      contacts: 3,
      invoices: 5,
    });
    expect(accounts).toHaveLength(20);
    expect(new Set(accounts.map(({ accountId }) => accountId)).size).toBe(20);
    const answer = (await (await readOrganisation(accounts[19])).json()) as { Organisations: object[] };
    expect(answer.Organisations).toMatchObject([
      { Name: 'Tenant 20', BaseCurrency: 'GBP', CountryCode: 'GB' },
    ]);
    expect(await sandbox.get('/state')).toMatchObject({
      vendors: { xero: { organisations: 21, invoices: 106 } },
    });
    expect((await sandbox.clients()).vendors.xero.accounts).toHaveLength(21);
    expect(await sandbox.deliveries('xero')).toEqual([]);
  });

  test('take contacts and invoices as Xero’s API does, and refuse what Xero refuses', async () => {
    const contacts = [{ Name: 'Ann', EmailAddress: 'ann@example.com' }];
    const invoices = [
      { Type: 'ACCREC', Contact: { Name: 'Ann' }, Status: 'AUTHORISED', LineItems: [{ UnitAmount: 5 }] },
    ];
    await sandbox.post('/xero/organisations', { contacts, invoices });
    await expect(
      sandbox.post('/xero/organisations', { contacts: [{ EmailAddress: 'x@example.com' }] }),
    ).rejects.toThrow(/contact name must be specified/);
    await expect(sandbox.post('/xero/organisations', { country: 'XX' })).rejects.toThrow(/country/);
  });
});

describe('the ledger', () => {
  test('is read on from a sequence, and waits for the next line when asked to', async () => {
    const first = await sendSms('one');
    expect(await sandbox.ledger()).toMatchObject([
      { sequence: 1, id: first, vendor: 'twilio', kind: 'message' },
    ]);
    const waiting = sandbox.ledger('?after=1&waitMs=10000');
    const second = await sendSms('two');
    expect(await waiting).toMatchObject([{ sequence: 2, id: second }]);
    expect(await sandbox.ledger('?vendor=xero&waitMs=1')).toEqual([]);
  });

  test('refuses a query that it does not know', async () => {
    await expect(sandbox.ledger('?since=1')).rejects.toThrow(/Unrecognized key/);
  });
});

describe('the page', () => {
  test('shows messages, effects and faults, escaped', async () => {
    const sid = await sendSms('<b>bold</b>');
    await sandbox.post('/faults', { kind: 'reset', endpoint: 'POST /nowhere' });
    const response = await fetch(`${sandbox.url}/__sandbox/page`);
    expect(response.headers.get('content-type')).toContain('text/html');
    const page = await response.text();
    expect(page).toContain(sid);
    expect(page).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(page).toContain('POST /nowhere');
  });
});

test('reset brings back the default world', async () => {
  await sendSms('gone');
  await sandbox.post('/xero/organisations', { count: 2 });
  await sandbox.post('/limits', { vendor: 'xero', perTenantMinute: 1 });
  await sandbox.post('/faults', { kind: 'reset', vendor: 'twilio' });
  await sandbox.post('/clock', { advanceMs: 86_400_000, speed: 10 });
  await sandbox.post('/reset');
  expect(await sandbox.get('/state')).toMatchObject({
    clock: { speed: 1, aheadMs: 0 },
    ledger: { last: 0 },
    faults: 0,
    vendors: { xero: { organisations: 1 }, twilio: { messages: 0 } },
  });
  expect(await sandbox.get('/limits')).toMatchObject({ xero: { perTenantMinute: 60 } });
});

test.each([
  ['/clock', { advanceMs: -1 }, /advanceMs/],
  ['/limits', { vendor: 'xero', perTenantHour: 1 }, /perTenantHour/],
  ['/webhooks', { vendor: 'xero', url: 'nowhere' }, /url/],
  ['/webhooks', { vendor: 'sage' }, /must be one of: xero, freshbooks, zoho-books, twilio/],
  ['/twilio/inbound', { from: '1', to: '2', body: '' }, /E\.164/],
  ['/twilio/inbound', { from: '+6421555321', to: '+6421000000', body: 'x' }, /no number of the account/],
  ['/twilio/numbers', { number: '+6421555321', outcome: { on: 'create', code: 1 } }, /no error code/],
  ['/xero/disconnect', { tenantId: 'nobody' }, /no such connected tenant/],
])('POST %s refuses %o', async (path, body, reason) => {
  await expect(sandbox.post(path, body)).rejects.toThrow(reason);
});

test('an outcome for a number is set and taken back', async () => {
  const outcome = { on: 'create', code: 21614 };
  expect(await sandbox.post('/twilio/numbers', { number: '+6421555321', outcome })).toMatchObject({
    '+6421555321': outcome,
  });
  expect(await sendSms('refused')).toBeUndefined();
  await sandbox.post('/twilio/numbers', { number: '+6421555321', outcome: null });
  expect(await sendSms('sent')).toMatch(/^SM/);
});

test('every endpoint is described, and the README has the same tables', async () => {
  const described = await sandbox.get<{
    control: EndpointDescription[];
    vendors: Record<string, EndpointDescription[]>;
  }>('');
  expect(described.control.slice(0, CONTROL_ENDPOINTS.length)).toEqual(CONTROL_ENDPOINTS);
  expect(Object.keys(described.vendors)).toEqual(['xero', 'freshbooks', 'zoho-books', 'twilio']);
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  for (const { method, path } of [...described.control, ...Object.values(described.vendors).flat()])
    expect(readme, `${method} ${path}`).toMatch(rowOf(method, path));
});

/** A row of a table with the method and the path in its first cells. */
function rowOf(method: string, path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`^\| ${method} +\| \`${escaped}\` +\|`, 'm');
}

test('objects are merged in depth', () => {
  expect(deepMerge({ vendors: { a: 1 }, x: [1] }, { vendors: { b: 2 }, x: 3 })).toEqual({
    vendors: { a: 1, b: 2 },
    x: 3,
  });
});
