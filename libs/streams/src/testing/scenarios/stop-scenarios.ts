import assert from 'node:assert/strict';
import { Gate } from './gate.js';
import { told } from './parking-scenarios.js';
import type { TaskScenario } from './service-under-test.js';

/** Longer than a scenario may wait: who takes over after a graceful stop must not have to wait for it. */
const LONG_SESSION_MS = 240_000;

/** How a process ends when it is asked to. */
export const stopScenarios: readonly TaskScenario[] = [
  {
    name: 'a process that is asked to end finishes what runs, commits it and leaves the rest to the next one at once',
    play: async (service) => {
      const seen: string[] = [];
      const gate = new Gate();
      await service.start(
        {
          onNotice: ({ value }) => {
            seen.push(value.noticeId);
            return value.noticeId === 'running' ? gate.passed : undefined;
          },
        },
        { sessionTimeoutMs: LONG_SESSION_MS, drainTimeoutMs: 30_000 },
      );
      await service.send([{ noticeId: 'running' }, { noticeId: 'waiting' }]);
      await service.until('the first one runs', () => seen.length > 0);
      const ended = service.terminate();
      // By then it takes nothing new: a fetch that is under way has come back.
      void service.sleep(1_500).then(() => gate.open());
      await ended;
      await service.until('the next process', () => service.outputs().length === 2);
      assert.equal(seen.filter((id) => id === 'running').length, 1);
      assert.deepEqual(told(service), ['running attempt 1', 'waiting attempt 1']);
    },
  },
  {
    name: 'a handler that does not end holds up a stop no longer than the drain time, and its record is handled anew',
    play: async (service) => {
      const seen: string[] = [];
      let stuck = true;
      const never = new Gate();
      await service.start(
        {
          onNotice: ({ value }) => {
            seen.push(value.noticeId);
            return stuck ? never.passed : undefined;
          },
        },
        { sessionTimeoutMs: LONG_SESSION_MS, drainTimeoutMs: 200 },
      );
      await service.send([{ noticeId: 'stuck' }]);
      await service.until('it runs', () => seen.length > 0);
      stuck = false;
      await service.terminate();
      await service.until('the next process', () => service.outputs().length === 1);
      assert.deepEqual(told(service), ['stuck attempt 1']);
      assert.ok(seen.length > 1, 'it was not handled anew');
    },
  },
];
