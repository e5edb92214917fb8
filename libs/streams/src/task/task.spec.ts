import { expect, test } from 'vitest';
import {
  changeNoticesOf,
  type ChangeNotice,
  mapperStores,
  type Outcome,
  outcomeOf,
  runtimeStores,
  topics,
} from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { DueTimer, InputRecord, TaskContext } from '../api/context.js';
import { Consume, ConsumeBatch, Every, OnTimer, StreamPipeline } from '../api/decorators.js';
import { noticeFor } from '../testing/notices.js';
import { parkedKeyOf } from './parking-lot.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const notices = changeNoticesOf('xero');

/** Emits an outcome per notice, by what the test tells it to do with the entity. */
@StreamPipeline({ stores: mapperStores })
class Recorder {
  readonly seen: string[] = [];
  behaviour: (notice: ChangeNotice, attempt: number, context: TaskContext) => Promise<void> = () =>
    Promise.resolve();

  @Consume(notices, {
    lane: ({ value }) => value.entityId,
    about: (value) => ({ workspaceId: value.workspaceId, step: 'fetch' }),
  })
  async onNotice(record: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
    const { value, attempt } = record;
    this.seen.push(`${value.noticeId}#${attempt}`);
    await this.behaviour(value, attempt, context);
    const store = context.store(mapperStores.commands);
    if (store.get(value.noticeId)) return;
    store.put(value.noticeId, { recordId: value.noticeId, derivedAt: context.now(), contentHash: null });
    context.emit(topics.outcomes, value.workspaceId, outcomeFor(value.noticeId));
  }

  @OnTimer('remind')
  async onRemind(timer: DueTimer, context: TaskContext): Promise<void> {
    this.seen.push(`remind ${timer.key} ${JSON.stringify(timer.payload)}`);
    context.emit(topics.outcomes, 'w', outcomeFor(`remind-${timer.key}`));
    return Promise.resolve();
  }

  @Every('tick', 60_000)
  onTick(): Promise<void> {
    this.seen.push('tick');
    return Promise.resolve();
  }
}

const error = (
  code: string,
  disposition: 'retry' | 'park' | 'dead-letter' | 'halt',
  retryAfterMs?: number,
): LedgerwireError => new LedgerwireError(code, { code, disposition, retryAfterMs });

async function start(recorder: Recorder): Promise<{ driver: PipelineDriver; clock: ManualClock }> {
  const clock = new ManualClock();
  return {
    driver: await PipelineDriver.start({ service: 'fetcher-xero', handlers: [recorder], clock }),
    clock,
  };
}

test('handles, stores and emits in one transaction', async () => {
  const recorder = new Recorder();
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  expect(driver.sent(topics.outcomes).map(({ outcomeId }) => outcomeId)).toEqual(['n1']);
  expect(driver.stored(mapperStores.commands, 'n1')).toMatchObject({ recordId: 'n1' });
});

test('after a crash it goes on from what was committed and repeats nothing', async () => {
  const recorder = new Recorder();
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  await driver.restart();
  driver.send(notices, 'c1', notice('n2'));
  await driver.settle();
  expect(recorder.seen.filter((entry) => entry !== 'tick')).toEqual(['n1#1', 'n2#1']);
});

test('a record that finished out of order is not handled again after a crash', async () => {
  const recorder = new Recorder();
  const stuck = new Promise<void>(() => undefined);
  recorder.behaviour = ({ noticeId }) => (noticeId === 'slow' ? stuck : Promise.resolve());
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('slow', 'e1'));
  driver.send(notices, 'c1', notice('quick', 'e2'));
  await expect.poll(() => driver.sent(topics.outcomes).length).toBe(1);
  recorder.behaviour = () => Promise.resolve();
  await driver.restart();
  await driver.settle();
  expect(recorder.seen.filter((entry) => entry !== 'tick')).toEqual(['slow#1', 'quick#1', 'slow#1']);
  expect(driver.sent(topics.outcomes)).toHaveLength(2);
});

