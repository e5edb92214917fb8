import { expect, it } from 'vitest';
import { ManualClock } from '#libs/core';
import { type PrunedRows, TrailPruner } from './trail-pruner.js';

const DAY_MS = 86_400_000;
const ROUND_MS = 600_000;
const START = 1_000 * DAY_MS;

/** Rows by their times, and a pruner that keeps them for 400 days; `away` fails its next statement. */
function prunerOver(outcomes: readonly number[], deadLetters: readonly number[] = []) {
  const clock = new ManualClock(START);
  const left = { outcomes: [...outcomes], deadLetters: [...deadLetters] };
  const told: (PrunedRows | string)[] = [];
  const portions: number[] = [];
  const away: { error?: Error | undefined } = {};
  const storeOf = (kind: keyof typeof left) => ({
    deleteBefore(before: number, limit: number): Promise<number> {
      const { error } = away;
      away.error = undefined;
      if (error) return Promise.reject(error);
      const old = new Set(left[kind].filter((at) => at < before).slice(0, limit));
      left[kind] = left[kind].filter((at) => !old.has(at));
      portions.push(old.size);
      return Promise.resolve(old.size);
    },
  });
  const pruner = new TrailPruner({
    outcomes: storeOf('outcomes'),
    deadLetters: storeOf('deadLetters'),
    clock,
    retentionDays: 400,
    onPruned: (rows) => void told.push(rows),
    onFailed: (error) => void told.push(String(error)),
  });
  return { pruner, clock, left, told, portions, away };
}

it('deletes outcomes and dead letters that are older than the retention, and tells how many', async () => {
  const [old, fresh] = [START - 400 * DAY_MS, START - 399 * DAY_MS];
  const { pruner, clock, left, told } = prunerOver([old, old + 1, fresh], [old, fresh]);
  pruner.start();
  await clock.advance(ROUND_MS);
  expect(left).toEqual({ outcomes: [fresh], deadLetters: [fresh] });
  expect(told).toEqual([{ outcomes: 2, deadLetters: 1 }]);
  await clock.advance(DAY_MS);
  expect(left).toEqual({ outcomes: [], deadLetters: [] });
  expect(told.slice(1)).toEqual([{ outcomes: 1, deadLetters: 1 }]);
  await pruner.stop();
});

it('deletes much in portions until there is nothing left', async () => {
  const { pruner, clock, told, portions } = prunerOver(Array.from({ length: 12_000 }, (_, at) => at));
  pruner.start();
  await clock.advance(ROUND_MS + 10_000);
  expect(portions).toEqual([5_000, 5_000, 2_000, 0]);
  expect(told).toEqual([{ outcomes: 12_000, deadLetters: 0 }]);
  await pruner.stop();
});

it('leaves to the next round what fails', async () => {
  const { pruner, clock, told, left, away } = prunerOver([1]);
  away.error = new Error('away');
  pruner.start();
  await clock.advance(ROUND_MS);
  expect(told).toEqual(['Error: away']);
  await clock.advance(ROUND_MS);
  expect(left.outcomes).toEqual([]);
  await pruner.stop();
});

it('stops between two portions', async () => {
  const { pruner, clock, left } = prunerOver(Array.from({ length: 12_000 }, (_, at) => at));
  pruner.start();
  await clock.advance(ROUND_MS);
  await pruner.stop();
  expect(left.outcomes).toHaveLength(7_000);
  expect(clock.nextTimerAt()).toBeUndefined();
});
