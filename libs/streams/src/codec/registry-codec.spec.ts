import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, test, vi } from 'vitest';
import { encodeValue, schemaOf } from '#libs/contracts';
import { ManualClock, systemClock } from '#libs/core';
import { RegistryCodec } from './registry-codec.js';
import { frame, WIRE_HEADER_BYTES } from './wire-format.js';

const amounts = schemaOf<{ readonly id: string }>({
  type: 'record',
  name: 'Amount',
  namespace: 'spec',
  fields: [{ name: 'id', type: 'string' }],
});
const bytes = frame(7, encodeValue(amounts, { id: 'a' }, WIRE_HEADER_BYTES));

let registry: Server;
let asked: number;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  asked = 0;
  registry = createServer((_request, response) => {
    asked += 1;
    answer(response);
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  registry.closeAllConnections();
  registry.close();
});

function codec(clock = systemClock, requestTimeoutMs?: number): RegistryCodec {
  const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  return new RegistryCodec({ url }, clock, requestTimeoutMs);
}

function json(body: object, status = 200): (response: ServerResponse) => void {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

test.each([
  ['is no JSON', { schema: '{"type":' }],
  ['is no Avro', { schema: '{"type":"record","name":"Amount","fields":[{"name":"id","type":"strong"}]}' }],
  ['is of another kind', { schema: '{"type":"object"}', schemaType: 'JSON' }],
  ['is of a kind that nobody knows', { schema: 'struct Amount {}', schemaType: 'THRIFT' }],
])(
  'a record whose schema %s is a dead letter with a clear error, and is not asked for again',
  async (_what, body) => {
    answer = json(body);
    const reader = codec();
    const refused = { code: 'unreadable-schema', disposition: 'dead-letter' };
    await expect(reader.learn(bytes)).rejects.toMatchObject(refused);
    await expect(reader.learn(bytes)).rejects.toMatchObject(refused);
    expect(asked).toBe(1);
    expect(reader.knows(bytes)).toBe(false);
  },
);

test.each([
  ['has an error of its own', json({ error_code: 50_001, message: 'storage' }, 500)],
  ['is starting', json({ message: 'not yet' }, 503)],
  ['is a proxy with a page of its own', (response: ServerResponse) => response.writeHead(502).end('<html>')],
  ['cuts the connection', (response: ServerResponse) => response.destroy()],
])('a registry that %s is asked again, and the record is read when it is back', async (_what, trouble) => {
  answer = trouble;
  const reader = codec();
  await expect(reader.learn(bytes)).rejects.toMatchObject({
    code: 'registry-unreachable',
    disposition: 'retry',
  });
  answer = json({ schema: amounts.json });
  await reader.learn(bytes);
  expect(reader.decode(amounts, bytes)).toEqual({ id: 'a' });
});

it('an id of no use is asked for again after a minute', async () => {
  answer = json({ schema: '{"type":' });
  const clock = new ManualClock();
  const reader = codec(clock);
  await expect(reader.learn(bytes)).rejects.toMatchObject({ code: 'unreadable-schema' });
  answer = json({ schema: amounts.json });
  await clock.advance(60_000);
  await reader.learn(bytes);
  expect(reader.decode(amounts, bytes)).toEqual({ id: 'a' });
});

it('a registry that is not there is asked again', async () => {
  const reader = codec();
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  await expect(reader.learn(bytes)).rejects.toMatchObject({
    code: 'registry-unreachable',
    disposition: 'retry',
  });
});

it('an id that the registry does not have is a dead letter', async () => {
  answer = json({ error_code: 40_403, message: 'Schema not found' }, 404);
  const refused = {
    code: 'unknown-schema',
    disposition: 'dead-letter',
    message: 'the registry has no schema 7',
  };
  await expect(codec().learn(bytes)).rejects.toMatchObject(refused);
});

it('a service whose own schema cannot be parsed does not start', async () => {
  answer = (response) => (asked === 1 ? json({ id: 7 }) : json({ schema: '{"type":' }))(response);
  const topic = {
    name: 'amounts',
    schema: amounts,
    key: 'id',
    policy: { kind: 'compact' },
    partitions: 'single',
  } as const;
  await expect(codec().warm([topic])).rejects.toMatchObject({
    code: 'unreadable-schema',
    disposition: 'halt',
  });
});

test('a request that is never answered is given up, and the next one asks again', async () => {
  answer = () => undefined;
  const reader = codec(systemClock, 300);
  await expect(reader.learn(bytes)).rejects.toMatchObject({ code: 'registry-unreachable' });
  answer = json({ schema: amounts.json });
  await vi.waitFor(() => reader.learn(bytes), { timeout: 20_000, interval: 50 });
  expect(reader.knows(bytes)).toBe(true);
});
