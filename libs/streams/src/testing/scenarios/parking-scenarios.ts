import assert from 'node:assert/strict';
import type { Outcome } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { ServiceUnderTest, TaskScenario } from './service-under-test.js';

const DAY = 86_400_000;
/** How much later than named a second try may be planned, so that many waiters do not return at once. */
const NAMED_TIME_JITTER = 0.1;

/** Work that cannot be done yet. */
export const parkingScenarios: readonly TaskScenario[] = [
  {
    name: 'parked work comes back after the time that was named, and not before',
    play: async (service) => {
      const tries: number[] = [];
      await service.start({
        onNotice: ({ attempt }, context) => {
          tries.push(context.now());
          if (attempt === 1) throw later('limited', 300);
        },
      });
      await service.send([{ noticeId: 'n1' }]);
      await service.until('the second try', () => service.outputs().length === 1);
      await service.until('what is told of it', () => parkedOf(service).length === 1);
      const [parked] = parkedOf(service);
      assert.equal(parked?.reason, 'limited');
      assert.ok((parked.nextTryAt ?? 0) >= (tries[0] ?? Infinity) + 300, 'it is to be tried too early');
      assert.ok(waitOf(parked) <= Math.ceil(300 * (1 + NAMED_TIME_JITTER)), 'it is to be tried too late');
      assert.ok((tries[1] ?? 0) >= (parked.nextTryAt ?? Infinity), 'it was tried before its time');
      assert.deepEqual(told(service), ['n1 attempt 2']);
    },
  },
  {
    name: 'without a named time the pauses grow with the tries, and no further than their cap',
    play: async (service) => {
      await service.start(
        {
          onNotice: ({ attempt }) => {
            if (attempt <= 6) throw new LedgerwireError('flaky', { code: 'flaky', disposition: 'retry' });
          },
        },
        { retry: { baseMs: 10, capMs: 80, deadlineMs: DAY } },
      );
      await service.send([{ noticeId: 'n1' }]);
      await service.until('the last try', () => service.outputs().length === 1);
      await service.until('what is told of it', () => parkedOf(service).length === 6);
      const parked = parkedOf(service);
      const most = [10, 20, 40, 80, 80, 80];
      for (const [i, outcome] of parked.entries()) assert.ok(waitOf(outcome) <= (most[i] ?? 0));
      assert.ok(
        parked.some((outcome) => waitOf(outcome) > 10),
        'the pauses did not grow',
      );
    },
  },
  {
    name: 'what is tried in vain until its deadline becomes a dead letter, and the lane goes on',
    play: async (service) => {
      await service.start(
        {
          onNotice: ({ value }) => {
            if (value.noticeId === 'hopeless')
              throw new LedgerwireError('flaky', { code: 'flaky', disposition: 'retry' });
          },
        },
        { retry: { baseMs: 5, capMs: 20, deadlineMs: 100 } },
      );
      await service.send([{ noticeId: 'hopeless' }, { noticeId: 'behind' }]);
      await service.until('the one behind it', () => service.outputs().length === 1);
      assert.deepEqual(told(service), ['behind attempt 1']);
      await service.until('the dead letter', () => service.deadLetters().length === 1);
      const [letter] = service.deadLetters();
      assert.equal(letter?.errorCode, 'deadline-flaky');
      assert.ok(letter.attempts > 1);
    },
  },
  {
    name: 'an operator has parked work tried now, and what is behind it in the lane follows in order',
    play: async (service) => {
      await service.start({
        onNotice: ({ value, attempt }) => {
          if (value.noticeId === 'n1' && attempt === 1) throw later('day-limit', DAY);
        },
      });
      await service.send([{ noticeId: 'n1' }, { noticeId: 'n2' }]);
      await service.until('it is parked', () => parkedOf(service).length === 1);
      await service.ask({ action: 'retry-now', parkedReason: 'day-limit' });
      await service.until('both are done', () => service.outputs().length === 2);
      assert.deepEqual(told(service), ['n1 attempt 2', 'n2 attempt 1']);
    },
  },
  {
    name: 'parked work survives a crash, with its time and its count of tries, and is done once',
    play: async (service) => {
      const tries: { readonly attempt: number; readonly at: number }[] = [];
      await service.start({
        onNotice: ({ value, attempt }, context) => {
          if (value.noticeId !== 'n1') return;
          tries.push({ attempt, at: context.now() });
          if (attempt < 3) throw later('limited', 500);
        },
      });
      await service.send([{ noticeId: 'n1' }]);
      await service.until('it is parked', () => parkedOf(service).length === 1);
      await service.kill();
      await service.until('it is done', () => service.outputs().length === 1);
      await service.kill();
      await service.send([{ noticeId: 'n2' }]);
      await service.until('the next one', () => service.outputs().length === 2);
      await service.until('what is told of it', () => parkedOf(service).length === 2);
      assert.deepEqual(told(service), ['n1 attempt 3', 'n2 attempt 1']);
      // A try that was under way at the crash is not known to anybody, and made anew.
      assert.deepEqual([...new Set(tries.map(({ attempt }) => attempt))], [1, 2, 3]);
      const times = parkedOf(service).map(({ nextTryAt }) => nextTryAt ?? Infinity);
      for (const { attempt, at } of tries)
        assert.ok(at >= (times[attempt - 2] ?? 0), 'it was tried before its time');
    },
  },
];

/** Values of the output: what was done at which attempt. */
export function told(service: ServiceUnderTest): string[] {
  return service.outputs().map(({ noticeId, changeType }) => `${noticeId} ${changeType}`);
}

/** An error that asks for another try after a time. */
export function later(code: string, retryAfterMs: number): LedgerwireError {
  return new LedgerwireError('come back later', { code, disposition: 'park', retryAfterMs });
}

/** What was told of parked work. */
export function parkedOf(service: ServiceUnderTest): Outcome[] {
  return service.outcomes().filter(({ status }) => status === 'parked');
}

function waitOf({ nextTryAt, at }: Outcome): number {
  return (nextTryAt ?? Infinity) - at;
}
