import { expect, test } from 'vitest';
import { createDataSource } from '../data-source.js';
import { migrate } from '../migrate.js';
import { anOutcome } from '../testing/builders.js';
import { emptyDatabase, openedDatabase } from '../testing/opened-database.js';
import { OutcomeStore } from './outcome.store.js';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';

/** Two webhooks of one invoice, fetched as one record that led to one message; and another event of the same invoice. */
const path = [
  anOutcome('o1', { at: 1, webhookIds: ['hook-1'], noticeIds: ['notice-1'] }),
  anOutcome('o2', { at: 2, webhookIds: ['hook-2'], noticeIds: ['notice-2'] }),
  anOutcome('o3', {
    at: 3,
    step: 'fetch',
    noticeIds: ['notice-1', 'notice-2'],
    recordId: 'record-1',
    entityId: 'invoice-1',
    entityNumber: 'INV-1',
  }),
  anOutcome('o4', { at: 4, step: 'map', recordId: 'record-1', commandId: 'command-1' }),
  anOutcome('o5', { at: 5, step: 'send', commandId: 'command-1', messageSid: 'SM1' }),
  anOutcome('o6', { at: 6, step: 'deliver', messageSid: 'SM1' }),
];
const other = anOutcome('o7', {
  at: 7,
  step: 'fetch',
  recordId: 'record-2',
  entityId: 'invoice-1',
  entityNumber: 'INV-1',
});

test('an outcome comes back as it was given, to the millisecond, empty and odd values included', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const given = anOutcome('o1', {
    at: 1_795_242_013_271,
    nextTryAt: 1_795_242_013_999,
    detail: `quotes ' " \\ and {"json": [1]}, ümläut 🎉`,
    webhookIds: ['a,b', '{c}', '"d"', ''],
    noticeIds: [],
  });
  await outcomes.addAll([given, anOutcome('o2', { nextTryAt: null, detail: '' })]);
  const [first, second] = await outcomes.after(0, 10);
  expect(first).toEqual({ ...given, position: first?.position });
  expect(second).toMatchObject({ nextTryAt: null, detail: '' });
});

test('an outcome that arrives again changes nothing', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  await outcomes.addAll([anOutcome('o1', { detail: 'first' })]);
  await outcomes.addAll([anOutcome('o1', { detail: 'second' }), anOutcome('o2')]);
  expect((await outcomes.after(0, 10)).map(({ outcomeId, detail }) => [outcomeId, detail])).toEqual([
    ['o1', 'first'],
    ['o2', null],
  ]);
});

test('knows how refreshing the tokens of each connection went last', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const told = (id: string, connectionId: string, status: string, at: number) =>
    anOutcome(id, { step: 'connect', connectionId, status, at, detail: id });
  await outcomes.addAll([
    told('r1', 'c1', 'refresh-failing', 1),
    told('r2', 'c1', 'refresh-recovered', 2),
    told('r3', 'c2', 'refresh-failing', 3),
    anOutcome('o1', { connectionId: 'c2', status: 'sent', at: 4 }),
  ]);
  expect(await outcomes.lastRefreshes()).toEqual([
    { connectionId: 'c1', status: 'refresh-recovered', at: 2, detail: 'r2' },
    { connectionId: 'c2', status: 'refresh-failing', at: 3, detail: 'r3' },
  ]);
});

test.each(['hook-1', 'hook-2', 'notice-2', 'record-1', 'command-1', 'SM1'])(
  'the whole path of an event is found by %s',
  async (id) => {
    const { outcomes } = await openedDatabase(createTestDatabase);
    await outcomes.addAll([...path, other]);
    expect((await outcomes.trace(id)).map(({ outcomeId }) => outcomeId)).toEqual(
      path.map((o) => o.outcomeId),
    );
  },
);

test('an invoice number or id gives every event of the invoice, an unknown id nothing', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  await outcomes.addAll([...path, other]);
  expect(await outcomes.trace('INV-1')).toHaveLength(7);
  expect(await outcomes.trace('invoice-1')).toHaveLength(7);
  expect(await outcomes.trace('INV-2')).toEqual([]);
  expect(await outcomes.trace('INV-1', { limit: 3 })).toHaveLength(3);
});

/** An event of an invoice as it is told by two services; only the first line has the number. */
const eventOf = (name: string, workspaceId: string, at: number) => [
  anOutcome(`${name}-read`, { at, workspaceId, recordId: name, commandId: name, entityNumber: 'INV-0001' }),
  anOutcome(`${name}-sent`, { at: at + 1, workspaceId, commandId: name, messageSid: name }),
  anOutcome(`${name}-delivered`, { at: at + 2, workspaceId, messageSid: name }),
];

