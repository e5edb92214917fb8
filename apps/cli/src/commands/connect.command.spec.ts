import { describe, expect, it } from 'vitest';
import { hastyClock, run } from '../testing/run.js';
import { type Answer, ServiceDouble } from '../testing/service-double.js';

const AUTH_TOKEN = 'auth-token-of-the-spec';
const field = (name: string, label: string, required: boolean, secret: boolean) => ({
  name,
  label,
  required,
  secret,
  help: 'On the first page.',
});
const vendors = {
  body: {
    vendors: [
      { id: 'freshbooks', name: 'FreshBooks', auth: 'consent', configured: true, subscribes: true },
      { id: 'xero', name: 'Xero', auth: 'consent', configured: false, subscribes: false },
      {
        id: 'twilio',
        name: 'Twilio',
        auth: 'keys',
        configured: true,
        subscribes: false,
        fields: [
          field('accountSid', 'Account SID', true, false),
          field('authToken', 'Auth token', true, true),
          field('secondaryAuthToken', 'Secondary auth token', false, true),
        ],
      },
    ].map((vendor) => ({ variables: ['LEDGERWIRE_XERO_CLIENT_ID'], fields: [], ...vendor })),
  },
};
const connection = (over: Record<string, unknown> = {}) => ({
  connectionId: 'c1',
  workspaceId: 'acme',
  vendor: 'freshbooks',
  accountId: '1',
  displayName: 'Acme Books',
  status: 'active',
  updatedAt: 5,
  ...over,
});
const connections = (...rows: object[]): Answer => ({ body: { connections: rows } });
const subscriptions = (...rows: [event: string, status: string][]): Answer => ({
  body: { subscriptions: rows.map(([event, status]) => ({ event, status, problem: null })) },
});
const link = { body: { url: 'https://broker.example/connect/freshbooks?s=1', expiresAt: 0 } };
const broker = (answers: Record<string, Answer | Answer[]>) =>
  ServiceDouble.start({ 'GET /vendors': vendors, ...answers });

describe('connect by consent', () => {
  it('gives the link and waits until the account is there and its webhooks are verified', async () => {
    const former = connection({ status: 'needs-reauthorisation' });
    const service = await broker({
      'GET /connections': [
        connections(former),
        connections(former),
        connections(connection({ updatedAt: 9 })),
      ],
      'POST /connect-links': link,
      'GET /connections/c1/subscriptions': [
        subscriptions(),
        subscriptions(['invoice.create', 'registered'], ['payment.create', 'verified']),
        subscriptions(['invoice.create', 'verified'], ['payment.create', 'verified']),
      ],
    });
    const words = ['connect', 'freshbooks', '--workspace', 'acme'];
    const { code, out, err } = await run(words, { broker: service, clock: hastyClock() });
    expect(err).toContain('https://broker.example/connect/freshbooks?s=1');
    expect(err).toContain('1 of 2 webhook subscriptions verified\n2 of 2 webhook subscriptions verified');
    expect(code).toBe(0);
    expect(out).toContain('FreshBooks: Acme Books');
    expect(service.sentTo('POST /connect-links')).toEqual([
      { vendor: 'freshbooks', workspaceId: 'acme', lifetimeMinutes: 1_440 },
    ]);
  });

  it('asks for the right to write only when told to', async () => {
    const service = await broker({ 'GET /connections': connections(), 'POST /connect-links': link });
    const words = ['connect', 'freshbooks', '--workspace', 'acme', '--wait', '0', '--may-write'];
    expect((await run(words, { broker: service, clock: hastyClock() })).code).toBe(0);
    expect(service.sentTo('POST /connect-links')).toEqual([
      { vendor: 'freshbooks', workspaceId: 'acme', lifetimeMinutes: 1_440, mayWrite: true },
    ]);
  });

  it('says what is missing when no subscription is ever made', async () => {
    const service = await broker({
      'GET /connections': [connections(), connections(connection())],
      'POST /connect-links': link,
      'GET /connections/c1/subscriptions': subscriptions(),
    });
    const { err } = await run(['connect', 'freshbooks', '--workspace', 'acme'], {
      broker: service,
      clock: hastyClock(),
    });
    expect(err).toContain('set INGRESS_PUBLIC_URL');
  });

  it('gives up when nobody follows the link, which stays good', async () => {
    const service = await broker({
      'GET /connections': connections(connection()),
      'POST /connect-links': link,
    });
    const { code, err } = await run(['connect', 'freshbooks', '--wait', '1'], {
      broker: service,
      clock: hastyClock(),
    });
    expect(code).toBe(1);
    expect(err).toContain('Nobody has connected FreshBooks within 1 minute');
  });

  it('asks for the workspace where it is not clear which', async () => {
    const rows = [connection(), connection({ connectionId: 'c2', workspaceId: 'other' })];
    const service = await broker({ 'GET /connections': connections(...rows) });
    const { code, err } = await run(['connect', 'freshbooks'], { broker: service });
    expect(code).toBe(2);
    expect(err).toContain('there are acme, other');
  });

  it('names the variables that token-broker lacks, and the vendors that there are', async () => {
    const service = await broker({});
    const xero = await run(['connect', 'xero'], { broker: service });
    expect([xero.code, xero.err]).toEqual([1, expect.stringContaining('LEDGERWIRE_XERO_CLIENT_ID')]);
    const sap = await run(['connect', 'sap'], { broker: service });
    expect([sap.code, sap.err]).toEqual([2, expect.stringContaining('freshbooks, xero, twilio')]);
  });
});

