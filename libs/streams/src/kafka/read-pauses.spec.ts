import { expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import { ReadPauses } from './read-pauses.js';

function reading() {
  const clock = new ManualClock(1_000);
  const pauses = new ReadPauses(
    new Map([
      ['reports', 200],
      ['trail', 500],
    ]),
    clock,
  );
  return { clock, pauses };
}

test('a topic that has brought nothing yet is read', () => {
  const { pauses } = reading();
  expect(pauses.leavesOut('reports')).toBe(false);
  expect(pauses.restMs).toBe(0);
});

test('a topic that brought records is left out for its pause, and the others in no hurry with it', async () => {
  const { clock, pauses } = reading();
  pauses.brought('reports');
  expect(pauses.restMs).toBe(200);
  expect(pauses.leavesOut('reports')).toBe(true);
  expect(pauses.leavesOut('trail')).toBe(true);
  expect(pauses.leavesOut('messages')).toBe(false);
  await clock.advance(200);
  expect(pauses.leavesOut('reports')).toBe(false);
});

test('a topic that is in a hurry begins no rest', () => {
  const { pauses } = reading();
  pauses.brought('messages');
  expect(pauses.restMs).toBe(0);
});

test('of two pauses the longer one counts', () => {
  const { pauses } = reading();
  pauses.brought('trail');
  pauses.brought('reports');
  expect(pauses.restMs).toBe(500);
});