test('what a handler wrote before it threw is gone', async () => {
  const recorder = new Recorder();
  recorder.behaviour = ({ noticeId }, attempt, context) => {
    context.store(mapperStores.commands).put('half', { recordId: '', derivedAt: 0, contentHash: null });
    context.emit(topics.outcomes, 'w', outcomeFor('half'));
    return attempt === 1 ? Promise.reject(error('limit', 'park', 5_000)) : Promise.resolve(void noticeId);
  };
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  expect(driver.stored(mapperStores.commands, 'half')).toBeUndefined();
  expect(driver.sent(topics.outcomes).map(({ status }) => status)).toEqual(['parked']);
});

test('a parked record waits for its time, later ones of its lane wait behind it, other lanes go on', async () => {
  const recorder = new Recorder();
  recorder.behaviour = ({ noticeId }, attempt) =>
    noticeId === 'n1' && attempt === 1 ? Promise.reject(error('limit', 'park', 60_000)) : Promise.resolve();
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1', 'e1'));
  await driver.settle();
  driver.send(notices, 'c1', notice('n2', 'e1'));
  driver.send(notices, 'c1', notice('n3', 'e2'));
  await driver.settle();
  expect(handled(driver)).toEqual(['n3']);
  expect(driver.parkedCount).toBe(2);
  await driver.advance(59_000);
  expect(handled(driver)).toEqual(['n3']);
  await driver.advance(60_000);
  expect(handled(driver)).toEqual(['n3', 'n1', 'n2']);
  expect(driver.parkedCount).toBe(0);
});

test('a lane that parks again and again keeps its order', async () => {
  const recorder = new Recorder();
  recorder.behaviour = (_notice, attempt) =>
    attempt < 3 ? Promise.reject(error('limit', 'park', 1_000)) : Promise.resolve();
  const { driver } = await start(recorder);
  for (const id of ['n1', 'n2', 'n3', 'n4', 'n5']) driver.send(notices, 'c1', notice(id));
  await driver.settle();
  for (let i = 0; i < 30; i += 1) await driver.advance(1_200);
  expect(handled(driver)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
});

test('parked work survives a crash', async () => {
  const recorder = new Recorder();
  recorder.behaviour = (_notice, attempt) =>
    attempt === 1 ? Promise.reject(error('limit', 'park', 60_000)) : Promise.resolve();
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  await driver.restart();
  await driver.settle();
  expect(driver.parkedCount).toBe(1);
  const storeKey = parkedKeyOf('e1', { topic: notices.name, offset: 0 });
  expect(driver.stored(runtimeStores.parked, storeKey)).toBeDefined();
  await driver.advance(100_000);
  expect(handled(driver)).toEqual(['n1']);
  expect(driver.stored(runtimeStores.parked, storeKey)).toBeUndefined();
});

test('a record that no try can help becomes a dead letter with its bytes and origin', async () => {
  const recorder = new Recorder();
  recorder.behaviour = ({ noticeId }) =>
    noticeId === 'bad' ? Promise.reject(error('bad', 'dead-letter')) : Promise.resolve();
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('bad'), { origin: 'webhook' });
  driver.send(notices, 'c1', notice('good'));
  await driver.settle();
  const [letter] = driver.sent(topics.deadLetters);
  expect(letter).toMatchObject({
    originTopic: 'change-notices.xero',
    originOffset: 0,
    errorCode: 'bad',
    attempts: 1,
  });
  expect(letter?.headers[0]?.key).toBe('origin');
  expect(
    letter?.value?.equals(driver.broker.read('change-notices.xero', 0)[0]?.value ?? Buffer.alloc(0)),
  ).toBe(true);
  expect(driver.sent(topics.outcomes).map(({ status }) => status)).toContain('dead-lettered');
  expect(handled(driver)).toEqual(['good']);
});

test('a retried record becomes a dead letter when its deadline has passed', async () => {
  const recorder = new Recorder();
  recorder.behaviour = () => Promise.reject(error('flaky', 'retry'));
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  for (let i = 0; i < 30; i += 1) await driver.advance(3_600_000);
  expect(driver.sent(topics.deadLetters)).toMatchObject([{ errorCode: 'deadline-flaky' }]);
  expect(driver.parkedCount).toBe(0);
});

