import { ManualClock } from '#libs/core';
import { metricFaults } from '#libs/platform';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { AuthCall, VendorCall, VendorDefinition, VendorRequest, VendorResponse } from './contract.js';
import { type HttpTransport, TransportFailure, type TransportRequest } from './http/http-transport.js';
import { fakeConnection, fakeTokens, fakeVendor } from './testing/fake-vendor.js';
import { VendorError } from './vendor-error.js';
import { VendorRuntime } from './vendor-runtime.js';
import { createVendorMetrics } from './vendor.metrics.js';

type Reply = Partial<VendorResponse> | TransportFailure;

function create(
  reply: (request: TransportRequest, count: number) => Reply | Promise<Reply>,
  vendor = fakeVendor,
): {
  runtime: VendorRuntime;
  clock: ManualClock;
  seen: TransportRequest[];
  tokens: ReturnType<typeof fakeTokens>;
  registry: Registry;
  call: VendorCall;
  auth: AuthCall;
} {
  const clock = new ManualClock();
  const seen: TransportRequest[] = [];
  const transport: HttpTransport = {
    send: async (request) => {
      seen.push(request);
      const given = await reply(request, seen.length);
      if (given instanceof TransportFailure) throw given;
      return { status: 200, headers: {}, body: '{}', ...given };
    },
    close: () => Promise.resolve(),
  };
  const registry = new Registry();
  const tokens = fakeTokens(clock);
  const baseUrls = { api: 'https://api.example', elsewhere: 'https://api.elsewhere.example' };
  const metrics = createVendorMetrics(registry);
  const runtime = new VendorRuntime({ vendor, baseUrls, transport, tokens, clock, metrics });
  const [call, auth] = [
    runtime.callFor(fakeConnection('c1')),
    runtime.authCall({ clientId: 'i', clientSecret: 's' }),
  ];
  return { runtime, clock, seen, tokens, registry, call, auth };
}

const read: VendorRequest = {
  operation: 'things.get',
  operationClass: 'read',
  method: 'GET',
  url: 'https://api.example/things/1',
  repeatable: true,
};
const write: VendorRequest = {
  ...read,
  operation: 'things.create',
  operationClass: 'write',
  method: 'POST',
  body: '{}',
  repeatable: false,
};

test('believes a vendor that refuses with 200, and reads its limits in the body', async () => {
  const refusing: VendorDefinition = {
    ...fakeVendor,
    manifest: {
      ...fakeVendor.manifest,
      limits: {
        concurrent: 2,
        readSignals: ({ body }) => (body.includes('slow') ? { exceeded: 'day', retryAfterMs: 60_000 } : {}),
      },
    },
    errors: { ...fakeVendor.errors, isRefusal: ({ body }) => body.includes('no') },
  };
  const { call } = create(({ url }) => ({ body: url.endsWith('1') ? 'no: slow' : 'yes' }), refusing);
  await expect(call.request({ ...read, url: 'https://api.example/2' })).resolves.toMatchObject({
    body: 'yes',
  });
  await expect(call.request(read)).rejects.toMatchObject({ code: 'vendor-rejected', retryAfterMs: 60_000 });
  await expect(call.request(read)).rejects.toMatchObject({ code: 'vendor-limit-wait' });
});

test('counts what each connection has used of its limits and shows the worst as a metric', async () => {
  const limits = { ...fakeVendor.manifest.limits, perMinute: 60, perDay: 100 };
  const { runtime, call, registry } = create(() => ({ status: 200 }), {
    ...fakeVendor,
    manifest: { ...fakeVendor.manifest, limits },
  });
  await call.request(read);
  await call.request(read);
  await runtime.callFor(fakeConnection('c2')).request(read);
  expect([...runtime.limitUsage()]).toMatchObject([
    ['c1', { minute: { used: 2, limit: 60 }, day: { used: 2, limit: 100 } }],
    ['c2', { day: { used: 1, limit: 100 } }],
  ]);
  const text = await registry.metrics();
  expect(text).toContain('vendor_limit_used_ratio{vendor="fake",kind="day"} 0.02');
  expect(text).toContain('vendor_limit_waiting_connections{vendor="fake"} 0');
});

test('adds the credentials of the connection', async () => {
  const { call, seen } = create(() => ({ status: 200 }));
  await call.request(read);
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer token-c1-1', 'x-account': 'account-c1' });
});

test('sends credentials to the vendor’s own servers only', async () => {
  const { call, seen } = create(() => ({ status: 200 }));
  const error = call.request({ ...read, url: 'https://evil.example/things/1' });
  await expect(error).rejects.toMatchObject({ code: 'vendor-bad-answer', disposition: 'dead-letter' });
  expect(seen).toHaveLength(0);
});

