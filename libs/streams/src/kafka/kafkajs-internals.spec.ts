import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { internals, promptSocketFactory } from './kafkajs-internals.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What `scheduleCheckPendingRequests` reads and writes of a connection's request queue. */
function queue(pending: readonly unknown[], throttledUntil: number): never {
  return {
    pending,
    throttledUntil,
    throttleCheckTimeoutId: null,
    checkPendingRequests: () => undefined,
  } as never;
}

test('an idle connection arms no timer (tulios/kafkajs 1751)', () => {
  internals.RequestQueue.prototype.scheduleCheckPendingRequests.call(queue([], -1));
  expect(vi.getTimerCount()).toBe(0);
});

test('a connection with waiting or throttled requests still does', () => {
  internals.RequestQueue.prototype.scheduleCheckPendingRequests.call(queue([{}], -1));
  internals.RequestQueue.prototype.scheduleCheckPendingRequests.call(queue([], Date.now() + 1_000));
  expect(vi.getTimerCount()).toBe(2);
});

test('a socket to a broker sends the end of a request without waiting for an acknowledgement', async () => {
  const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = promptSocketFactory()({ host: '127.0.0.1', port, onConnect: () => undefined });
  expect(setNoDelay).toHaveBeenCalledWith(true);
  socket.destroy();
  server.close();
  setNoDelay.mockRestore();
});
