import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  type AuthCall,
  type BaseUrls,
  type ListedEntity,
  type OAuth2Auth,
  type TokenSet,
  type TokenSource,
  type VendorCall,
  type VendorSource,
  type VendorWebhooks,
} from '#libs/vendor-kit';
import { zohoBooks } from '#libs/vendors/zoho-books';
import { connectionTo, type RunningSandbox, runtimeOf, startSandbox, startSink } from './sandbox.fixture.js';

interface Account {
  readonly accountId: string;
  readonly accessToken: string;
  readonly region: string;
  readonly apiBaseUrl: string;
}
interface Clients {
  readonly servers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly vendors: {
    readonly 'zoho-books': { clientId: string; clientSecret: string; accounts: readonly Account[] };
  };
}

const source = zohoBooks.source as VendorSource;
const auth = zohoBooks.auth as OAuth2Auth;
const webhooks = zohoBooks.webhooks as VendorWebhooks;
const redirectUri = 'https://ledgerwire.example/connect/zoho-books/callback';
let sandbox: RunningSandbox;
let clients: Clients;
let runtime: ReturnType<typeof runtimeOf>;
let account: Account;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 30_000);
afterAll(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.control('/reset', {});
  clients = await sandbox.control<Clients>('/clients');
  const added = await sandbox.control<{ account: Account }>('/zoho-books/organisations', {
    name: 'Contract GmbH',
    region: 'eu',
    plan: 'STANDARD',
    timeZone: 'Europe/Berlin',
    currencyCode: 'EUR',
    countryCode: 'DE',
  });
  ({ account } = added);
  runtime = runtimeOf(zohoBooks, baseUrls(), tokenSource());
});
afterEach(() => runtime.close());

function baseUrls(): BaseUrls {
  const paths = Object.entries(clients.servers['zoho-books'] ?? {});
  return Object.fromEntries(paths.map(([key, path]) => [key, sandbox.url + path]));
}

function tokenSource(): TokenSource {
  return {
    accessToken: () =>
      Promise.resolve({
        accessToken: account.accessToken,
        expiresAt: Number.MAX_SAFE_INTEGER,
        accountId: account.accountId,
      }),
    rejectAccessToken: () => undefined,
    credentials: () => Promise.reject(new Error('not used')),
    rejectCredentials: () => undefined,
  };
}

function call(settings: Record<string, string> = {}): VendorCall {
  return runtime.callFor(
    connectionTo('zoho-books', account.accountId, { region: account.region, ...settings }),
  );
}

function authCall(settings: Readonly<Record<string, string>> = {}): AuthCall {
  const { clientId, clientSecret } = clients.vendors['zoho-books'];
  const made = runtime.authCall({ clientId, clientSecret });
  return { ...made, baseUrls: zohoBooks.manifest.baseUrlsFor?.(settings, made.baseUrls) ?? made.baseUrls };
}

