import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { vendors } from '#libs/vendors';
import type { RunningSystem } from '../start/start-system.ts';
import { doubledVendors } from '../start/vendor-variables.ts';
import { connectDemo, connectWholeDemo } from './connect-demo.ts';

let server: Server;
let system: RunningSystem;
let requests: { readonly path: string; readonly body: string }[];
/** As token-broker lists them: an account of the person's own stands before the sandbox's. */
const connections = doubledVendors.flatMap((vendor) =>
  ['own', 'double'].map((whose) => ({
    vendor,
    status: 'active',
    connectionId: `${vendor}-${whose}`,
    accountId: `${whose}-account`,
  })),
);
/** What a vendor's preparation looks for. */
const setUp = {
  secret: 's',
  subscriptions: [{ status: 'verified' }],
  callbacks: [{ uri: 'http://ingress/freshbooks-double/hook', verified: true }],
};

/** Token-broker, console and sandbox, with every account connected already. */
beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      requests.push({ path: request.url ?? '', body });
      response.end(JSON.stringify({ connections, flows: [], ...setUp }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const accounts = [{ connectionId: 'c', accountId: 'double-account', accessToken: 't', refreshToken: 'r' }];
  system = {
    context: { environment: {}, urls: { 'token-broker': url, ingress: url } },
    sandbox: {
      sandboxUrl: url,
      consoleUrl: url,
      ingressUrl: url,
      consoleToken: 'token',
      vendors: Object.fromEntries(doubledVendors.map((vendor) => [vendor, { accounts }])),
      twilio: { accountSid: 'double-account' },
    },
  } as unknown as RunningSystem;
});
afterEach(() => {
  server.close();
});

const withVariables = (environment: NodeJS.ProcessEnv): RunningSystem => ({
  ...system,
  context: { ...system.context, environment },
});
const appliedFlows = (): { path: string; body: string }[] =>
  requests.filter(({ path, body }) => path.startsWith('/api/flows/') && body !== '');

test('every vendor of the build has a double', () => {
  expect([...doubledVendors].sort()).toEqual(vendors.all.map(({ manifest }) => manifest.id).sort());
});

describe('the demo', () => {
  test('leads from the sandbox to the sandbox, whatever else is connected in its workspace', async () => {
    const { xero, twilio, left } = await connectWholeDemo(system);
    expect([xero.connectionId, twilio.connectionId]).toEqual(['xero-double', 'twilio-double']);
    expect(left).toEqual([]);
    expect(appliedFlows().length).toBeGreaterThan(6);
    for (const { body } of appliedFlows()) expect(body).not.toContain('-own');
  });

  test('leaves a real vendor alone, connects the others, and says what to do', async () => {
    const { xero, twilio, left } = await connectDemo(withVariables({ LEDGERWIRE_XERO_CLIENT_ID: 'real' }));
    expect(xero).toBeUndefined();
    expect(twilio?.connectionId).toBe('twilio-double');
    expect(left).toEqual([expect.stringContaining('docs/vendors/xero.md')]);
    const sources = new Set(appliedFlows().map(({ path }) => path.split('/')[3]?.split('-')[0]));
    expect(sources).toEqual(new Set(['freshbooks', 'zoho']));
  });

  test('applies no flow that would send through a real account, and gives it no credentials', async () => {
    const { twilio, left } = await connectDemo(withVariables({ LEDGERWIRE_TWILIO_API_URL: 'https://t' }));
    expect(twilio).toBeUndefined();
    expect(left).toEqual([expect.stringContaining('flows of the demo were not applied')]);
    expect(appliedFlows()).toEqual([]);
    const told = requests.filter(({ body }) => body.includes('twilio'));
    expect(told).toEqual([]);
  });

  test('is not played where a vendor is real', async () => {
    const playing = connectWholeDemo(withVariables({ LEDGERWIRE_TWILIO_API_URL: 'https://t' }));
    await expect(playing).rejects.toThrow('with the sandbox alone');
  });
});
