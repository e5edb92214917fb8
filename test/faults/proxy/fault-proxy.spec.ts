import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';
import { http, kafka, kafkaApi, type Protocol } from './protocol.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

describe('a fault proxy without faults', () => {
  test('passes bytes both ways, and the end of either side', async () => {
    const { proxy } = await echoBehindProxy();
    const client = await dial(proxy.port);
    client.end('hello');
    expect(await textOf(client)).toBe('hello');
  });

  test('passes an answer of several megabytes whole', async () => {
    const { proxy } = await echoBehindProxy();
    const client = await dial(proxy.port);
    const bytes = Buffer.alloc(3_000_000, 'x');
    client.end(bytes);
    expect((await textOf(client)).length).toBe(bytes.length);
  });
});

describe('a fault proxy', () => {
  test('resets every open connection and tells how many', async () => {
    const { proxy } = await echoBehindProxy();
    const client = await dial(proxy.port);
    client.write('x');
    await once(client, 'data');
    const failed = failureOf(client);
    expect(proxy.resetAll()).toBe(1);
    expect(await failed).toBe('ECONNRESET');
  });

  test('refuses new connections until it is healed', async () => {
    const { proxy } = await echoBehindProxy();
    proxy.refuse();
    const refused = connect({ port: proxy.port, host: '127.0.0.1' });
    expect(await failureOf(refused)).toBe('ECONNRESET');
    proxy.heal();
    const client = await dial(proxy.port);
    client.end('again');
    expect(await textOf(client)).toBe('again');
  });

  test('swallows everything while half-open: what was said then never arrives', async () => {
    const { proxy, received } = await echoBehindProxy();
    const client = await dial(proxy.port);
    client.write('a');
    await once(client, 'data');
    proxy.halfOpen();
    client.write('lost');
    // The proof of absence is what arrives later, on another connection.
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    const failed = failureOf(client);
    proxy.heal();
    expect(await failed).toBe('ECONNRESET');
    const other = await dial(proxy.port);
    other.end('b');
    await textOf(other);
    expect(received.join('')).toBe('ab');
  });

  test('lets open connections die in silence while new ones work', async () => {
    const { proxy, received } = await echoBehindProxy();
    const client = await dial(proxy.port);
    client.write('a');
    await once(client, 'data');
    expect(proxy.deafen()).toBe(1);
    client.write('lost');
    const other = await dial(proxy.port);
    other.end('b');
    expect(await textOf(other)).toBe('b');
    expect(received.join('')).toBe('ab');
  });

  test('cuts a connection after so many bytes of the answer', async () => {
    const { proxy } = await echoBehindProxy();
    proxy.cutAfterBytes = 4;
    const client = await dial(proxy.port);
    let text = '';
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const failed = failureOf(client);
    client.write('123456');
    expect(await failed).toBe('ECONNRESET');
    expect('1234'.startsWith(text)).toBe(true);
  });

  test('delays and slows answers without losing or swapping any byte', async () => {
    const { proxy } = await echoBehindProxy();
    proxy.slowness = { latencyMs: 20, bytesPerSecond: 20_000 };
    const client = await dial(proxy.port);
    const bytes = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i % 251));
    client.end(bytes);
    expect(Buffer.from(await textOf(client, 'latin1'), 'latin1').equals(bytes)).toBe(true);
  });
});

describe('a fault on single HTTP requests', () => {
  test('lets the server do the work and resets before the answer, as often as asked', async () => {
    const { proxy, done } = await httpBehindProxy();
    const fault = proxy.arm({
      on: ({ name }) => name.startsWith('POST /pay'),
      action: { kind: 'reset-after-request' },
      times: 1,
    });
    const url = `http://127.0.0.1:${proxy.port}`;
    await expect(fetch(`${url}/pay`, { method: 'POST', body: 'x' })).rejects.toThrow('fetch failed');
    expect((await fetch(`${url}/pay`, { method: 'POST', body: 'x' })).status).toBe(200);
    expect(done).toEqual(['/pay', '/pay']);
    expect(fault.struck).toBe(1);
  });

  test('leaves other requests alone', async () => {
    const { proxy } = await httpBehindProxy();
    proxy.arm({ on: ({ name }) => name.startsWith('POST'), action: { kind: 'swallow-answer' } });
    expect((await fetch(`http://127.0.0.1:${proxy.port}/read`)).status).toBe(200);
  });

  test('swallows an answer and keeps the connection open', async () => {
    const { proxy, done } = await httpBehindProxy();
    proxy.arm({ on: () => true, action: { kind: 'swallow-answer' } });
    const asked = fetch(`http://127.0.0.1:${proxy.port}/pay`, { signal: AbortSignal.timeout(150) });
    await expect(asked).rejects.toThrow('timeout');
    expect(done).toEqual(['/pay']);
  });
});

