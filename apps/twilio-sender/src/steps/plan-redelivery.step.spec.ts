import { expect, test } from 'vitest';
import type { CommandState } from '#libs/contracts';
import type { MessageFailure } from '#libs/vendor-kit';
import { aCommand } from '../testing/sender-bench.js';
import { planRedelivery } from './plan-redelivery.step.js';

const transient: MessageFailure = {
  class: 'transient',
  reason: 'handset-unreachable',
  meaning: 'The phone is off.',
  maxRetries: 2,
  firstRetryMs: 600_000,
  code: 30003,
};

function plan(failure: MessageFailure, attempts: number, random: number, notAfter: number | null = null) {
  const state = { attempts, deliveryStatus: null as string | null } as CommandState;
  return planRedelivery({ random: () => random }, failure, {
    command: aCommand({ notAfter }),
    state,
    now: 0,
  });
}

test('waits between half and the whole of a doubling time', () => {
  expect([plan(transient, 1, 0), plan(transient, 1, 0.999_999_9)]).toEqual([300_000, 600_000]);
  expect([plan(transient, 2, 0), plan(transient, 2, 0.999_999_9)]).toEqual([600_000, 1_200_000]);
});

test('repeats as often as the table says and only what may pass', () => {
  expect(plan(transient, 3, 0)).toBeUndefined();
  expect(plan({ ...transient, class: 'recipient' }, 1, 0)).toBeUndefined();
  expect(plan({ ...transient, class: 'later' }, 1, 0)).toBe(300_000);
});

test('plans nothing after the end of the command', () => {
  expect(plan(transient, 1, 0, 299_999)).toBeUndefined();
  expect(plan(transient, 1, 0, 300_000)).toBe(300_000);
});
