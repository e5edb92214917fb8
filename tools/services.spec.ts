import { describe, expect, test } from 'vitest';
import { vendors } from '#libs/vendors';
import { services, serviceEnvironment, type ServiceContext, type ServiceName } from './services.ts';
import { serviceUrls } from './start/layout.ts';

const context: ServiceContext = {
  kafkaBrokers: '127.0.0.1:4492',
  registryUrl: 'http://127.0.0.1:4481/apis/ccompat/v7',
  databaseUrl: 'postgresql://ledgerwire:ledgerwire@127.0.0.1:4432/ledgerwire',
  urls: serviceUrls(4400),
  instances: [
    { name: 'mapper-1', url: 'http://127.0.0.1:4412' },
    { name: 'mapper-2', url: 'http://127.0.0.1:4512' },
  ],
  secrets: {
    serviceTokens: Object.fromEntries(services.map(({ name }) => [name, `token-of-${name}`])),
    masterKeys: 'k1:secret-key',
    consoleToken: 'secret-console',
  },
  stateFolder: 'state',
  environment: { PATH: '/usr/bin' },
  vendors: {
    servers: {
      xero: { api: '/xero', identity: '/xero/identity', login: '/xero/login' },
      twilio: { api: '/twilio' },
      'zoho-books': { 'api-eu': '/zoho-books/eu/api' },
    },
    apps: { xero: { clientId: 'client', clientSecret: 'secret', webhookKey: 'key' } },
  },
};

function environmentOf(name: ServiceName, of = context): Record<string, string | undefined> {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return serviceEnvironment(service, 2, 4511, of);
}

describe('the environment of a service', () => {
  test('names the instance, its port and its own token', () => {
    expect(environmentOf('fetcher')).toMatchObject({
      PORT: '4511',
      INSTANCE: 'fetcher-2',
      LEDGERWIRE_SERVICE_TOKEN: 'token-of-fetcher',
      KAFKA_BROKERS: '127.0.0.1:4492',
      FETCHER_VENDOR: 'xero',
      PATH: '/usr/bin',
    });
  });

  test('starts a fetcher for every vendor whose books are read', () => {
    const read = services.map(({ name }) => environmentOf(name)['FETCHER_VENDOR']).filter(Boolean);
    const sources = vendors.all.filter(({ source }) => source !== undefined);
    expect(read).toEqual(sources.map(({ manifest }) => manifest.id));
  });

  test('gives the keys of the credentials to token-broker alone', () => {
    const holders = services.filter(({ name }) => 'LEDGERWIRE_MASTER_KEYS' in environmentOf(name));
    expect(holders.map(({ name }) => name)).toEqual(['token-broker']);
  });

  test('gives the database to token-broker and console alone', () => {
    const users = services.filter(({ name }) => 'DATABASE_URL' in environmentOf(name));
    expect(users.map(({ name }) => name)).toEqual(['token-broker', 'console']);
  });

  test('gives no service the token of another one, but token-broker all that may ask it', () => {
    for (const { name } of services.filter((service) => service.name !== 'token-broker')) {
      const { INGRESS_REQUEUE_TOKEN: shown, ...own } = environmentOf(name);
      const tokens = Object.values(own).filter((value) => value?.startsWith('token-of-'));
      expect(tokens).toEqual([`token-of-${name}`]);
      // Ingress knows console by what console shows.
      expect(shown).toBe(['console', 'ingress'].includes(name) ? 'token-of-console' : undefined);
    }
    expect(JSON.parse(environmentOf('token-broker')['LEDGERWIRE_SERVICE_TOKENS'] ?? '')).toEqual({
      ingress: {
        token: 'token-of-ingress',
        permissions: ['verification-keys:read', 'subscriptions:prove'],
      },
      ...Object.fromEntries(
        ['fetcher', 'fetcher-freshbooks', 'fetcher-zoho-books'].map((name) => [
          name,
          { token: `token-of-${name}`, permissions: ['access-tokens:read', 'credentials:read'] },
        ]),
      ),
      'twilio-sender': {
        token: 'token-of-twilio-sender',
        permissions: ['access-tokens:read', 'credentials:read'],
      },
    });
  });

  test("leads to the sandbox, with the sandbox's credentials for our app", () => {
    expect(environmentOf('token-broker')).toMatchObject({
      LEDGERWIRE_XERO_API_URL: 'http://127.0.0.1:4403/xero',
      LEDGERWIRE_XERO_IDENTITY_URL: 'http://127.0.0.1:4403/xero/identity',
      LEDGERWIRE_XERO_LOGIN_URL: 'http://127.0.0.1:4403/xero/login',
      LEDGERWIRE_XERO_CLIENT_ID: 'client',
      LEDGERWIRE_XERO_WEBHOOK_KEY: 'key',
      LEDGERWIRE_TWILIO_API_URL: 'http://127.0.0.1:4403/twilio',
      LEDGERWIRE_ZOHO_BOOKS_API_EU_URL: 'http://127.0.0.1:4403/zoho-books/eu/api',
    });
  });

  test('leads to a real vendor, with nothing of the sandbox, as soon as the person names anything of it', () => {
    const real = { ...context, environment: { LEDGERWIRE_XERO_CLIENT_ID: 'real' } };
    const names = Object.entries(environmentOf('token-broker', real)).filter(([name]) =>
      name.includes('XERO'),
    );
    expect(names).toEqual([['LEDGERWIRE_XERO_CLIENT_ID', 'real']]);
    expect(environmentOf('token-broker', real)['LEDGERWIRE_TWILIO_API_URL']).toBe(
      'http://127.0.0.1:4403/twilio',
    );
  });

  test('gives the token of operators to the two services that they use', () => {
    const holders = services.filter(({ name }) =>
      Object.values(environmentOf(name)).includes(context.secrets.consoleToken),
    );
    expect(holders.map(({ name }) => name)).toEqual(['token-broker', 'console']);
  });

  test('tells the console every instance that it may watch', () => {
    expect(environmentOf('console')['CONSOLE_SERVICES']).toBe(
      'mapper-1=http://127.0.0.1:4412,mapper-2=http://127.0.0.1:4512',
    );
  });
});
