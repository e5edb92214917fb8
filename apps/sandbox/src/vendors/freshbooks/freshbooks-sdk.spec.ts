import type { Client } from '@freshbooks/api';
import {
  IncludesQueryBuilder,
  PaginationQueryBuilder,
  SearchQueryBuilder,
} from '@freshbooks/api/dist/models/builders/index.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestAccount } from '../../testing/sandbox-under-test.js';
import { eventually, WebhookReceiver } from '../../testing/webhook-receiver.js';
import { connectSdk, REDIRECT_URI, type SdkTarget } from './testing/freshbooks-sdk.js';
import { pythonJson, signatureOf } from './webhooks/python-json.js';

interface Clients {
  readonly vendors: { readonly freshbooks: SdkTarget & { readonly accounts: readonly TestAccount[] } };
}
interface ShownCallback {
  readonly id: number;
  readonly verifier: string;
  readonly uri: string;
}

let sandbox: SandboxUnderTest;
let target: SdkTarget;
let sdk: Client;
let account: string;
let receiver: WebhookReceiver;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.post('/reset');
  const { vendors } = await sandbox.get<Clients>('/clients');
  target = vendors.freshbooks;
  const [first] = vendors.freshbooks.accounts;
  if (!first) throw new Error('the default world has no business');
  account = first.accountId;
  sdk = connectSdk(target, { accessToken: first.accessToken, refreshToken: first.refreshToken });
  receiver = await WebhookReceiver.start();
});
afterEach(() => receiver.close());

const money = (amount: string): { amount: string; code: string } => ({ amount, code: 'USD' });

async function newClient(fields: object = {}): Promise<string> {
  const { data } = await sdk.clients.create({ organization: 'New Client', ...fields }, account);
  return String(data?.id);
}

async function newInvoice(amount = '100.00'): Promise<string> {
  const { data } = await sdk.invoices.create(
    {
      customerId: Number(await newClient()),
      createDate: new Date('2026-11-01T12:00:00Z'),
      dueOffsetDays: 14,
      lines: [{ name: 'Work', qty: 2, unitCost: money(amount) }],
    },
    account,
  );
  return String(data?.id);
}

/** What a browser does on the consent page when the person agrees at once. */
async function consent(client: Client, scopes: string[] = ['user:invoices:read']): Promise<URL> {
  const url = `${client.getAuthRequestUrl(scopes)}&auto=1&state=s`;
  const response = await fetch(url, { redirect: 'manual' });
  return new URL(response.headers.get('location') ?? 'about:blank');
}

describe('@freshbooks/api signs in', () => {
  test('exchanges the code of the consent page once and learns who the user is', async () => {
    const client = connectSdk(target);
    const callback = await consent(client);
    expect(`${callback.origin}${callback.pathname}`).toBe(REDIRECT_URI);
    expect(callback.searchParams.get('state')).toBe('s');
    const code = callback.searchParams.get('code') ?? '';
    const tokens = await client.getAccessToken(code);
    expect(tokens?.accessTokenExpiresAt.getTime()).toBeGreaterThan(Date.now() + 11 * 3_600_000);
    const { data } = await client.users.me();
    expect(data?.businessMemberships?.map(({ role, business }) => [role, business?.accountId])).toEqual([
      ['owner', account],
    ]);
    await expect(connectSdk(target).getAccessToken(code)).rejects.toMatchObject({ statusCode: '400' });
  });

  test('a refresh token is good once, and a second consent of the same user ends the first', async () => {
    const client = connectSdk(target);
    await client.getAccessToken((await consent(client)).searchParams.get('code') ?? '');
    const first = client.refreshToken ?? '';
    await client.refreshAccessToken();
    await expect(connectSdk(target).refreshAccessToken(first)).rejects.toMatchObject({ statusCode: '400' });
    const second = client.refreshToken ?? '';
    await connectSdk(target).getAccessToken((await consent(client)).searchParams.get('code') ?? '');
    await expect(connectSdk(target).refreshAccessToken(second)).rejects.toMatchObject({ statusCode: '400' });
  });

  test('one unknown scope breaks the whole consent', async () => {
    const url = `${connectSdk(target).getAuthRequestUrl(['user:profile:write'])}&auto=1`;
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('invalid, unknown, or malformed');
  });

  test('a scope that was not granted opens nothing', async () => {
    const client = connectSdk(target);
    await client.getAccessToken((await consent(client)).searchParams.get('code') ?? '');
    await expect(client.clients.list(account)).rejects.toMatchObject({ statusCode: '403' });
    expect((await client.invoices.list(account)).ok).toBe(true);
  });
});

