import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import type { ReplayRow } from '../entities/replay.entity.js';
import { anOutcome } from '../testing/builders.js';
import { openedDatabase } from '../testing/opened-database.js';
import type { ReplayProgress } from './replay.store.js';

function aReplay(replayId: string, parts: Partial<ReplayRow> = {}): ReplayRow {
  return {
    replayId,
    topic: 'records',
    mode: 'normal',
    reason: 'a test',
    filter: {},
    spans: [{ partition: 0, from: 0, to: 10, next: 0 }],
    status: 'running',
    read: 0,
    replayed: 0,
    unanswered: 0,
    attempts: 0,
    nextTryAt: null,
    problem: null,
    createdAt: 1,
    endedAt: null,
    ...parts,
  };
}

/** A step that changes what is given. */
function changing(parts: Partial<ReplayProgress>, seen: string[]) {
  return ({ replayId, spans, ...replay }: ReplayRow): Promise<ReplayProgress> => {
    seen.push(replayId);
    const { read, replayed, unanswered, status, problem, attempts, nextTryAt, endedAt } = replay;
    const same = { spans, read, replayed, unanswered, status, problem, attempts, nextTryAt, endedAt };
    return Promise.resolve({ ...same, ...parts });
  };
}

test('a replay whose step has failed waits for its next try, and others get their turn', async () => {
  const { replays } = await openedDatabase(createTestDatabase);
  await replays.add(aReplay('failing'));
  await replays.add(aReplay('behind', { createdAt: 2 }));
  const seen: string[] = [];
  const failed = { attempts: 1, nextTryAt: 5_000, problem: 'the log is away' };
  expect(await replays.step(1_000, changing(failed, seen))).toBe(true);
  expect(await replays.find('failing')).toMatchObject({ status: 'running', ...failed });
  await replays.step(1_001, changing({ status: 'done' }, seen));
  expect(await replays.step(4_999, changing({}, seen))).toBe(false);
  expect(await replays.step(5_000, changing({ attempts: 0, nextTryAt: null }, seen))).toBe(true);
  expect(seen).toEqual(['failing', 'behind', 'failing']);
});

test('a replay that waits for its next try can be cancelled, once', async () => {
  const { replays } = await openedDatabase(createTestDatabase);
  await replays.add(aReplay('failing', { attempts: 7, nextTryAt: 5_000 }));
  expect(await replays.cancel('failing', 2_000)).toBe(true);
  expect(await replays.cancel('failing', 3_000)).toBe(false);
  expect(await replays.step(9_000, changing({}, []))).toBe(false);
  expect(await replays.find('failing')).toMatchObject({ status: 'cancelled', endedAt: 2_000 });
});

test('of each entity the newest fetch that found a new state is known', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const fetched = { step: 'fetch', status: 'fetched', connectionId: 'c1', entityType: 'invoice' };
  await outcomes.addAll([
    anOutcome('o1', { ...fetched, at: 1, entityId: 'i1', recordId: 'older' }),
    anOutcome('o2', { ...fetched, at: 2, entityId: 'i1', recordId: 'newer' }),
    anOutcome('o3', { ...fetched, at: 3, entityId: 'i1', recordId: 'newer', status: 'unchanged' }),
    anOutcome('o4', { ...fetched, at: 4, entityId: 'i1', recordId: 'of another', connectionId: 'c2' }),
    anOutcome('o5', { ...fetched, at: 5, entityId: 'i2', recordId: 'second' }),
    anOutcome('o6', { ...fetched, at: 6, entityId: 'i3', recordId: 'not asked for' }),
  ]);
  expect(await outcomes.newestFetches('c1', ['i1', 'i2', 'nobody'])).toEqual([
    { entityType: 'invoice', entityId: 'i1', recordId: 'newer', at: 2 },
    { entityType: 'invoice', entityId: 'i2', recordId: 'second', at: 5 },
  ]);
  expect(await outcomes.newestFetches('c1', [])).toEqual([]);
});
