import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestAccount, type TestClients } from '../../../testing/sandbox-under-test.js';
import {
  type Answer,
  answerOk,
  eventually,
  type ReceivedRequest,
  WebhookReceiver,
} from '../../../testing/webhook-receiver.js';

const QUARTER_OF_AN_HOUR = 15 * 60_000;

interface Event {
  readonly resourceId: string;
  readonly eventCategory: string;
  readonly eventType: string;
  readonly tenantId: string;
}
interface Body {
  readonly events: Event[];
  readonly firstEventSequence: number;
  readonly lastEventSequence: number;
  readonly entropy: string;
}

let sandbox: SandboxUnderTest;
let clients: TestClients;
let account: TestAccount;
let receiver: WebhookReceiver;

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  clients = await sandbox.clients();
  [account] = clients.vendors.xero.accounts as [TestAccount];
  receiver = await WebhookReceiver.start();
});
afterEach(() => receiver.close());

function subscribe(settings: object = {}): Promise<{ status: string }> {
  return sandbox.post('/webhooks', {
    vendor: 'xero',
    url: `${receiver.url}/hook`,
    handshake: false,
    ...settings,
  });
}

/** Changes the books as anybody with the accounting API would. */
async function write<T>(method: string, path: string, body: object, as = account): Promise<T> {
  const response = await fetch(`${clients.vendors.xero.apiBaseUrl}/api.xro/2.0/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${as.accessToken}`,
      'xero-tenant-id': as.accountId,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

async function addContact(name: string, as = account): Promise<string> {
  const { Contacts } = await write<{ Contacts: { ContactID: string }[] }>(
    'PUT',
    'Contacts',
    { Name: name },
    as,
  );
  return Contacts[0]?.ContactID ?? '';
}

async function addInvoice(): Promise<string> {
  const { Invoices } = await write<{ Invoices: { InvoiceID: string }[] }>('PUT', 'Invoices', {
    Type: 'ACCREC',
    Status: 'AUTHORISED',
    Contact: { Name: 'Cash Sale' },
    LineItems: [{ Description: 'Work', UnitAmount: 100, TaxType: 'NONE' }],
  });
  return Invoices[0]?.InvoiceID ?? '';
}

function bodyOf(request: ReceivedRequest | undefined): Body {
  return JSON.parse(request?.body ?? '{}') as Body;
}

function isSigned(request: ReceivedRequest): boolean {
  const { webhookKey } = clients.vendors.xero;
  return (
    createHmac('sha256', webhookKey).update(request.body).digest('base64') ===
    request.headers['x-xero-signature']
  );
}

/** A receiver that checks signatures as Xero's portal demands. */
const careful: Answer = (request, response) => void response.writeHead(isSigned(request) ? 200 : 401).end();

function settings(): Promise<{ xero: { status: string; waiting: number } }> {
  return sandbox.get('/webhooks');
}

describe('events', () => {
  test('tell a new contact in one signed body with Xero’s spacing', async () => {
    await subscribe();
    const id = await addContact('Told Ltd');
    const [request] = await receiver.until(1);
    expect(request && isSigned(request)).toBe(true);
    expect(request?.body).toMatch(/,"firstEventSequence": 1,"lastEventSequence": 1, "entropy": "[\w-]+"}$/);
    expect(bodyOf(request).events).toEqual([
      {
        resourceUrl: `https://api.xero.com/api.xro/2.0/Contacts/${id}`,
        resourceId: id,
        tenantId: account.accountId,
        tenantType: 'ORGANISATION',
        eventCategory: 'CONTACT',
        eventType: 'CREATE',
        eventDateUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/) as string,
      },
    ]);
  });

  test('tell a payment as an update of its invoice, for there is no payment category', async () => {
    await subscribe({ batchMs: 0 });
    const id = await addInvoice();
    await receiver.until(1);
    await write('PUT', 'Payments', { Invoice: { InvoiceID: id }, Account: { Code: '090' }, Amount: 100 });
    const requests = await receiver.until(2);
    expect(requests.flatMap((request) => bodyOf(request).events)).toMatchObject([
      { resourceId: id, eventCategory: 'INVOICE', eventType: 'CREATE' },
      { resourceId: id, eventCategory: 'INVOICE', eventType: 'UPDATE' },
    ]);
  });

  test('of several organisations are gathered into one body', async () => {
    const { accounts } = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations');
    await subscribe({ batchMs: 60_000 });
    await addContact('One');
    await addContact('Two', accounts[0]);
    await addContact('Three');
    await sandbox.advance(60_000);
    const [request] = await receiver.until(1);
    const { events, firstEventSequence, lastEventSequence } = bodyOf(request);
    expect([firstEventSequence, lastEventSequence]).toEqual([1, 3]);
    expect(new Set(events.map(({ tenantId }) => tenantId))).toEqual(
      new Set([account.accountId, accounts[0]?.accountId]),
    );
  });

  test('of a disconnected organisation are not told', async () => {
    const { accounts } = await sandbox.post<{ accounts: TestAccount[] }>('/xero/organisations', { count: 2 });
    const [gone, kept] = accounts as [TestAccount, TestAccount];
    await subscribe({ batchMs: 0 });
    const [first] = clients.vendors.xero.accounts;
    await sandbox.post('/xero/disconnect', { tenantId: gone.accountId });
    await expect(addContact('Nobody hears of this', gone)).rejects.toThrow(/Forbidden/);
    await addContact('Heard', kept);
    const [request] = await receiver.until(1);
    expect(bodyOf(request).events.map(({ tenantId }) => tenantId)).toEqual([kept.accountId]);
    expect(first?.accountId).not.toBe(kept.accountId);
  });
});

