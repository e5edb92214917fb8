import { expect, test } from 'vitest';
import { ManualClock, sleep } from './clock.js';

test('fires timers in order of time, then of creation', async () => {
  const clock = new ManualClock(0);
  const fired: string[] = [];
  clock.after(20, () => fired.push('late'));
  clock.after(10, () => fired.push('first'));
  clock.after(10, () => fired.push('second'));
  await clock.advance(10);
  expect(fired).toEqual(['first', 'second']);
  expect(clock.nextTimerAt()).toBe(20);
});

test('runs what a timer starts before the next timer fires', async () => {
  const clock = new ManualClock(0);
  const steps: string[] = [];
  const worker = (async () => {
    await sleep(clock, 5);
    steps.push('woke at 5');
    await sleep(clock, 5);
    steps.push('woke at 10');
  })();
  clock.after(7, () => steps.push('timer at 7'));
  await clock.advance(10);
  await worker;
  expect(steps).toEqual(['woke at 5', 'timer at 7', 'woke at 10']);
});

test('a sleep ends when its signal is aborted', async () => {
  const clock = new ManualClock(0);
  const abort = new AbortController();
  const sleeping = sleep(clock, 1000, abort.signal);
  abort.abort(new Error('stopping'));
  await expect(sleeping).rejects.toThrow('stopping');
  expect(clock.nextTimerAt()).toBeUndefined();
});