describe('a fault on single Kafka requests', () => {
  test('delivers a held request late, although its client has hung up, and keeps the answer', async () => {
    const { proxy, received } = await echoBehindProxy(kafka);
    const fault = proxy.arm({
      on: ({ name }) => name === kafkaApi.endTxn,
      action: { kind: 'hold-request', holdMs: 100 },
      times: 1,
    });
    const client = await dial(proxy.port);
    client.write(kafkaFrame(26, 7, 'commit'));
    client.destroy();
    await expect.poll(() => fault.lateAnswers.length, { timeout: 3_000 }).toBe(1);
    expect(bytesOf(received)).toEqual(kafkaFrame(26, 7, 'commit'));
  });

  test('resets the client at once and delivers its request all the same', async () => {
    const { proxy, received } = await echoBehindProxy(kafka);
    const fault = proxy.arm({
      on: ({ name }) => name === kafkaApi.endTxn,
      action: { kind: 'reset-and-deliver-late', holdMs: 50 },
    });
    const client = await dial(proxy.port);
    const failed = failureOf(client);
    client.write(kafkaFrame(26, 8, 'commit'));
    expect(await failed).toBe('ECONNRESET');
    expect(received).toEqual([]);
    await expect.poll(() => fault.lateAnswers.length, { timeout: 3_000 }).toBe(1);
    expect(bytesOf(received)).toEqual(kafkaFrame(26, 8, 'commit'));
  });

  test('finds requests in chunks that hold half of one or three', async () => {
    const conversation = kafka();
    const bytes = Buffer.concat([kafkaFrame(0, 1, 'a'), kafkaFrame(26, 2, 'bb'), kafkaFrame(3, 3, 'c')]);
    const seen = [...bytes].flatMap((byte) => conversation.requests(Buffer.from([byte])));
    expect(seen.map(({ request }) => [request?.name, request?.id])).toEqual([
      ['0', 1],
      ['26', 2],
      ['3', 3],
    ]);
    expect(Buffer.concat(seen.map((piece) => piece.bytes))).toEqual(bytes);
    const answers = kafka();
    answers.requests(bytes);
    const [answer] = answers.answers(answerFrame(2));
    expect(answer?.request?.name).toBe('26');
  });
});

async function echoBehindProxy(protocol?: Protocol): Promise<{ proxy: FaultProxy; received: string[] }> {
  const received: string[] = [];
  // An echo has the shape of a Kafka answer too: length, then bytes whose first four are taken as the id.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received.push(chunk.toString('latin1'));
      if (protocol) socket.write(answerFrame(chunk.readInt32BE(8)));
      else socket.write(chunk);
    });
    socket.on('end', () => socket.end());
  });
  return { proxy: await behindProxy(server, protocol), received };
}

async function httpBehindProxy(): Promise<{ proxy: FaultProxy; done: string[] }> {
  const done: string[] = [];
  const server = createHttpServer((request, response) => {
    done.push(request.url ?? '');
    request.resume();
    request.once('end', () => response.end('ok'));
  });
  return { proxy: await behindProxy(server, http), done };
}

async function behindProxy(server: Server, protocol: Protocol | undefined): Promise<FaultProxy> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  open.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const proxy = await FaultProxy.start({
    targetPort: address.port,
    ...(protocol === undefined ? {} : { protocol }),
  });
  open.push(() => proxy.close());
  return proxy;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function failureOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

async function textOf(socket: Socket, encoding: BufferEncoding = 'utf8'): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString(encoding);
}

function bytesOf(received: readonly string[]): Buffer {
  return Buffer.concat(received.map((text) => Buffer.from(text, 'latin1')));
}

function kafkaFrame(api: number, id: number, body: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt16BE(api, 4);
  head.writeInt16BE(1, 6);
  head.writeInt32BE(id, 8);
  return Buffer.concat([head, Buffer.from(body)]);
}

function answerFrame(id: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(4, 0);
  bytes.writeInt32BE(id, 4);
  return bytes;
}