/** Changes the books as any client of Zoho's API would. */
async function write<T>(method: string, path: string, body: object = {}): Promise<T> {
  const response = await fetch(
    `${account.apiBaseUrl}/books/v3/${path}?organization_id=${account.accountId}`,
    {
      method,
      headers: {
        authorization: `Zoho-oauthtoken ${account.accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    },
  );
  const answer = (await response.json()) as { code: number; message: string };
  expect(answer).toMatchObject({ code: 0 });
  return answer as T;
}

async function addContact(fields: object = {}): Promise<string> {
  const { contact } = await write<{ contact: { contact_id: string } }>('POST', 'contacts', {
    contact_name: 'Ada',
    contact_persons: [{ first_name: 'Ada', mobile: '+491701234567', is_primary_contact: true }],
    ...fields,
  });
  return contact.contact_id;
}

async function addInvoice(customerId: string, rate = 100): Promise<string> {
  const { invoice } = await write<{ invoice: { invoice_id: string } }>('POST', 'invoices', {
    customer_id: customerId,
    due_date: '2099-01-31',
    line_items: [{ name: 'Work', rate, quantity: 1 }],
  });
  return invoice.invoice_id;
}

async function pollAll(entityType: string, from: string): Promise<{ listed: ListedEntity[]; next: string }> {
  const listed: ListedEntity[] = [];
  for (let position = from; ;) {
    const page = await source.poll(call(), entityType, position);
    listed.push(...(page.listed ?? []));
    if (page.done) return { listed, next: page.next };
    position = page.next;
  }
}

/** Signs the owner of the organisation in, and takes what the consent page sends the browser back with. */
async function consent(): Promise<{ code: string; codeVerifier: string; callback: Record<string, string> }> {
  const codeVerifier = randomBytes(32).toString('base64url');
  const url = auth.authorizeUrl({
    baseUrls: baseUrls(),
    clientId: clients.vendors['zoho-books'].clientId,
    redirectUri,
    state: 'the state',
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
  });
  const answer = await fetch(`${url}&auto=1&organisation=${account.accountId}`, { redirect: 'manual' });
  const { code = '', ...callback } = Object.fromEntries(
    new URL(answer.headers.get('location') ?? '').searchParams,
  );
  return { code, codeVerifier, callback };
}

async function signIn(): Promise<TokenSet> {
  return auth.exchange(authCall(), { ...(await consent()), redirectUri });
}

test('signs in through the page of one region and works in the region of the user', async () => {
  const asked = await consent();
  expect(asked.callback).toMatchObject({ location: 'eu', state: 'the state' });
  const tokens = await auth.exchange(authCall(), { ...asked, redirectUri });
  expect(tokens.settings).toEqual({ region: 'eu' });
  const there = authCall(tokens.settings);
  expect(await auth.listAccounts(there, tokens.accessToken)).toEqual([
    {
      accountId: account.accountId,
      displayName: 'Contract GmbH',
      timeZone: 'Europe/Berlin',
      country: 'DE',
      currency: 'EUR',
      handle: null,
      settings: { plan: 'STANDARD' },
    },
  ]);
  const refreshed = await auth.refresh(there, tokens.refreshToken ?? '');
  expect(refreshed.refreshToken).toBeNull();
  expect(refreshed.accessToken).not.toBe(tokens.accessToken);
});

test('a code is good once, and at the server of its own region only', async () => {
  const asked = await consent();
  const elsewhere = { ...asked, redirectUri, callback: { location: 'us' } };
  await expect(auth.exchange(authCall(), elsewhere)).rejects.toMatchObject({ vendorCode: 'invalid_code' });
  await auth.exchange(authCall(), { ...asked, redirectUri });
  await expect(auth.exchange(authCall(), { ...asked, redirectUri })).rejects.toMatchObject({
    vendorCode: 'invalid_code',
  });
});

test('the twenty-first consent of a user ends the first one, which is then to be authorised again', async () => {
  const first = await signIn();
  for (let consents = 2; consents <= 21; consents += 1) await signIn();
  const there = authCall({ region: 'eu' });
  const error = await auth.refresh(there, first.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(error, { triedForMs: 0, graceMs: 0 })).toBe('revoked');
});

test('too many access tokens in ten minutes are a pause, although they are refused with 200', async () => {
  const { refreshToken } = await signIn();
  const there = authCall({ region: 'eu' });
  let error: unknown;
  for (let asked = 0; asked < 10 && error === undefined; asked += 1)
    error = await auth.refresh(there, refreshToken ?? '').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toMatchObject({ code: 'vendor-rate-limited', retryAfterMs: 600_000 });
  expect(auth.classifyRefreshFailure(error, { triedForMs: 0, graceMs: 0 })).toBe('transient');
  await sandbox.control('/clock', { advanceMs: 600_000 });
  await auth.refresh(there, refreshToken ?? '');
});

test('a wrong app secret is a misconfiguration; a revoked token is revoked; revoking twice does no harm', async () => {
  const tokens = await signIn();
  const there = authCall({ region: 'eu' });
  const wrong = { ...there, app: { ...there.app, clientSecret: 'wrong' } };
  const refused = await auth.refresh(wrong, tokens.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(refused, { triedForMs: 0, graceMs: 0 })).toBe('misconfigured');
  await auth.revoke(there, tokens.refreshToken ?? '');
  await auth.revoke(there, tokens.refreshToken ?? '');
  const gone = await auth.refresh(there, tokens.refreshToken ?? '').catch((thrown: unknown) => thrown);
  expect(auth.classifyRefreshFailure(gone, { triedForMs: 0, graceMs: 0 })).toBe('revoked');
});

test('reads every kind of record and maps it', async () => {
  const customer = await addContact();
  const supplier = await addContact({ contact_name: 'Molly', contact_type: 'vendor' });
  const invoice = await addInvoice(customer);
  const line_items = [{ name: 'Paper', rate: 12.5, quantity: 2 }];
  const { bill } = await write<{ bill: { bill_id: string } }>('POST', 'bills', {
    vendor_id: supplier,
    due_date: '2099-01-31',
    line_items,
  });
  const { purchaseorder } = await write<{ purchaseorder: { purchaseorder_id: string } }>(
    'POST',
    'purchaseorders',
    {
      vendor_id: supplier,
      line_items,
    },
  );
  const { payment } = await write<{ payment: { payment_id: string } }>('POST', 'customerpayments', {
    customer_id: customer,
    amount: 40,
    invoices: [{ invoice_id: invoice, amount_applied: 40 }],
  });
  const { vendorpayment } = await write<{ vendorpayment: { payment_id: string } }>('POST', 'vendorpayments', {
    vendor_id: supplier,
    amount: 25,
    bills: [{ bill_id: bill.bill_id, amount_applied: 25 }],
  });
  const { expense } = await write<{ expense: { expense_id: string } }>('POST', 'expenses', {
    amount: 9.99,
    vendor_id: supplier,
    description: 'Lunch',
  });
  const read = async (entityType: string, id: string) => {
    const found = (await source.fetchEntities(call(), entityType, [id])).get(id);
    if (!found || found === 'gone') throw new Error(`no ${entityType}`);
    return source.toRecordBody(found);
  };
  expect(await read('contact', customer)).toMatchObject({
    contact: { name: 'Ada', phones: [{ kind: 'mobile', number: '+491701234567' }], isCustomer: true },
  });
  expect(await read('invoice', invoice)).toMatchObject({
    entityNumber: 'INV-000001',
    invoice: {
      kind: 'sales',
      status: 'issued',
      currency: 'EUR',
      total: '100',
      amountDue: '60',
      amountPaid: '40',
      onlineUrl: expect.stringContaining('SecurePayment') as string,
    },
  });
  expect(await read('bill', bill.bill_id)).toMatchObject({
    invoice: { kind: 'purchase', status: 'paid', total: '25', amountDue: '0' },
  });
  expect(await read('purchaseOrder', purchaseorder.purchaseorder_id)).toMatchObject({
    purchaseOrder: { number: 'PO-000001', status: 'draft', contactName: 'Molly', total: '25' },
  });
  expect(await read('payment', payment.payment_id)).toMatchObject({
    version: 0,
    payment: { kind: 'received', amount: '40', invoiceId: invoice, invoiceNumber: 'INV-000001' },
  });
  expect(await read('vendorPayment', vendorpayment.payment_id)).toMatchObject({
    vendorPayment: { amount: '25', billIds: [bill.bill_id], contactName: 'Molly' },
  });
  expect(await read('expense', expense.expense_id)).toMatchObject({
    expense: { amount: '9.99', description: 'Lunch', contactName: 'Molly' },
  });
});

/** Fields by which flows and mapping go, with the fixtures that follow Zoho's OpenAPI documents. */
test.each([
  [
    'invoices',
    'invoice',
    [
      'invoice_number',
      'status',
      'due_date',
      'currency_code',
      'total',
      'balance',
      'line_items',
      'invoice_url',
    ],
  ],
  ['bills', 'bill', ['bill_number', 'vendor_id', 'status', 'due_date', 'total', 'balance', 'line_items']],
  [
    'purchaseorders',
    'purchase-order',
    ['purchaseorder_number', 'vendor_id', 'status', 'delivery_date', 'total'],
  ],
  [
    'customerpayments',
    'payment',
    ['payment_number', 'payment_mode', 'amount', 'date', 'status', 'customer_id', 'invoices'],
  ],
  ['vendorpayments', 'vendor-payment', ['payment_number', 'vendor_id', 'date', 'currency_code', 'bills']],
  ['expenses', 'expense', ['date', 'account_name', 'total', 'currency_code', 'status', 'vendor_name']],
  ['contacts', 'contact', ['contact_name', 'contact_type', 'status', 'contact_persons', 'billing_address']],
] as const)(
  'the double’s %s have the documented fields and no other kinds of values',
  async (module, name, needed) => {
    const customer = await addContact();
    const invoice = await addInvoice(customer);
    const vendor = await addContact({ contact_name: 'Molly', contact_type: 'vendor' });
    const line_items = [{ name: 'Paper', rate: 1, quantity: 1 }];
    const { bill } = await write<{ bill: Record<string, unknown> }>('POST', 'bills', {
      vendor_id: vendor,
      line_items,
    });
    const bodies: Record<string, object> = {
      contacts: { contact_name: 'Eve', contact_persons: [{ first_name: 'Eve', email: 'eve@example.com' }] },
      invoices: { customer_id: customer, line_items },
      bills: { vendor_id: vendor, line_items },
      purchaseorders: { vendor_id: vendor, line_items },
      customerpayments: {
        customer_id: customer,
        amount: 1,
        invoices: [{ invoice_id: invoice, amount_applied: 1 }],
      },
      vendorpayments: {
        vendor_id: vendor,
        amount: 1,
        bills: [{ bill_id: bill['bill_id'], amount_applied: 1 }],
      },
      expenses: { amount: 5, vendor_id: vendor },
    };
    const answer = await write<Record<string, unknown>>('POST', module, bodies[module]);
    const made = Object.values(answer).find((value) => typeof value === 'object') as Record<string, unknown>;
    const file = new URL(`../../libs/vendors/zoho-books/fixtures/${name}.json`, import.meta.url);
    const { entity } = JSON.parse(readFileSync(file, 'utf8')) as { entity: Record<string, unknown> };
    expect(needed.filter((field) => !(field in made) || !(field in entity))).toEqual([]);
    // Part of the documents types amounts as texts.
    const kindOf = (value: unknown): string =>
      (Array.isArray(value) ? 'array' : typeof value).replace('number', 'string');
    const differing = Object.keys(entity).filter(
      (field) => field in made && kindOf(made[field]) !== kindOf(entity[field]),
    );
    expect(differing).toEqual([]);
  },
);

test('a deleted record and one that never was are gone', async () => {
  const id = await addInvoice(await addContact());
  await write('DELETE', `invoices/${id}`);
  const found = await source.fetchEntities(call(), 'invoice', [id, '999']);
  expect([...found.values()]).toEqual(['gone', 'gone']);
});

test('polls find what changed since the last poll, over several pages, and nothing else', async () => {
  const customer = await addContact();
  const start = (await pollAll('invoice', source.startPosition('invoice', Date.now()))).next;
  await sandbox.control('/limits', { vendor: 'zoho-books', perMinute: null, concurrent: null });
  const ids: string[] = [];
  for (let made = 0; made < 205; made += 1) ids.push(await addInvoice(customer));
  const found = await pollAll('invoice', start);
  expect(new Set(found.listed.map(({ entityId }) => entityId))).toEqual(new Set(ids));
  await sandbox.control('/clock', { advanceMs: 1_800_000 });
  const later = await pollAll('invoice', source.startPosition('invoice', Date.now() + 1_800_000 - 60_000));
  expect(later.listed).toEqual([]);
  await write('POST', `invoices/${ids[3] ?? ''}/status/sent`);
  const changed = await pollAll('invoice', later.next);
  expect(changed.listed).toMatchObject([{ entityId: ids[3] }]);
}, 30_000);

test('polls find changed contacts, and customer payments although no list tells when they changed', async () => {
  const customer = await addContact();
  const invoice = await addInvoice(customer);
  const contacts = await pollAll('contact', source.startPosition('contact', Date.now()));
  expect(contacts.listed).toMatchObject([{ entityType: 'contact', entityId: customer }]);
  const pay = async () =>
    write<{ payment: { payment_id: string } }>('POST', 'customerpayments', {
      customer_id: customer,
      amount: 1,
      invoices: [{ invoice_id: invoice, amount_applied: 1 }],
    });
  const { payment: first } = await pay();
  const before = await pollAll('payment', source.startPosition('payment', Date.now()));
  expect(before.listed).toEqual([{ entityType: 'payment', entityId: first.payment_id, version: null }]);
  const { payment: second } = await pay();
  const after = await pollAll('payment', before.next);
  expect(after.listed.map(({ entityId }) => entityId)).toEqual([second.payment_id]);
});

test.each([
  [{ perMinute: 1 }, 'vendor-rate-limited', 59_000],
  [{ perDay: 1 }, 'vendor-day-limit', 14 * 60_000],
])(
  'waits when the organisation’s limit %o is used up, and goes on after it',
  async (limits, code, atLeastMs) => {
    await sandbox.control('/limits', { vendor: 'zoho-books', ...limits });
    await source.poll(call(), 'bill', source.startPosition('bill', 0));
    const error = await source
      .poll(call(), 'bill', source.startPosition('bill', 0))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, disposition: 'park' });
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(atLeastMs);
    await expect(source.poll(call(), 'bill', source.startPosition('bill', 0))).rejects.toMatchObject({
      code: 'vendor-limit-wait',
    });
  },
);

test('a token of one region is none in another, and an organisation of somebody else is refused', async () => {
  const elsewhere = runtime.callFor(connectionTo('zoho-books', account.accountId, { region: 'us' }));
  await expect(source.fetchEntities(elsewhere, 'invoice', ['1'])).rejects.toMatchObject({
    code: 'vendor-unauthorised',
  });
  const foreign = runtime.callFor(connectionTo('zoho-books', '10234695', { region: 'eu' }));
  await expect(source.fetchEntities(foreign, 'invoice', ['1'])).rejects.toMatchObject({
    code: 'vendor-misconfigured',
  });
});

test.each(['default', 'form'] as const)(
  'understands the %s webhooks that the rules of an organisation send',
  async (body) => {
    const secret = webhooks.deriveKey?.('app key', 'c1') ?? '';
    const sink = await startSink(webhooks, secret, { accountId: account.accountId });
    const setUp = (withSecret: string) =>
      sandbox.control('/zoho-books/rules', {
        organizationId: account.accountId,
        url: `${sink.url}/webhooks/zoho-books/c1`,
        secret: withSecret,
        body,
      });
    await setUp(secret);
    const customer = await addContact();
    const invoice = await addInvoice(customer);
    await write('POST', `invoices/${invoice}/status/sent`);
    await write('POST', 'customerpayments', {
      customer_id: customer,
      amount: 100,
      invoices: [{ invoice_id: invoice, amount_applied: 100 }],
    });
    await write('DELETE', `invoices/${invoice}`);
    await vi.waitFor(() => expect(sink.verdicts).toHaveLength(7), { timeout: 5000 });
    const told = sink.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? verdict.events : []));
    expect(
      told
        .map((event) => (event.kind === 'change' ? `${event.entityType} ${event.changeType}` : ''))
        .toSorted(),
    ).toEqual([
      'contact updated',
      'invoice created',
      'invoice deleted',
      'invoice updated',
      'invoice updated',
      'invoice updated',
      'payment created',
    ]);
    await setUp('anothersecret123');
    await addContact({ contact_name: 'Forged' });
    await vi.waitFor(() => expect(sink.verdicts.at(-1)).toMatchObject({ reason: 'signature-invalid' }));
    await sink.close();
  },
);

test('repeats a failed webhook only under a retry policy', async () => {
  const unreachable = 'http://127.0.0.1:9/webhooks/zoho-books/c1';
  const rules = {
    organizationId: account.accountId,
    url: unreachable,
    secret: 'abcdefghijkl',
    rules: ['contact-changed'],
  };
  await sandbox.control('/zoho-books/rules', rules);
  const attempts = async () =>
    (await sandbox.control<{ deliveries: { attempt: number }[] }>('/webhooks/deliveries?vendor=zoho-books'))
      .deliveries;
  await addContact();
  await vi.waitFor(async () => expect(await attempts()).toHaveLength(1));
  await sandbox.control('/webhooks', { vendor: 'zoho-books', retries: 1, retryEveryMs: 1000 });
  await addContact({ contact_name: 'Eve' });
  await vi.waitFor(async () => expect(await attempts()).toHaveLength(2));
  await sandbox.control('/clock', { advanceMs: 1000 });
  await vi.waitFor(async () => expect((await attempts()).map(({ attempt }) => attempt)).toEqual([2, 1, 1]));
});
