import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeadLetter, topics } from '#libs/contracts';
import { SECRET, startTestIngress, type TestIngress } from '../testing/test-ingress.js';
import { changeEvent, signed, testWebhooks } from '../testing/test-vendor.js';

const MAX_BODY = 1_000_000;
let ingress: TestIngress;
let port: number;

beforeEach(async () => {
  ingress = await startTestIngress({
    webhooks: testWebhooks({ maxBodyBytes: MAX_BODY }),
    times: { uploadTimeoutMs: 150, checkIntervalMs: 20 },
    maxPendingBytes: 1_000_000_000,
  });
  await ingress.server.listen({ host: '127.0.0.1', port: 0 });
  port = (ingress.server.server.address() as AddressInfo).port;
});

afterEach(() => ingress.server.close());

async function deliver(payload: string | Buffer, headers: Record<string, string> = {}) {
  return ingress.server.inject({
    method: 'POST',
    url: '/webhooks/test',
    payload,
    headers: { 'content-type': 'application/json', 'x-test-signature': signed(payload, SECRET), ...headers },
  });
}

/** Everything the server says on a raw connection until it closes it. */
async function conversation(talk: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  talk(socket);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

function head(contentLength: number, signature: string): string {
  return [
    'POST /webhooks/test HTTP/1.1',
    'Host: hooks.example.com',
    'Content-Type: application/json',
    `Content-Length: ${contentLength}`,
    `X-Test-Signature: ${signature}`,
    '',
    '',
  ].join('\r\n');
}

async function requestsCounted(outcome: string): Promise<number> {
  const metric = await ingress.registry.getSingleMetric('webhook_requests_total')?.get();
  return metric?.values.find((value) => value.labels['outcome'] === outcome)?.value ?? 0;
}

describe('a body', () => {
  it('of 2 MB is refused with 413 before it is read, however well it is signed', async () => {
    const body = Buffer.alloc(2_000_000, 0x20);
    const answer = await deliver(body);
    expect(answer.statusCode).toBe(413);
    expect(answer.body).toBe('');
    const said = await conversation((socket) => socket.write(head(body.length, signed(body, SECRET))));
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(ingress.log.kept).toEqual([]);
    expect(await requestsCounted('refused-by-http')).toBe(2);
  });

  it('of 2 MB in chunks, which announces no length, is refused with 413 as soon as it is too long', async () => {
    const said = await conversation((socket) => {
      socket.write(head(0, 'x').replace('Content-Length: 0', 'Transfer-Encoding: chunked'));
      const chunk = Buffer.alloc(600_000, 0x20).toString();
      socket.write(
        `${chunk.length.toString(16)}\r\n${chunk}\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n`,
      );
    });
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(ingress.log.kept).toEqual([]);
  });

  it('that is cut off by a closed connection leaves nothing, and the next one is taken', async () => {
    const body = JSON.stringify([changeEvent()]);
    await conversation((socket) => {
      socket.write(head(body.length, signed(body, SECRET)) + body.slice(0, 10));
      socket.end();
    });
    expect(ingress.log.kept).toEqual([]);
    expect((await deliver(body)).statusCode).toBe(200);
  });

  it('that comes too slowly is given up with 408', async () => {
    const body = JSON.stringify([changeEvent()]);
    const said = await conversation((socket) =>
      socket.write(head(body.length, signed(body, SECRET)) + body.slice(0, 10)),
    );
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect(ingress.log.kept).toEqual([]);
  });

  it('under the wrong content type, or none, is taken by its signature all the same', async () => {
    const body = JSON.stringify([changeEvent()]);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await deliver(body, { 'content-type': type })).statusCode).toBe(200);
    expect((await deliver(body, { 'content-type': 'no type at all' })).statusCode).toBe(415);
    expect(ingress.log.values({ name: 'change-notices.test' })).toHaveLength(3);
  });

  it('that is empty is refused like any other without a signature', async () => {
    const answer = await ingress.server.inject({ method: 'POST', url: '/webhooks/test' });
    expect([answer.statusCode, answer.body]).toEqual([401, '']);
  });

  it('with 100,000 events that are none is one dead letter', async () => {
    const body = `[${'1,'.repeat(99_999)}1]`;
    expect((await deliver(body)).statusCode).toBe(200);
    expect(ingress.log.sent.map((record) => record.topic.name)).toEqual(['dead-letters', 'outcomes']);
  });

  it('with thousands of events is taken whole, in sends of bounded size', async () => {
    const body = JSON.stringify(
      Array.from({ length: 6_000 }, (_, index) => changeEvent({ entityId: String(index) })),
    );
    expect((await deliver(body)).statusCode).toBe(200);
    expect(ingress.log.values({ name: 'change-notices.test' })).toHaveLength(6_000);
    expect(ingress.log.sends).toBe(2);
  });

  it('with keys that JavaScript treats specially, or twice the same key, changes nothing but itself', async () => {
    const event = JSON.stringify(changeEvent()).slice(1, -1);
    for (const extra of [
      '"__proto__":{"kind":"x","polluted":1}',
      '"constructor":{"prototype":{"polluted":1}}',
      event,
    ])
      expect((await deliver(`[{${event},${extra}}]`)).statusCode).toBe(200);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(ingress.log.values({ name: 'change-notices.test' })).toHaveLength(3);
  });
});

describe('whatever bytes are sent', () => {
  it('with our signature: 200, and nothing of them is lost', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody(), async (body) => {
        ingress.log.sent.length = 0;
        const answer = await deliver(body);
        expect(answer.statusCode).toBe(200);
        const [letter] = ingress.log.values<DeadLetter>(topics.deadLetters);
        const kept = letter?.value?.equals(body) ?? Array.isArray(JSON.parse(body.toString()));
        expect(kept).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('with any other signature: 401, and nothing is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBody(),
        fc.base64String({ minLength: 0, maxLength: 60 }),
        async (body, signature) => {
          fc.pre(signature !== signed(body, SECRET));
          const answer = await deliver(body, { 'x-test-signature': signature });
          expect([answer.statusCode, answer.body, answer.headers['set-cookie']]).toEqual([
            401,
            '',
            undefined,
          ]);
        },
      ),
      { numRuns: 200 },
    );
    expect(ingress.log.kept).toEqual([]);
  });

  it('with a signature of the body before one of its bytes was changed: 401', async () => {
    const body = Buffer.from(JSON.stringify([changeEvent()]));
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const answer = await deliver(changed, { 'x-test-signature': signed(body, SECRET) });
        expect(answer.statusCode).toBe(401);
      }),
      { numRuns: 100 },
    );
    expect(ingress.log.kept).toEqual([]);
  });
});

function anyBody(): fc.Arbitrary<Buffer> {
  const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
  const events = fc
    .array(fc.record({ entityId: fc.string(), accountId: fc.constantFrom('account-1', 'stranger') }))
    .map((list) => Buffer.from(JSON.stringify(list.map((overrides) => changeEvent(overrides)))));
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 2_000 }).map((value) => Buffer.from(value));
  return fc.oneof(json, events, bytes);
}