describe('@freshbooks/api keeps books', () => {
  test('makes an invoice, sends it, has it paid and sees the balance', async () => {
    const id = await newInvoice('75.50');
    const draft = await sdk.invoices.single(account, id);
    expect(draft.data).toMatchObject({ v3Status: 'draft', amount: money('151.00') });
    await sdk.invoices.update(account, id, { actionMarkAsSent: true });
    const payment = {
      amount: money('51.00'),
      date: new Date(),
      invoiceId: id,
      type: 'Check',
    };
    await sdk.payments.create(account, payment);
    const { data } = await sdk.invoices.single(account, id, [new IncludesQueryBuilder().includes('lines')]);
    expect(data).toMatchObject({
      paymentStatus: 'partial',
      outstanding: money('100.00'),
      paid: money('51.00'),
      organization: 'New Client',
    });
    expect(data?.lines?.map(({ name, qty }) => [name, qty])).toEqual([['Work', '2']]);
    // The SDK's types call it an invoice.
    expect((await sdk.invoices.shareLink(account, id)).data).toMatchObject({
      shareLink: expect.stringMatching(/^https:/) as unknown,
    });
  });

  test('lists in pages, filters by what works and ignores what does not', async () => {
    const ids = [
      await newClient({ email: 'one@new.example' }),
      await newClient({ email: 'two@new.example' }),
    ];
    const pages = new PaginationQueryBuilder().page(2).perPage(1);
    const both = new SearchQueryBuilder().in('userids', ids);
    const { data } = await sdk.clients.list(account, [both, pages]);
    expect(data?.clients.map(({ id }) => String(id))).toEqual([ids[1]]);
    expect(data?.pages).toEqual({ total: 2, size: 1, pages: 2, page: 2 });
    const ignored = await sdk.clients.list(account, [new SearchQueryBuilder().equals('fname', 'Nobody')]);
    expect(ignored.data?.pages?.total).toBeGreaterThan(2);
    const none = await sdk.clients.list(account, [
      new SearchQueryBuilder().between('updated', { min: '2999-01-01' }),
    ]);
    expect(none.data?.clients).toEqual([]);
  });

  test('keeps vendors, bills and expenses', async () => {
    const vendor = await sdk.billVendors.create({ vendorName: 'Supplier' }, account);
    const vendorId = Number(vendor.data?.vendorId);
    const bill = await sdk.bills.create(
      {
        vendorId,
        issueDate: new Date(),
        dueOffsetDays: 5,
        lines: [{ description: 'Paper', quantity: 2, unitCost: money('5.00') }],
      },
      account,
    );
    expect(bill.data).toMatchObject({ status: 'unpaid', outstanding: money('10.00') });
    const billId = Number(bill.data?.id);
    const paid = { amount: money('10.00'), billId, paidDate: new Date() };
    await sdk.billPayments.create(paid, account);
    expect((await sdk.bills.single(account, billId)).data).toMatchObject({ status: 'paid' });
    const expense = {
      amount: money('9.90'),
      categoryId: 1,
      staffId: 1,
      date: new Date(),
      vendor: 'Rail',
    };
    expect((await sdk.expenses.create(expense, account)).data).toMatchObject({ vendor: 'Rail' });
  });

  test('refuses as FreshBooks does', async () => {
    await expect(sdk.clients.single(account, '999999')).rejects.toMatchObject({
      statusCode: '404',
      errors: [expect.objectContaining({ errorCode: 1012 })],
    });
    await expect(sdk.clients.create({}, account)).rejects.toMatchObject({
      errors: [expect.objectContaining({ errorCode: 7012 })],
    });
    await expect(sdk.clients.list('nobody')).rejects.toMatchObject({ statusCode: '403' });
    await expect(connectSdk(target, { accessToken: 'x' }).clients.list(account)).rejects.toMatchObject({
      statusCode: '401',
    });
  });
});