test('of a number with more events than a trace holds, the newest are found, with their whole paths', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const old = Array.from({ length: 12 }, (_, i) => eventOf(`old-${i}`, 'w2', i));
  const fresh = eventOf('fresh', 'w1', 1_000);
  await outcomes.addAll([...fresh, ...old.flat()]);
  const idsOf = (rows: readonly { readonly outcomeId: string }[]) => rows.map(({ outcomeId }) => outcomeId);
  const found = await outcomes.trace('INV-0001', { limit: 6 });
  expect(found).toHaveLength(6);
  expect(idsOf(found).slice(-3)).toEqual(idsOf(fresh));
});

test('a number that workspaces share is traced in one of them', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const own = eventOf('own', 'w1', 1);
  await outcomes.addAll([...own, ...eventOf('foreign', 'w2', 2)]);
  const found = await outcomes.trace('INV-0001', { workspaceId: 'w1' });
  expect(found.map(({ outcomeId }) => outcomeId)).toEqual(own.map(({ outcomeId }) => outcomeId));
  expect(await outcomes.trace('INV-0001')).toHaveLength(6);
  expect(await outcomes.trace('INV-0001', { workspaceId: 'w3' })).toEqual([]);
});

test('a webhook gives all entities that it told of, an entity only what is its own and what its reading led to', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  const webhookIds = ['hook-9'];
  const of = (entity: string, number: string) => ({
    entityId: entity,
    entityNumber: number,
    connectionId: 'books',
  });
  const one = of('invoice-a', 'A-1');
  const two = of('invoice-b', 'B-1');
  await outcomes.addAll([
    anOutcome('a1', { at: 1, ...one, entityNumber: null, webhookIds, noticeIds: ['n-a'] }),
    anOutcome('b1', { at: 2, ...two, entityNumber: null, webhookIds, noticeIds: ['n-b'] }),
    anOutcome('a2', { at: 3, ...one, webhookIds, noticeIds: ['n-a', 'n-p'], recordId: 'r-a' }),
    anOutcome('b2', { at: 4, ...two, webhookIds, noticeIds: ['n-b'], recordId: 'r-b' }),
    anOutcome('a3', { at: 5, recordId: 'r-a', commandId: 'c-a', webhookIds }),
    anOutcome('b3', { at: 6, recordId: 'r-b', commandId: 'c-b', webhookIds }),
    anOutcome('p1', { at: 7, ...of('payment-a', 'A-1'), webhookIds, noticeIds: ['n-p'], recordId: 'r-p' }),
    anOutcome('p2', { at: 8, recordId: 'r-p', commandId: 'c-p' }),
    anOutcome('x1', { at: 9, ...of('invoice-x', 'A-1'), noticeIds: ['n-x'], recordId: 'r-x' }),
  ]);
  const idsOf = async (id: string) => (await outcomes.trace(id)).map(({ outcomeId }) => outcomeId);
  expect(await idsOf('invoice-a')).toEqual(['a1', 'a2', 'a3', 'p1', 'p2']);
  expect(await idsOf('invoice-b')).toEqual(['b1', 'b2', 'b3']);
  expect(await idsOf('c-b')).toEqual(['b1', 'b2', 'b3']);
  expect(await idsOf('hook-9')).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'p1', 'p2']);
});

test('feeds and lists give what they are asked for', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  await outcomes.addAll([...path, other, anOutcome('o8', { workspaceId: 'w2', at: 8 })]);
  const [first, second] = await outcomes.after(0, 2);
  expect([first?.outcomeId, second?.outcomeId]).toEqual(['o1', 'o2']);
  expect(await outcomes.after(second?.position ?? 0, 100)).toHaveLength(6);
  expect(await outcomes.after(0, 100, 'w2')).toHaveLength(1);
  const fetched = await outcomes.latest({ workspaceId: 'w1', step: 'fetch', from: 3, to: 7 }, 10);
  expect(fetched.map(({ outcomeId }) => outcomeId)).toEqual(['o3']);
});

test('the newest outcomes are read page by page, those of one instant included, and counted by step', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  expect(await outcomes.lastPosition()).toBe(0);
  await outcomes.addAll([1, 2, 2, 2, 3].map((at, index) => anOutcome(`o${index}`, { at })));
  const first = await outcomes.latest({}, 2);
  const second = await outcomes.latest({}, 2, first.at(-1));
  const third = await outcomes.latest({}, 2, second.at(-1));
  expect([first, second, third].map((page) => page.map(({ outcomeId }) => outcomeId))).toEqual([
    ['o4', 'o3'],
    ['o2', 'o1'],
    ['o0'],
  ]);
  expect(await outcomes.lastPosition()).toBe(
    Math.max(...(await outcomes.after(0, 10)).map((row) => row.position)),
  );
  const counts = await outcomes.countsSince(2);
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(4);
  expect(counts[0]).toEqual({ step: first[0]?.step, status: first[0]?.status, count: 4 });
});

test('old outcomes are deleted in portions, the oldest first', async () => {
  const { outcomes } = await openedDatabase(createTestDatabase);
  await outcomes.addAll(path);
  expect(await outcomes.deleteBefore(6, 3)).toBe(3);
  expect((await outcomes.latest({}, 10)).map(({ at }) => at)).toEqual([6, 5, 4]);
  expect(await outcomes.deleteBefore(6, 3)).toBe(2);
  expect(await outcomes.deleteBefore(6, 3)).toBe(0);
});

