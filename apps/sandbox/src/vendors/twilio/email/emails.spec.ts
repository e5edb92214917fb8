import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxUnderTest, type TestClients } from '../../../testing/sandbox-under-test.js';

let sandbox: SandboxUnderTest;
let clients: TestClients['twilio'];

beforeAll(async () => {
  sandbox = await SandboxUnderTest.start();
}, 30_000);
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.post('/reset');
  ({ twilio: clients } = await sandbox.clients());
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(
  method: string,
  path: string,
  body?: object,
  password = clients.apiKeySecret,
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/twilio-comms/v1/Emails${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${clients.apiKeySid}:${password}`).toString('base64')}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

const ORDER = {
  from: { address: 'billing@example.com', name: 'Billing' },
  to: [{ address: 'ann@example.com' }],
  content: { subject: 'Invoice', html: '<p>Hello</p>' },
  tags: { 'ledgerwire-command': 'cmd-1' },
};

async function send(changes: object = {}): Promise<string> {
  const { status, body } = await call('POST', '', { ...ORDER, ...changes });
  expect(status).toBe(202);
  return String(body['operationId']);
}

describe('the Email API', () => {
  test('accepts an e-mail as an operation, delivers it and keeps what was sent', async () => {
    await sandbox.holdTime();
    const accepted = await call('POST', '', ORDER);
    expect(accepted.body).toEqual({
      operationId: expect.stringMatching(/^comms_operation_[0-7][a-hjkmnpqrstv-z0-9]{25}$/),
      operationLocation: `${sandbox.url}/twilio-comms/v1/Emails/Operations/${String(accepted.body['operationId'])}`,
    });
    const operationId = String(accepted.body['operationId']);
    expect((await call('GET', `/Operations/${operationId}`)).body).toMatchObject({
      status: 'PROCESSING',
      stats: { total: 1, queued: 1 },
    });
    await sandbox.advance(1000);
    expect((await call('GET', `/Operations/${operationId}`)).body).toMatchObject({
      status: 'COMPLETED',
      stats: { delivered: 1 },
    });
    const { body } = await call('GET', `?operationId=${operationId}`);
    expect(body).toMatchObject({
      emails: [
        {
          id: expect.stringMatching(/^comms_email_[0-7]/),
          status: 'DELIVERED',
          to: [{ address: 'ann@example.com' }],
          tags: ORDER.tags,
          content: { subject: 'Invoice' },
        },
      ],
      pagination: { next: null, self: null },
    });
    expect(await sandbox.ledger()).toMatchObject([{ kind: 'email', key: 'cmd-1', to: 'ann@example.com' }]);
  });

  test('makes one e-mail for each recipient and finds them by tag, page by page', async () => {
    await send({
      to: Array.from({ length: 5 }, (_, index) => ({ address: `p${String(index)}@example.com` })),
      tags: { run: 'a' },
    });
    await send();
    const first = await call('GET', '?pageSize=3&tags=run:a;');
    const { next } = first.body['pagination'] as { next: string };
    const second = await call('GET', `?pageSize=3&tags=run:a;&pageToken=${next}`);
    const ids = [first, second].flatMap(({ body }) =>
      (body['emails'] as { id: string }[]).map(({ id }) => id),
    );
    expect(new Set(ids).size).toBe(5);
    expect(second.body['pagination']).toMatchObject({ next: null });
  });

  test.each([
    ['bounce.test', 'UNDELIVERED'],
    ['failed.test', 'FAILED'],
    ['opened.test', 'OPENED'],
  ])('to %s ends %s', async (domain, status) => {
    const operationId = await send({ to: [{ address: `a@${domain}` }] });
    await sandbox.advance(1000);
    expect((await call('GET', `?operationId=${operationId}`)).body).toMatchObject({ emails: [{ status }] });
  });

  test('forgets after seven days', async () => {
    const operationId = await send();
    await sandbox.advance(7 * 86_400_000);
    expect((await call('GET', `/Operations/${operationId}`)).status).toBe(404);
    expect((await call('GET', `?operationId=${operationId}`)).body).toMatchObject({ emails: [] });
  });

  test('lists all problems of a request at once and demands html', async () => {
    const refused = await call('POST', '', {
      from: { address: 'x' },
      to: [],
      content: { subject: 'S', text: 'only text' },
    });
    expect(refused.status).toBe(400);
    const fields = (refused.body['errors'] as { field: string }[]).map(({ field }) => field);
    expect(fields).toEqual(expect.arrayContaining(['from.address', 'to', 'content.html']));
    expect((await call('POST', '', ORDER, 'wrong')).status).toBe(401);
  });
});
