import { ManualClock } from '#libs/core';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { TransportFailure, type TransportRequest } from '../http/http-transport.js';
import { TokenClient } from './token-client.js';

type Answer = { status: number; json?: unknown; headers?: Record<string, string> } | TransportFailure;

function create(answer: (request: TransportRequest, count: number) => Answer): {
  client: TokenClient;
  clock: ManualClock;
  asked: TransportRequest[];
} {
  const asked: TransportRequest[] = [];
  const clock = new ManualClock();
  const transport = {
    send: async (request: TransportRequest) => {
      asked.push(request);
      const given = answer(request, asked.length);
      await Promise.resolve();
      if (given instanceof TransportFailure) throw given;
      return { status: given.status, headers: given.headers ?? {}, body: JSON.stringify(given.json ?? '') };
    },
    close: () => Promise.resolve(),
  };
  const client = new TokenClient({
    brokerUrl: 'http://broker',
    serviceToken: 'service-secret',
    transport,
    clock,
  });
  return { client, clock, asked };
}

const token = (clock: ManualClock, accessToken: string): Answer => ({
  status: 200,
  json: { accessToken, expiresAt: clock.now() + 30 * 60_000, accountId: 'tenant-1' },
});

test('keeps a token until shortly before it expires and asks once for many', async () => {
  const { client, clock, asked } = create((_, count) => token(clock, `token-${count}`));
  const answers = await Promise.all([1, 2, 3].map(() => client.accessToken('c1')));
  expect(answers.map(({ accessToken }) => accessToken)).toEqual(['token-1', 'token-1', 'token-1']);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({
    method: 'POST',
    url: 'http://broker/internal/connections/c1/access-token',
  });
  expect(asked[0]?.headers['authorization']).toBe('Bearer service-secret');
  await clock.advance(29 * 60_000);
  expect((await client.accessToken('c1')).accessToken).toBe('token-2');
});

test('tells the broker once which token the vendor refused', async () => {
  const { client, clock, asked } = create((_, count) => token(clock, `token-${count}`));
  await client.accessToken('c1');
  client.rejectAccessToken('c1', 'token-1');
  client.rejectAccessToken('c1', 'token-1');
  expect((await client.accessToken('c1')).accessToken).toBe('token-2');
  expect(JSON.parse(asked[1]?.body ?? '')).toMatchObject({ rejected: true });
  client.rejectAccessToken('c1', 'token-1');
  expect((await client.accessToken('c1')).accessToken).toBe('token-2');
  expect(asked).toHaveLength(2);
});

test('says what a refusal of the broker means', async () => {
  const { client } = create((_, count) => {
    if (count === 1) return { status: 409 };
    if (count === 2) return { status: 503, headers: { 'retry-after': '7' } };
    if (count === 3) return new TransportFailure('unreachable', false);
    return { status: 401 };
  });
  const ask = (): Promise<unknown> => client.accessToken('c1');
  await expect(ask()).rejects.toMatchObject({
    code: 'needs-reauthorisation',
    disposition: 'park',
    retryAfterMs: 300_000,
  });
  await expect(ask()).rejects.toMatchObject({
    code: 'token-broker-unavailable',
    disposition: 'retry',
    retryAfterMs: 7000,
  });
  await expect(ask()).rejects.toMatchObject({ code: 'token-broker-unavailable', effect: 'none' });
  await expect(ask()).rejects.toMatchObject({ code: 'service-token-refused', disposition: 'halt' });
});

test('tells the broker at most twice a minute that an account is gone, each connection for itself', async () => {
  const { client, clock, asked } = create(() => ({ status: 200, json: { looked: true } }));
  await Promise.all([1, 2, 3].map(() => client.reportAccountGone('c1')));
  await client.reportAccountGone('c2');
  const paths = (): string[] => asked.map(({ url }) => new URL(url).pathname);
  expect(paths()).toEqual(['/internal/connections/c1/account-gone', '/internal/connections/c2/account-gone']);
  expect(asked[0]).toMatchObject({ method: 'POST', body: '{}' });
  await clock.advance(30_000);
  await client.reportAccountGone('c1');
  expect(asked).toHaveLength(3);
});

test('never shows a secret in an error', async () => {
  const { client } = create(() => ({ status: 200, json: { accessToken: 'very-secret', expiresAt: 'soon' } }));
  const error = await client.accessToken('c1').catch((thrown: unknown) => thrown);
  expect(inspect(error, { depth: 10 })).not.toMatch(/very-secret|service-secret/);
});

test('verification keys survive a broker that is away and are renewed on demand, but not at an attacker’s pace', async () => {
  let away = false;
  const { client, clock, asked } = create((_, count) =>
    away
      ? new TransportFailure('unreachable', false)
      : { status: 200, json: { keys: [{ keyId: 'k', secret: `key-${count}` }] } },
  );
  const secret = async (fresh = false): Promise<string | undefined> =>
    (await client.verificationKeys('xero', undefined, { fresh })).keys[0]?.secret;
  expect(await secret()).toBe('key-1');
  expect(await secret(true)).toBe('key-1');
  await clock.advance(5000);
  expect(await secret(true)).toBe('key-2');
  away = true;
  await clock.advance(120_000);
  expect(await secret()).toBe('key-2');
  expect(asked).toHaveLength(3);
});