describe('@freshbooks/api subscribes to callbacks', () => {
  async function verified(event: string): Promise<ShownCallback> {
    await sdk.callbacks.create({ event, uri: `${receiver.url}/${event}` }, account);
    const [handshake] = await receiver.until(1, ({ url }) => url.endsWith(`/${event}`));
    const form = new URLSearchParams(handshake?.body);
    expect(form.get('name')).toBe('callback.verify');
    await sdk.callbacks.verify(account, form.get('object_id') ?? '', form.get('verifier') ?? '');
    const { callbacks } = await sandbox.get<{ callbacks: ShownCallback[] }>('/freshbooks/callbacks');
    const callback = callbacks.find(({ id }) => id === Number(form.get('object_id')));
    if (!callback) throw new Error('no such callback');
    return callback;
  }

  test('nothing comes before the verifier went back, and signed forms after it', async () => {
    await sdk.callbacks.create({ event: 'client', uri: `${receiver.url}/unverified` }, account);
    const { verifier } = await verified('client.create');
    const id = await newClient();
    const [request] = await receiver.until(1, ({ body }) => body.startsWith('name=client.create'));
    const fields = Object.fromEntries(new URLSearchParams(request?.body));
    expect(fields).toMatchObject({
      name: 'client.create',
      object_id: id,
      account_id: account,
      business_id: '77128',
    });
    expect(request?.headers['x-freshbooks-hmac-sha256']).toBe(signatureOf(fields, verifier));
    expect(receiver.requests.filter(({ url }) => url.endsWith('/unverified'))).toHaveLength(1);
  });

  test('a wrong verifier is refused, and a lost one comes again when it is asked for', async () => {
    await sandbox.post('/webhooks', { vendor: 'freshbooks', dropHandshakes: true });
    const { data } = await sdk.callbacks.create({ event: 'bill', uri: `${receiver.url}/hook` }, account);
    const id = String(data?.callbackId);
    await expect(sdk.callbacks.verify(account, id, 'guess')).rejects.toMatchObject({ statusCode: '400' });
    expect(receiver.requests).toEqual([]);
    await sdk.callbacks.resendVerification(account, id);
    await receiver.until(1, ({ body }) => body.includes('verifier='));
  });

  test('a payment tells of the payment and of its invoice, and deleting tells too', async () => {
    await verified('payment');
    await verified('invoice');
    const id = await newInvoice();
    const payment = { amount: money('200.00'), date: new Date(), invoiceId: id, type: 'Check' };
    await sdk.payments.create(account, payment);
    await sdk.invoices.delete(account, id);
    const names = new Set(['payment.create', 'invoice.create', 'invoice.update', 'invoice.delete']);
    for (const name of names) await receiver.until(1, ({ body }) => body.startsWith(`name=${name}&`));
    expect(
      (await sdk.invoices.list(account, [new SearchQueryBuilder().in('invoiceids', [id])])).data?.invoices,
    ).toEqual([]);
    expect((await sdk.invoices.single(account, id)).data?.visState).toBe(1);
  });

  test('a delivery that fails comes again, under the same words', async () => {
    await verified('client');
    let refusals = 1;
    receiver.answer = (_request, response) => void response.writeHead(refusals-- > 0 ? 500 : 200).end();
    await newClient();
    await receiver.until(1, ({ body }) => body.startsWith('name=client.create'));
    await eventually(async () =>
      (await sandbox.deliveries('freshbooks')).some(
        ({ what, status }) => what === 'client.create' && status === 500,
      ),
    );
    await sandbox.advance(10_000);
    const [first, second] = await receiver.until(2, ({ body }) => body.startsWith('name=client.create'));
    expect(second?.body).toBe(first?.body);
  });

  test('events are listed with their parents, moved and removed', async () => {
    const { id } = await verified('invoice');
    const listed = await sdk.callbacks.list(account, [
      new SearchQueryBuilder().equals('event', 'invoice.create'),
    ]);
    expect(listed.data?.callbacks.map(({ callbackId, verified: isOn }) => [callbackId, isOn])).toEqual([
      [id, true],
    ]);
    await sdk.callbacks.delete(account, String(id));
    expect((await sdk.callbacks.list(account)).data?.callbacks).toEqual([]);
    await expect(
      sdk.callbacks.create({ event: 'invoice.overdue', uri: receiver.url }, account),
    ).rejects.toMatchObject({ statusCode: '400' });
  });
});

test('signs what Python would write', () => {
  expect(pythonJson({ name: 'Zürich "x"\\\n\u007f😀' })).toBe(
    '{"name": "Z\\u00fcrich \\"x\\"\\\\\\n\\u007f\\ud83d\\ude00"}',
  );
});