describe('delivery', () => {
  test('is tried again at once, then every quarter of an hour, and later events wait behind it', async () => {
    receiver.answer = (_request, response, index) => void response.writeHead(index < 3 ? 503 : 200).end();
    await subscribe({ batchMs: 0 });
    await addContact('First');
    await receiver.until(2);
    await eventually(async () => (await settings()).xero.status === 'retrying');
    await addContact('Second');
    await sandbox.advance(QUARTER_OF_AN_HOUR);
    await receiver.until(3);
    await eventually(async () => (await settings()).xero.status === 'retrying');
    await sandbox.advance(QUARTER_OF_AN_HOUR);
    const requests = await receiver.until(5);
    expect(requests.map((request) => bodyOf(request).firstEventSequence)).toEqual([1, 1, 1, 1, 2]);
    expect((await sandbox.deliveries('xero')).map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 503],
      [2, 503],
      [3, 503],
      [4, 200],
      [1, 200],
    ]);
  });

  test('ends with a disabled subscription after twenty-four hours', async () => {
    receiver.answer = (_request, response) => void response.writeHead(500).end();
    await subscribe({ batchMs: 0 });
    await addContact('Never heard');
    await receiver.until(2);
    await eventually(async () => (await settings()).xero.status === 'retrying');
    await sandbox.advance(24 * 3_600_000);
    await eventually(async () => (await settings()).xero.status === 'disabled');
    receiver.answer = answerOk;
    await subscribe();
    const requests = await receiver.until(4);
    expect(bodyOf(requests[3]).firstEventSequence).toBe(1);
  });

  test('gives up on an answer that comes too late', async () => {
    receiver.answer = (_request, response, index) => {
      if (index > 0) response.writeHead(200).end();
    };
    await subscribe({ batchMs: 0, timeoutMs: 100 });
    await addContact('Slow');
    await receiver.until(2);
    const attempts = await eventually(async () => {
      const found = await sandbox.deliveries('xero');
      return found.length === 2 && found;
    });
    expect(attempts).toMatchObject([{ outcome: 'timed-out' }, { outcome: 'answered', status: 200 }]);
  });

  test('warns of what Xero refuses in an answer', async () => {
    receiver.answer = (_request, response) => void response.writeHead(200, { 'set-cookie': 'a=b' }).end();
    await subscribe({ batchMs: 0 });
    await addContact('Cookie');
    await receiver.until(1);
    const [attempt] = await eventually(async () => {
      const found = await sandbox.deliveries('xero');
      return found.length === 1 && found;
    });
    expect(attempt?.warning).toBe('the answer sets a cookie');
  });

  test('repeats, delays and drops bodies when asked to', async () => {
    await subscribe({ batchMs: 0, duplicates: 2, delayMs: 60_000 });
    await addContact('Thrice');
    await sandbox.advance(61_000);
    const copies = await receiver.until(3);
    expect(new Set(copies.map(({ body }) => body)).size).toBe(1);
    await sandbox.post('/webhooks', { vendor: 'xero', duplicates: 0, delayMs: 0, dropFraction: 1 });
    await addContact('Lost');
    await sandbox.post('/webhooks', { vendor: 'xero', dropFraction: 0 });
    await eventually(async () => (await settings()).xero.waiting === 0);
    await addContact('Sentinel');
    const requests = await receiver.until(4);
    expect(bodyOf(requests[3]).firstEventSequence).toBeGreaterThan(1);
  });

  test('lets bodies overtake each other when delays vary', async () => {
    await subscribe({ batchMs: 0, jitterMs: 100_000, seed: 7, concurrency: 1 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await addContact(name);
      await eventually(async () => (await settings()).xero.waiting === 0);
    }
    await sandbox.advance(100_000);
    const order = (await receiver.until(6)).map((request) => bodyOf(request).firstEventSequence);
    expect(order.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(order).not.toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the intent to receive', () => {
  test('switches the subscription on for a receiver that checks signatures', async () => {
    receiver.answer = careful;
    expect(await subscribe({ handshake: true })).toMatchObject({ status: 'ok' });
    expect(receiver.requests.map(({ body }) => bodyOf({ body } as ReceivedRequest))).toMatchObject(
      Array.from({ length: 4 }, () => ({ events: [], firstEventSequence: 0, lastEventSequence: 0 })),
    );
    expect(receiver.requests.filter(isSigned)).toHaveLength(2);
  });

  test('leaves it off for one that accepts forged bodies, and says why', async () => {
    expect(await subscribe({ handshake: true })).toMatchObject({ status: 'intent-to-receive-required' });
    const { passed, answers } = await sandbox.post<{ passed: boolean; answers: object[] }>(
      '/xero/intent-to-receive',
    );
    expect(passed).toBe(false);
    expect(answers[1]).toMatchObject({ correctlySigned: false, problem: 'answered 200, expected 401' });
  });

  test('leaves it off for one that answers with a body', async () => {
    receiver.answer = (request, response) => void response.writeHead(isSigned(request) ? 200 : 401).end('OK');
    expect(await subscribe({ handshake: true })).toMatchObject({ status: 'intent-to-receive-required' });
  });
});

test('ingress is entered by itself as soon as it passes the handshake', async () => {
  receiver.answer = (request, response, index) =>
    request.method === 'GET' ? void response.writeHead(200).end() : careful(request, response, index);
  const connected = await SandboxUnderTest.start({ INGRESS_URL: receiver.url });
  try {
    await receiver.until(4, ({ method }) => method === 'POST');
    const { xero } = await eventually(async () => {
      const found = await connected.get<{ xero: { status: string; url: string } }>('/webhooks');
      return found.xero.status === 'ok' && found;
    });
    expect(xero.url).toBe(`${receiver.url}/webhooks/xero`);
  } finally {
    await connected.stop();
  }
});