test.each([
  ['no bytes', null, 'null-value'],
  ['a wrong magic byte', Buffer.from([1, 0, 0, 0, 1, 2, 3]), 'undecodable'],
  ['an unknown schema', Buffer.from([0, 0, 0, 9, 9, 2, 3]), 'unknown-schema'],
])('%s is a dead letter and the partition goes on', async (_what, bytes, code) => {
  const recorder = new Recorder();
  const { driver } = await start(recorder);
  driver.sendBytes(notices.name, 'c1', bytes);
  driver.send(notices, 'c1', notice('good'));
  await driver.settle();
  expect(driver.sent(topics.deadLetters)[0]?.errorCode).toMatch(
    code === 'undecodable' ? /undecodable|unknown-schema/ : code,
  );
  expect(handled(driver)).toEqual(['good']);
});

test('a time that is named years ahead does not outwait the deadline', async () => {
  const recorder = new Recorder();
  recorder.behaviour = () => Promise.reject(error('busy', 'park', 60 * 365 * 86_400_000));
  const { driver, clock } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  const lane = notice('n1').entityId;
  const parked = driver.stored(runtimeStores.parked, parkedKeyOf(lane, { topic: notices.name, offset: 0 }));
  expect(parked?.wakeAt).toBe(clock.now() + 7 * 86_400_000);
});

test('work that cannot even be parked ends the service', async () => {
  const recorder = new Recorder();
  // A number of milliseconds that no record can hold, with a deadline that does not bound it.
  recorder.behaviour = () => Promise.reject(error('busy', 'park', 1e17));
  const driver = await PipelineDriver.start({
    service: 'fetcher-xero',
    handlers: [recorder],
    clock: new ManualClock(),
    settings: { park: { baseMs: 1, capMs: 1, deadlineMs: 1e18 } },
  });
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  expect(driver.fatalError).toBeDefined();
});

test('an error that nobody classified ends the service', async () => {
  const recorder = new Recorder();
  recorder.behaviour = () => Promise.reject(new TypeError('a bug'));
  const { driver } = await start(recorder);
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  expect(driver.fatalError).toBeInstanceOf(TypeError);
  expect(driver.sent(topics.deadLetters)).toEqual([]);
});

test('timers fire at their time, survive a crash, move and can be cancelled', async () => {
  const recorder = new Recorder();
  const { driver, clock } = await start(recorder);
  recorder.behaviour = (value, _attempt, context) => {
    const fireAt = clock.now() + 10_000;
    if (value.noticeId === 'set') {
      for (const key of ['a', 'b', 'c'])
        context.setTimer({ name: 'remind', key, fireAt, lane: 'e1', payload: { key } });
    }
    if (value.noticeId === 'change') {
      context.cancelTimer('remind', 'b');
      context.setTimer({
        name: 'remind',
        key: 'c',
        fireAt: fireAt + 50_000,
        lane: 'e1',
        payload: { key: 'moved' },
      });
    }
    return Promise.resolve();
  };
  driver.send(notices, 'c1', notice('set'));
  driver.send(notices, 'c1', notice('change'));
  await driver.settle();
  await driver.restart();
  await driver.advance(10_000);
  expect(reminders(recorder)).toEqual(['remind a {"key":"a"}']);
  await driver.advance(60_000);
  expect(reminders(recorder)).toEqual(['remind a {"key":"a"}', 'remind c {"key":"moved"}']);
  await driver.advance(600_000);
  expect(reminders(recorder)).toHaveLength(2);
});

test('ticks run at start and periodically', async () => {
  const recorder = new Recorder();
  const { driver } = await start(recorder);
  await driver.settle();
  await driver.advance(120_000);
  expect(recorder.seen).toEqual(['tick', 'tick', 'tick']);
});