test('of those who delete at once, none waits for another or counts its rows', async () => {
  const options = await emptyDatabase(createTestDatabase);
  await migrate(options);
  const dataSource = await createDataSource(options).initialize();
  const other = dataSource.createQueryRunner();
  try {
    const outcomes = new OutcomeStore(dataSource);
    await outcomes.addAll(path);
    await other.startTransaction();
    await other.query("DELETE FROM outcomes WHERE outcome_id IN ('o1', 'o2')");
    expect(await outcomes.deleteBefore(6, 2)).toBe(2);
    await other.commitTransaction();
    expect((await outcomes.latest({}, 10)).map(({ at }) => at)).toEqual([6, 5]);
  } finally {
    await other.release();
    await dataSource.destroy();
  }
});

test('a trace reads by index in a large trail', async () => {
  const options = await emptyDatabase(createTestDatabase);
  await migrate(options);
  const dataSource = await createDataSource(options).initialize();
  try {
    const outcomes = new OutcomeStore(dataSource);
    const many = Array.from({ length: 20_000 }, (_, i) =>
      anOutcome(`many-${i}`, {
        webhookIds: [`hook-x${i}`],
        recordId: `record-x${i}`,
        entityNumber: `X${i}`,
        messageSid: `SMx${i}`,
      }),
    );
    await outcomes.addAll([...many, ...path]);
    await dataSource.query('ANALYZE outcomes');
    const scans = async (): Promise<{ seq: string }[]> =>
      dataSource.query(
        `SELECT pg_stat_force_next_flush(), seq_scan AS seq FROM pg_stat_user_tables WHERE relname = 'outcomes'`,
      );
    await scans();
    const before = (await scans())[0]?.seq;
    expect(await outcomes.trace('SM1')).toHaveLength(path.length);
    expect(await outcomes.trace('X19999')).toHaveLength(1);
    expect(await outcomes.trace('X19999', { workspaceId: 'w1' })).toHaveLength(1);
    await scans();
    expect((await scans())[0]?.seq).toBe(before);
  } finally {
    await dataSource.destroy();
  }
});

const flow = {
  flowId: 'f1',
  version: 1,
  workspaceId: 'w1',
  enabled: true,
  sourceConnectionId: 'c1',
  targetConnectionId: 'c2',
  yaml: 'a: 1',
  appliedBy: null,
  appliedAt: 1,
};

test('the highest version of a flow is in force, and a version is written once', async () => {
  const { flows } = await openedDatabase(createTestDatabase);
  expect(await flows.add(flow)).toBe(true);
  const second = await Promise.all(['x', 'y'].map((yaml) => flows.add({ ...flow, version: 2, yaml })));
  expect(second.filter(Boolean)).toHaveLength(1);
  await flows.add({ ...flow, flowId: 'f2', workspaceId: 'w2' });
  expect((await flows.current('f1'))?.version).toBe(2);
  expect(await flows.current('f3')).toBeNull();
  expect((await flows.listCurrent()).map(({ flowId, version }) => [flowId, version])).toEqual([
    ['f1', 2],
    ['f2', 1],
  ]);
  expect(await flows.listCurrent('w2')).toHaveLength(1);
  expect((await flows.history('f1')).map(({ version }) => version)).toEqual([2, 1]);
});

test('a dead letter is listed until it is settled, stays settled when it arrives again, and is deleted when it is old', async () => {
  const { deadLetters } = await openedDatabase(createTestDatabase);
  const letter = {
    deadLetterId: 'd1',
    logPartition: 0,
    logOffset: 9_007_199_254_740_991,
    workspaceId: 'w1',
    traceId: null,
    service: 'fetcher',
    originTopic: 'change-notices.books',
    originPartition: 1,
    originOffset: 12,
    originTimestamp: 3,
    key: 'c1',
    errorCode: 'undecodable',
    errorMessage: 'bytes are no notice',
    attempts: 1,
    at: 4,
  };
  await deadLetters.addAll([letter, { ...letter, deadLetterId: 'd2', errorCode: 'other', at: 5 }]);
  expect((await deadLetters.list({ status: 'open' }, 10)).map((row) => row.deadLetterId)).toEqual([
    'd2',
    'd1',
  ]);
  expect(await deadLetters.list({ errorCode: 'undecodable' }, 10)).toMatchObject([letter]);
  expect(await deadLetters.settle(['d1', 'd3'], 'requeued', 6)).toBe(1);
  expect(await deadLetters.settle(['d1'], 'discarded', 7)).toBe(0);
  await deadLetters.addAll([letter]);
  expect(await deadLetters.find('d1')).toMatchObject({ status: 'requeued', settledAt: 6 });
  expect(await deadLetters.deleteBefore(5, 10)).toBe(1);
  expect((await deadLetters.list({}, 10)).map((row) => row.deadLetterId)).toEqual(['d2']);
});
