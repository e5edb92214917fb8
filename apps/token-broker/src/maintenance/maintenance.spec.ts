import { expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import { silentLogger } from '#libs/platform';
import { Maintenance } from './maintenance.js';

test('does each chore at once and then at its own pace, also after it failed', async () => {
  const clock = new ManualClock(0);
  const done: string[] = [];
  const chores = [
    { name: 'often', everyMs: 100, run: async () => void done.push(`often ${clock.now()}`) },
    {
      name: 'failing',
      everyMs: 150,
      run: async () => {
        done.push(`failing ${clock.now()}`);
        throw new Error('not today');
      },
    },
  ];
  const maintenance = new Maintenance(chores, clock, () => 0.5, silentLogger);
  maintenance.start();
  await clock.advance(0);
  await clock.advance(200);
  expect(done).toEqual(['often 0', 'failing 0', 'often 100', 'failing 150', 'often 200']);
  await maintenance.stop();
  await clock.advance(1_000);
  expect(done).toHaveLength(5);
});

test('waits for a chore that runs when it is stopped, and does not begin it again', async () => {
  const clock = new ManualClock(0);
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const chore = {
    name: 'slow',
    everyMs: 10,
    run: () => {
      runs += 1;
      return gate.promise;
    },
  };
  const maintenance = new Maintenance([chore], clock, () => 0.5, silentLogger);
  maintenance.start();
  let stopped = false;
  const stopping = maintenance.stop().then(() => (stopped = true));
  await clock.advance(100);
  expect([stopped, runs]).toEqual([false, 1]);
  gate.resolve();
  await stopping;
  await clock.advance(100);
  expect([runs, clock.nextTimerAt()]).toEqual([1, undefined]);
});
