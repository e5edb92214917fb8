import { ManualClock } from '#libs/core';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { TransportFailure } from './http-transport.js';
import { UndiciTransport, type UndiciTransportOptions } from './undici-transport.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

test('gives status, headers and body of any answer', async () => {
  const url = await serve((request, response) => {
    response.writeHead(418, { 'X-Thing': ['a', 'b'], 'content-type': 'text/plain' });
    request.setEncoding('utf8').on('data', (text: string) => response.end(`${request.method} ${text}`));
  });
  const answer = await transport().send({ method: 'POST', url: `${url}/x?y=1`, headers: {}, body: 'hällo' });
  expect(answer.status).toBe(418);
  expect(answer.headers['x-thing']).toBe('a, b');
  expect(answer.body).toBe('POST hällo');
});

test('does not follow redirects', async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect((await transport().send({ method: 'GET', url, headers: {} })).status).toBe(302);
});

test('a refused connection was certainly not sent', async () => {
  const url = await serve(() => undefined);
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
  expect(await failureOf(transport(), url)).toMatchObject({ kind: 'unreachable', sent: false });
});

test('a host that does not resolve was certainly not sent', async () => {
  expect(await failureOf(transport(), 'http://nowhere.invalid')).toMatchObject({
    kind: 'unreachable',
    sent: false,
  });
});

test('a reset after the request was read may have been processed', async () => {
  const url = await serve((request) => request.socket.resetAndDestroy());
  expect(await failureOf(transport(), url, 'POST')).toMatchObject({ kind: 'reset', sent: true });
});

test('an answer cut short is a reset', async () => {
  const url = await serve((request, response) => {
    response.writeHead(201, { 'content-length': '100' });
    response.write('half', () => request.socket.destroy());
  });
  expect(await failureOf(transport(), url, 'POST')).toMatchObject({ kind: 'reset', sent: true });
});

test('an answer that never begins ends at the deadline', async () => {
  const clock = new ManualClock();
  const arrived = Promise.withResolvers<void>();
  const url = await serve(() => arrived.resolve());
  const failure = failureOf(transport({ clock, totalTimeoutMs: 1000 }), url, 'POST');
  await arrived.promise;
  await clock.advance(1000);
  expect(await failure).toMatchObject({ kind: 'timeout', sent: true });
});

test('an answer that trickles for ever ends at the deadline', async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.writeHead(200);
    response.write('x', () => begun.resolve());
  });
  const failure = failureOf(transport({ clock, totalTimeoutMs: 1000 }), url);
  await begun.promise;
  await clock.advance(1000);
  expect(await failure).toMatchObject({ kind: 'timeout', sent: true });
});

test('a request that waited for a socket until its deadline was certainly not sent', async () => {
  const clock = new ManualClock();
  const arrived = Promise.withResolvers<void>();
  const seen: string[] = [];
  const url = await serve((request) => {
    seen.push(request.url ?? '');
    arrived.resolve();
  });
  const one = transport({ clock, totalTimeoutMs: 1000, connectionsPerOrigin: 1 });
  const first = failureOf(one, `${url}/first`);
  await arrived.promise;
  const second = failureOf(one, `${url}/second`, 'POST');
  await clock.advance(1000);
  expect(await first).toMatchObject({ kind: 'timeout', sent: true });
  expect(await second).toMatchObject({ kind: 'timeout', sent: false });
  // A third request on the same socket pool comes after where the second would have been.
  const third = failureOf(one, `${url}/third`);
  await waitUntil(() => seen.includes('/third'));
  expect(seen).toEqual(['/first', '/third']);
  await clock.advance(1000);
  await third;
});

test('a few accounts with as many hanging requests as they may have leave sockets to the others', async () => {
  const clock = new ManualClock();
  let hanging = 0;
  const url = await serve((request, response) => {
    if (request.url === '/quick') response.end();
    else hanging += 1;
  });
  const shared = transport({ clock, totalTimeoutMs: 1000 });
  const hung = Array.from({ length: 3 * 30 }, () => failureOf(shared, `${url}/slow`, 'POST'));
  await waitUntil(() => hanging === hung.length);
  const answer = await shared.send({ method: 'GET', url: `${url}/quick`, headers: {} });
  expect(answer.status).toBe(200);
  await clock.advance(1000);
  for (const failure of await Promise.all(hung)) expect(failure).toMatchObject({ kind: 'timeout' });
});

test('an endless answer ends at the size limit', async () => {
  const url = await serve((request, response) => {
    const pour = (): void => void response.write(Buffer.alloc(64 * 1024), () => setImmediate(pour));
    request.on('close', () => response.destroy());
    pour();
  });
  expect(await failureOf(transport({ maxResponseBytes: 100_000 }), url)).toMatchObject({ kind: 'too-large' });
});

test('something that does not speak HTTP is a reset', async () => {
  const server = createTcpServer((socket) =>
    socket.on('data', () => socket.write('SSH-2.0-OpenSSH\r\n', () => socket.destroy())),
  );
  const url = await listening(server);
  expect(await failureOf(transport(), url)).toMatchObject({ kind: 'reset', sent: true });
});

function transport(options: UndiciTransportOptions = {}): UndiciTransport {
  const made = new UndiciTransport(options);
  cleanUps.push(() => made.close());
  return made;
}

async function failureOf(
  sender: UndiciTransport,
  url: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<TransportFailure | undefined> {
  const request = { method, url, headers: {}, ...(method === 'POST' && { body: 'x' }) };
  const result = await sender.send(request).catch((error: unknown) => error);
  return result instanceof TransportFailure ? result : undefined;
}

async function waitUntil(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 5 });
}

function serve(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

async function listening(server: Server | TcpServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  cleanUps.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${port}`;
}
