import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { internals } from './kafkajs-internals.js';

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
