import { expect, it } from 'vitest';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { ReplayProgress, ReplayRow } from '#libs/persistence';
import type { ReplayPortion } from './replay-portion.js';
import { ReplayRunner } from './replay-runner.js';

/** Without the class, so that it can be spread. */
type Row = { readonly [Name in keyof ReplayRow]: ReplayRow[Name] };

const nothing: ReplayPortion = { read: 10, raw: [], encoded: [], unanswered: 2 };

function replayRow(): Row {
  return {
    replayId: 'r1',
    topic: 'records',
    mode: 'normal',
    reason: 'a test',
    filter: {},
    spans: [{ partition: 0, from: 0, to: 800, next: 0 }],
    status: 'running',
    read: 0,
    replayed: 0,
    unanswered: 0,
    attempts: 0,
    nextTryAt: null,
    problem: null,
    createdAt: 0,
    endedAt: null,
  };
}

/** One replay in memory, kept as the store does. */
function runnerOver(read: () => Promise<ReplayPortion>) {
  const clock = new ManualClock(1_000_000);
  let replay: Row = replayRow();
  const tries: number[] = [];
  const isDue = (now: number): boolean =>
    replay.status === 'running' && (replay.nextTryAt === null || replay.nextTryAt <= now);
  const step = async (now: number, work: (row: ReplayRow) => Promise<ReplayProgress>): Promise<boolean> => {
    if (!isDue(now)) return false;
    tries.push(now);
    const progress = await work(replay);
    if (replay.status === 'running') replay = { ...replay, ...progress };
    return true;
  };
  const runner = new ReplayRunner({
    replays: { step },
    portions: { read },
    producer: { sendRaw: () => Promise.resolve(), sendAll: () => Promise.resolve() },
    clock,
    onFailed: () => undefined,
  });
  return {
    runner,
    clock,
    tries,
    replay: () => replay,
    cancel: () => {
      replay = { ...replay, status: 'cancelled' };
    },
  };
}

const away = new LedgerwireError('the log is not available', {
  code: 'log-unavailable',
  disposition: 'retry',
});

it('goes on step by step to the end, and counts', async () => {
  const { runner, clock, replay } = runnerOver(() => Promise.resolve(nothing));
  runner.start();
  await clock.advance(0);
  expect(replay()).toMatchObject({ status: 'done', read: 20, unanswered: 4, endedAt: 1_000_000 });
  await runner.stop();
});

it('shows why a step fails, waits longer each time, and forgets it when it goes on', async () => {
  let failing = true;
  const { runner, clock, tries, replay } = runnerOver(() =>
    failing ? Promise.reject(away) : Promise.resolve(nothing),
  );
  runner.start();
  await clock.advance(0);
  expect(replay()).toMatchObject({
    status: 'running',
    attempts: 1,
    problem: 'the log is not available (log-unavailable)',
    nextTryAt: 1_001_000,
  });
  await clock.advance(60_000);
  const pauses = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(replay()).toMatchObject({ attempts: 6 });
  failing = false;
  await clock.advance(60_000);
  expect(replay()).toMatchObject({ status: 'done', attempts: 0, problem: null, nextTryAt: null });
  await runner.stop();
});

it('a replay that fails can be cancelled, and is not tried again', async () => {
  const { runner, clock, tries, cancel, replay } = runnerOver(() => Promise.reject(away));
  runner.start();
  await clock.advance(0);
  cancel();
  await clock.advance(600_000);
  expect(tries).toHaveLength(1);
  expect(replay().status).toBe('cancelled');
  await runner.stop();
});

it('gives up what no try can help, with the reason', async () => {
  const unreadable = new LedgerwireError('bytes', { code: 'undecodable', disposition: 'dead-letter' });
  const { runner, clock, replay } = runnerOver(() => Promise.reject(unreadable));
  runner.start();
  await clock.advance(0);
  expect(replay()).toMatchObject({ status: 'failed', problem: 'bytes (undecodable)' });
  await runner.stop();
});