test('renews a refused token once and gives up after that', async () => {
  const first = create((_, count) => ({ status: count === 1 ? 401 : 200 }));
  expect((await first.call.request(write)).status).toBe(200);
  expect(first.seen.map(({ headers }) => headers['authorization'])).toEqual([
    'Bearer token-c1-1',
    'Bearer token-c1-2',
  ]);

  const always = create(() => ({ status: 401 }));
  await expect(always.call.request(read)).rejects.toMatchObject({
    code: 'vendor-forbidden',
    disposition: 'park',
  });
  expect(always.seen).toHaveLength(2);
});

test('repeats a read whose socket was closing, but never a write', async () => {
  const reset = new TransportFailure('reset', true);
  const reading = create((_, count) => (count === 1 ? reset : { status: 200 }));
  await reading.call.request(read);
  expect(reading.seen).toHaveLength(2);

  const writing = create((_, count) => (count === 1 ? reset : { status: 200 }));
  await expect(writing.call.request(write)).rejects.toMatchObject({
    code: 'vendor-reset',
    effect: 'unknown',
  });
  expect(writing.seen).toHaveLength(1);
});

test.each([
  [
    'a write that was never sent',
    write,
    new TransportFailure('unreachable', false),
    'vendor-unreachable',
    'none',
    'retry',
  ],
  [
    'a write without an answer',
    write,
    new TransportFailure('timeout', true),
    'vendor-timeout',
    'unknown',
    'retry',
  ],
  [
    'a read without an answer',
    read,
    new TransportFailure('timeout', true),
    'vendor-timeout',
    'none',
    'retry',
  ],
  ['a write answered 500', write, { status: 500 }, 'vendor-unavailable', 'unknown', 'retry'],
  ['a read answered 503', read, { status: 503 }, 'vendor-unavailable', 'none', 'retry'],
  ['a write answered 400', write, { status: 400 }, 'vendor-rejected', 'none', 'dead-letter'],
  [
    'a write answered 429',
    write,
    { status: 429, headers: { 'retry-after': '9' } },
    'vendor-rate-limited',
    'none',
    'park',
  ],
  [
    'an answer without end',
    read,
    new TransportFailure('too-large', true),
    'vendor-bad-answer',
    'none',
    'dead-letter',
  ],
] as const)('says of %s what may have happened', async (_, request, reply, code, effect, disposition) => {
  const { call } = create(() => reply);
  await expect(call.request(request)).rejects.toMatchObject({ code, effect, disposition, vendor: 'fake' });
});

test('lets a client read a status that it expects', async () => {
  const { call } = create(() => ({ status: 404 }));
  expect((await call.request({ ...read, expect: [404] })).status).toBe(404);
});

test('a 429 slows the connection down, says for how long, and leaves the breaker closed', async () => {
  const { call, clock, runtime, seen } = create((_, count) =>
    count > 8 ? { status: 200 } : { status: 429, headers: { 'retry-after': '3' } },
  );
  for (let attempt = 0; attempt < 8; attempt++) {
    await expect(call.request(read)).rejects.toMatchObject({
      code: 'vendor-rate-limited',
      retryAfterMs: 3000,
    });
    await expect(call.request(read)).rejects.toMatchObject({ code: 'vendor-limit-wait', retryAfterMs: 3000 });
    await clock.advance(3000);
  }
  expect(runtime.troubledBreakers()).toEqual([]);
  await call.request(read);
  expect(seen).toHaveLength(9);
});

test('opens the breaker of the failing connection and operation class alone', async () => {
  const { runtime, call, clock, seen, registry } = create(({ method, headers }) => ({
    status: method === 'GET' && headers['x-account'] === 'account-c1' ? 503 : 200,
  }));
  for (let attempt = 0; attempt < 5; attempt++) await call.request(read).catch(() => undefined);
  const before = seen.length;
  await expect(call.request(read)).rejects.toMatchObject({
    code: 'vendor-breaker-open',
    disposition: 'park',
    retryAfterMs: 30_000,
  });
  expect(seen).toHaveLength(before);
  await call.request(write);
  await runtime.callFor(fakeConnection('c2')).request(read);
  expect(runtime.troubledBreakers()).toMatchObject([
    { connectionId: 'c1', operationClass: 'read', state: 'open' },
  ]);
  expect(await registry.getSingleMetricAsString('circuit_breaker_state')).toContain('{vendor="fake"} 2');
  await clock.advance(30_000);
  await call.request(read).catch(() => undefined);
  expect(seen.length).toBeGreaterThan(before + 2);
});