describe('connect with API keys', () => {
  const keys = { 'POST /connections': { body: connection({ vendor: 'twilio' }) } };
  const words = ['connect', 'twilio', '--workspace', 'acme', '--setting', 'messagingServiceSid=MG1'];

  it('takes them from variables', async () => {
    const service = await broker(keys);
    const environment = { LEDGERWIRE_TWILIO_ACCOUNT_SID: 'AC1', LEDGERWIRE_TWILIO_AUTH_TOKEN: AUTH_TOKEN };
    const { code, out, err } = await run(words, { broker: service, environment });
    expect(code).toBe(0);
    expect(service.sentTo('POST /connections')).toEqual([
      {
        vendor: 'twilio',
        workspaceId: 'acme',
        credentials: { accountSid: 'AC1', authToken: AUTH_TOKEN },
        settings: { messagingServiceSid: 'MG1' },
      },
    ]);
    expect(out + err).not.toContain(AUTH_TOKEN);
  });

  it('asks for them, the secret ones unseen', async () => {
    const service = await broker(keys);
    const asked: [string, boolean][] = [];
    const ask = (question: string, { secret }: { readonly secret: boolean }) => {
      asked.push([question.split(' (')[0] ?? '', secret]);
      return Promise.resolve(
        question.startsWith('Account') ? 'AC1' : secret && asked.length < 3 ? AUTH_TOKEN : '',
      );
    };
    const { out, err } = await run(words, { broker: service, ask });
    expect(asked).toEqual([
      ['Account SID', false],
      ['Auth token', true],
      ['Secondary auth token, or nothing', true],
    ]);
    expect(service.sentTo('POST /connections')).toMatchObject([
      { credentials: { accountSid: 'AC1', authToken: AUTH_TOKEN } },
    ]);
    expect(out + err).not.toContain(AUTH_TOKEN);
  });

  it('names the variables where nobody can be asked', async () => {
    const { code, err } = await run(words, { broker: await broker(keys) });
    expect(code).toBe(1);
    expect(err).toContain('LEDGERWIRE_TWILIO_ACCOUNT_SID, LEDGERWIRE_TWILIO_AUTH_TOKEN');
  });
});

it('shows what to enter at the vendor', async () => {
  const setup = { body: { paths: ['/webhooks/zoho/c1/:event'], secret: 'to-be-entered' } };
  const service = await broker({
    'GET /connections': connections(connection()),
    'GET /connections/c1/webhook-setup': setup,
  });
  const { code, out } = await run(['connect', 'freshbooks', '--webhook-setup'], { broker: service });
  expect(code).toBe(0);
  expect(out).toContain('<public URL of ingress>/webhooks/zoho/c1/:event');
  expect(out).toContain('to-be-entered');
});
