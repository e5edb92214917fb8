import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LaneItem, LaneScheduler } from './lane-scheduler.js';

interface Job extends LaneItem {
  readonly id: number;
}

const job = (id: number, lane: string, group: string, maxBatch = 1): Job => ({
  id,
  lane,
  group,
  maxBatch,
  handler: 'h',
});

/** A runner whose jobs end when the test says so. */
function manualRunner(): {
  run: (items: readonly Job[]) => Promise<void>;
  started: number[][];
  end: () => void;
} {
  const started: number[][] = [];
  const ends: (() => void)[] = [];
  return {
    started,
    run: (items) => {
      started.push(items.map(({ id }) => id));
      return new Promise((resolve) => {
        ends.push(resolve);
      });
    },
    end: () => ends.shift()?.(),
  };
}

test('runs lanes side by side and one lane in order', async () => {
  const runner = manualRunner();
  const lanes = new LaneScheduler<Job>({ maxInFlight: 10, maxInFlightPerGroup: 10 }, runner.run);
  lanes.enqueue(job(1, 'a', 'g'));
  lanes.enqueue(job(2, 'a', 'g'));
  lanes.enqueue(job(3, 'b', 'g'));
  expect(runner.started).toEqual([[1], [3]]);
  runner.end();
  await Promise.resolve();
  expect(runner.started).toEqual([[1], [3], [2]]);
});

test('hands over together what waits in a lane', async () => {
  const runner = manualRunner();
  const lanes = new LaneScheduler<Job>({ maxInFlight: 10, maxInFlightPerGroup: 10 }, runner.run);
  for (const id of [1, 2, 3, 4, 5]) lanes.enqueue(job(id, 'a', 'g', 3));
  runner.end();
  await Promise.resolve();
  expect(runner.started).toEqual([[1], [2, 3, 4]]);
});

test('a group with a flood of stuck work leaves room to another', () => {
  const runner = manualRunner();
  const lanes = new LaneScheduler<Job>({ maxInFlight: 10, maxInFlightPerGroup: 4 }, runner.run);
  for (let id = 0; id < 100; id += 1) lanes.enqueue(job(id, `flood-${id}`, 'flood'));
  lanes.enqueue(job(1000, 'x', 'small'));
  expect(runner.started).toContainEqual([1000]);
  expect(runner.started).toHaveLength(5);
});

test('groups take turns', async () => {
  const runner = manualRunner();
  const lanes = new LaneScheduler<Job>({ maxInFlight: 1, maxInFlightPerGroup: 1 }, runner.run);
  for (let id = 0; id < 3; id += 1) lanes.enqueue(job(id, `a-${id}`, 'a'));
  for (let id = 10; id < 13; id += 1) lanes.enqueue(job(id, `b-${id}`, 'b'));
  for (let i = 0; i < 6; i += 1) {
    runner.end();
    await Promise.resolve();
  }
  expect(runner.started.flat()).toEqual([0, 10, 1, 11, 2, 12]);
});

test('suspended, it starts nothing and ends what runs', async () => {
  const runner = manualRunner();
  const lanes = new LaneScheduler<Job>({ maxInFlight: 2, maxInFlightPerGroup: 2 }, runner.run);
  for (let id = 0; id < 4; id += 1) lanes.enqueue(job(id, `l${id}`, 'g'));
  lanes.suspend();
  const idle = lanes.idle();
  runner.end();
  runner.end();
  await idle;
  expect(runner.started).toEqual([[0], [1]]);
  lanes.resume();
  expect(runner.started).toEqual([[0], [1], [2], [3]]);
});

test('every piece runs exactly once and in the order of its lane, whatever the bounds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 })), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (jobs, maxInFlight, maxBatch) => {
        const seen: Job[] = [];
        const lanes = new LaneScheduler<Job>({ maxInFlight, maxInFlightPerGroup: 2 }, async (items) => {
          await Promise.resolve();
          seen.push(...items);
        });
        jobs.forEach(([lane, group], id) => lanes.enqueue(job(id, `${group}/${lane}`, `${group}`, maxBatch)));
        await lanes.idle();
        expect(seen.map(({ id }) => id).sort((a, b) => a - b)).toEqual(jobs.map((_, id) => id));
        for (const lane of new Set(seen.map((item) => item.lane))) {
          const ids = seen.filter((item) => item.lane === lane).map(({ id }) => id);
          expect(ids).toEqual([...ids].sort((a, b) => a - b));
        }
      },
    ),
  );
});