test('commit makes the intent durable before the effect', async () => {
  const recorder = new Recorder();
  const order: string[] = [];
  const { driver } = await start(recorder);
  recorder.behaviour = async (_notice, _attempt, context) => {
    context.store(mapperStores.commands).put('intent', { recordId: '', derivedAt: 0, contentHash: null });
    await context.commit();
    order.push(
      driver.stored(mapperStores.commands, 'intent') ? 'intent is in the log' : 'intent is not there',
    );
  };
  driver.send(notices, 'c1', notice('n1'));
  await driver.settle();
  expect(order).toEqual(['intent is in the log']);
});

test('after a failed transaction nothing more is committed, and a handler that waits for it is told', async () => {
  const recorder = new Recorder();
  const clock = new ManualClock();
  let fail = false;
  const driver = await PipelineDriver.start({
    service: 'fetcher-xero',
    handlers: [recorder],
    clock,
    beforeCommit: () => {
      if (fail) throw new Error('connection closed');
    },
  });
  await driver.settle();
  const effects: string[] = [];
  recorder.behaviour = async (value, _attempt, context) => {
    await context.commit();
    context.store(mapperStores.commands).put('x', { recordId: '', derivedAt: 0, contentHash: null });
    await context.commit();
    effects.push(value.noticeId);
  };
  fail = true;
  driver.send(notices, 'c1', notice('n1'));
  await expect(driver.settle()).rejects.toThrow('connection closed');
  expect(effects).toEqual([]);
  fail = false;
  await driver.restart();
  await driver.settle();
  expect(effects).toEqual(['n1']);
});

test('a batch handler gets together what waits in its lane', async () => {
  const batches: string[][] = [];
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  @StreamPipeline({})
  class Batcher {
    @ConsumeBatch(notices, { lane: ({ value }) => value.entityId, maxBatch: 10 })
    async onNotices(records: readonly InputRecord<ChangeNotice>[]): Promise<void> {
      batches.push(records.map(({ value }) => value.noticeId));
      await gate;
    }
  }
  const driver = await PipelineDriver.start({
    service: 's',
    handlers: [new Batcher()],
    clock: new ManualClock(),
  });
  for (const id of ['n1', 'n2', 'n3']) driver.send(notices, 'c1', notice(id));
  await expect.poll(() => batches.length).toBe(1);
  release();
  await driver.settle();
  expect(batches).toEqual([['n1'], ['n2', 'n3']]);
});

function handled(driver: PipelineDriver): string[] {
  return driver
    .sent(topics.outcomes)
    .filter(({ status }) => status === 'fetched')
    .map(({ outcomeId }) => outcomeId);
}

function reminders(recorder: Recorder): string[] {
  return recorder.seen.filter((entry) => entry.startsWith('remind'));
}

function notice(noticeId: string, entityId = 'e1'): ChangeNotice {
  return noticeFor({ noticeId, entityId });
}

function outcomeFor(what: string): Outcome {
  const outcome = outcomeOf({
    workspaceId: 'w',
    step: 'fetch',
    status: 'fetched',
    at: 0,
    service: 's',
    what,
  });
  return { ...outcome, outcomeId: what };
}

test('of a connection that is refused everything only a few records are tried until one passes', async () => {
  const recorder = new Recorder();
  let blocked = true;
  recorder.behaviour = ({ connectionId }) =>
    blocked && connectionId === 'c1' ? Promise.reject(error('limit', 'park', 5_000)) : Promise.resolve();
  const { driver } = await start(recorder);
  for (let i = 0; i < 300; i += 1)
    driver.send(notices, 'c1', noticeFor({ noticeId: `n${i}`, entityId: `e${i}` }));
  await driver.settle();
  const triedFirst = recorder.seen.length;
  expect(driver.parkedCount).toBe(300);
  await driver.advance(6_000);
  expect(recorder.seen.length - triedFirst).toBeLessThanOrEqual(16);
  driver.send(notices, 'c2', noticeFor({ noticeId: 'other', entityId: 'x', connectionId: 'c2' }));
  await driver.settle();
  expect(recorder.seen).toContain('other#1');
  blocked = false;
  await driver.advance(30_000);
  expect(driver.parkedCount).toBe(0);
});
