import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withBenchSystem } from '../bench/bench-system.ts';
import { silentProgress } from '../lib/progress.ts';
import { parseStartArguments } from './arguments.ts';
import { writeSandboxFile } from './sandbox-file.ts';
import { loadScenario } from './scenario.ts';
import { isReal, requireSandbox, vendorVariables } from './vendor-variables.ts';

describe('the arguments of npm start', () => {
  test('are all off by default', () => {
    expect(parseStartArguments([])).toMatchObject({ once: false, fresh: false, install: false, json: false });
  });

  test('are taken together', () => {
    expect(parseStartArguments(['--once', '--fresh', '--scale', 'fetcher=2', '--json'])).toMatchObject({
      once: true,
      fresh: true,
      json: true,
      scale: { fetcher: 2, mapper: 1 },
    });
  });

  test.each([['--onse'], ['once'], ['--scale']])('refuse %s and point at the help', (argument) => {
    expect(() => parseStartArguments([argument])).toThrow('npm start -- --help');
  });
});

describe('sandbox.json', () => {
  const xero = {
    apiBaseUrl: 'http://s/xero',
    authBaseUrl: 'http://s/xero/identity',
    clientId: 'id',
    clientSecret: 'secret',
    webhookKey: 'key',
    accounts: [{ connectionId: 'c', accountId: 'a', accessToken: 't', refreshToken: 'r' }],
  };
  const twilio = {
    apiBaseUrl: 'http://s/twilio',
    accountSid: 'AC',
    authToken: 't',
    apiKeySid: 'SK',
    apiKeySecret: 's',
  };
  const servers = { xero: { api: '/xero' } };
  const secrets = { serviceTokens: {}, masterKeys: 'k1:x', consoleToken: 'token' };
  let folder: string;
  let server: Server;
  let answer: unknown;
  let sandbox: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-file-spec-'));
    server = createServer((request, response) => {
      response.end(request.url === '/__sandbox/clients' ? JSON.stringify(answer) : '{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    sandbox = typeof address === 'object' ? `http://127.0.0.1:${address?.port ?? 0}` : '';
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (): Promise<unknown> =>
    writeSandboxFile(
      join(folder, 'sandbox.json'),
      { sandbox, ingress: 'http://i', console: 'http://c' },
      secrets,
    );

  test('holds all that an outside client needs, also what this version does not know', async () => {
    answer = {
      servers,
      vendors: { xero: { ...xero, region: 'NZ' } },
      twilio: { ...twilio, numbers: ['+1'] },
    };
    await write();
    const file = join(folder, 'sandbox.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      ingressUrl: 'http://i',
      consoleUrl: 'http://c',
      consoleToken: 'token',
      sandboxUrl: sandbox,
      servers,
      vendors: { xero: { ...xero, region: 'NZ' } },
      twilio: { ...twilio, numbers: ['+1'] },
    });
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test('is not written from an answer that lacks something', async () => {
    answer = { servers, vendors: { xero: { ...xero, webhookKey: undefined } }, twilio };
    await expect(write()).rejects.toThrow('webhookKey');
  });
});

describe('the variables of the vendors', () => {
  test('are credentials only of the vendors that the sandbox told about', () => {
    const variables = vendorVariables('http://s', { servers: { xero: { api: '/xero' } }, apps: {} }, {});
    expect(variables['LEDGERWIRE_XERO_API_URL']).toBe('http://s/xero');
    expect(variables).not.toHaveProperty('LEDGERWIRE_XERO_CLIENT_ID');
  });

  test('count an empty variable as not set', () => {
    expect(isReal('xero', { LEDGERWIRE_XERO_CLIENT_ID: '' })).toBe(false);
    expect(isReal('xero', { LEDGERWIRE_XERO_CLIENT_ID: 'real' })).toBe(true);
    expect(isReal('zoho-books', { LEDGERWIRE_ZOHO_BOOKS_CLIENT_ID: 'real' })).toBe(true);
  });
});

describe('a command that writes and sends by itself', () => {
  const real = { LEDGERWIRE_ZOHO_BOOKS_CLIENT_ID: 'value', LEDGERWIRE_TWILIO_API_URL: 'https://value' };

  test('begins where every vendor is the sandbox, whatever else is set', () => {
    const environment = { LEDGERWIRE_PORT_BASE: '5400', LEDGERWIRE_XERO_CLIENT_ID: '' };
    expect(() => requireSandbox('npm run bench', environment)).not.toThrow();
  });

  test('says what to unset when a vendor is real, and no value', () => {
    const refuse = (): void => requireSandbox('npm run bench', real);
    expect(refuse).toThrow(/^npm run bench .*LEDGERWIRE_ZOHO_BOOKS_… and LEDGERWIRE_TWILIO_…/);
    expect(refuse).not.toThrow('value');
  });

  test('is refused before anything is started: --once and the benchmark', async () => {
    await expect(loadScenario(real)).rejects.toThrow('sandbox alone');
    const signal = AbortSignal.abort(new Error('began'));
    const surroundings = { environment: real, signal, progress: silentProgress };
    await expect(withBenchSystem([], surroundings, () => Promise.resolve())).rejects.toThrow('sandbox alone');
  });
});