test('identity calls to a server that fails stop neither those to another one nor those about one account', async () => {
  const failing = ({ url }: TransportRequest): Reply => ({ status: url.includes('api.example') ? 503 : 200 });
  const { auth } = create(failing);
  const outcome = (request: VendorRequest): Promise<unknown> =>
    auth.request(request).catch((error: unknown) => (error as VendorError).code);
  for (let count = 0; count < 5; count++) await outcome(read);
  expect(await outcome(read)).toBe('vendor-breaker-open');
  expect(await outcome({ ...read, url: 'https://api.elsewhere.example/' })).toMatchObject({ status: 200 });
  for (let count = 0; count < 5; count++) await outcome({ ...read, subject: 'c1' });
  expect(await outcome({ ...read, subject: 'c1' })).toBe('vendor-breaker-open');
  expect(await outcome({ ...read, subject: 'c2' })).toBe('vendor-unavailable');
});

test('a tenant’s refusals never open a breaker', async () => {
  const { call, runtime } = create(() => ({ status: 400 }));
  for (let attempt = 0; attempt < 10; attempt++) await call.request(read).catch(() => undefined);
  expect(runtime.troubledBreakers()).toEqual([]);
});

test('a request that no socket was free for is parked, and the breaker stays closed', async () => {
  const { runtime, call } = create(() => new TransportFailure('timeout', false));
  for (let count = 0; count < 10; count++)
    await expect(call.request(write)).rejects.toMatchObject({
      code: 'vendor-limit-wait',
      disposition: 'park',
      effect: 'none',
    });
  expect(runtime.troubledBreakers()).toEqual([]);
});

test('parks instead of calling while the broker wants a new authorisation', async () => {
  const { call, tokens, seen } = create(() => ({ status: 200 }));
  tokens.revoked.add('c1');
  await expect(call.request(read)).rejects.toMatchObject({
    code: 'needs-reauthorisation',
    disposition: 'park',
  });
  expect(seen).toHaveLength(0);
});

test('reports an account that the vendor calls gone, once per answer, and parks whatever becomes of the report', async () => {
  const { call, tokens, seen } = create(({ url }) => ({ status: url.endsWith('1') ? 410 : 403 }));
  await expect(call.request(read)).rejects.toMatchObject({
    code: 'vendor-disconnected',
    disposition: 'park',
    vendor: 'fake',
  });
  expect(seen).toHaveLength(1);
  expect(tokens.reportedGone).toEqual(['c1']);
  await expect(call.request({ ...read, url: 'https://api.example/2' })).rejects.toMatchObject({
    code: 'vendor-rejected',
  });
  expect(tokens.reportedGone).toEqual(['c1']);
});

test('does not report back what token-broker itself said of a connection', async () => {
  const { call, tokens } = create(() => ({ status: 200 }));
  tokens.accessToken = () =>
    Promise.reject(
      new VendorError('token-broker does not know the connection', {
        code: 'vendor-disconnected',
        disposition: 'park',
        vendor: 'token-broker',
        effect: 'none',
      }),
    );
  await expect(call.request(read)).rejects.toMatchObject({ code: 'vendor-disconnected' });
  expect(tokens.reportedGone).toEqual([]);
});

test('holds back requests beyond the connection’s concurrency', async () => {
  const open = Promise.withResolvers<Reply>();
  const { call, seen, clock } = create(() => open.promise);
  const both = [1, 2, 3].map(() => call.request(read));
  await clock.advance(0);
  expect(seen).toHaveLength(2);
  open.resolve({ status: 200 });
  await Promise.all(both);
  expect(seen).toHaveLength(3);
});

test('counts requests by vendor, operation and outcome, and keeps to the rules for metrics', async () => {
  const { call, registry } = create((_, count) => ({ status: count === 1 ? 200 : 500 }));
  await call.request(read);
  await call.request(write).catch(() => undefined);
  const text = await registry.metrics();
  expect(text).toContain('vendor_requests_total{vendor="fake",operation="things.get",outcome="ok"} 1');
  expect(text).toContain(
    'vendor_requests_total{vendor="fake",operation="things.create",outcome="vendor-unavailable"} 1',
  );
  expect(await metricFaults(registry)).toEqual([]);
});

test('does not write a request that was held up beyond its time, and says that nothing was sent', async () => {
  const { call, clock, seen } = create(() => ({}));
  await call.request({ ...write, notAfter: clock.now() });
  await expect(call.request({ ...write, notAfter: clock.now() - 1 })).rejects.toMatchObject({
    code: 'vendor-limit-wait',
    effect: 'none',
    disposition: 'park',
  });
  expect(seen).toHaveLength(1);
});
