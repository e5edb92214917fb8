import { expect, test } from 'vitest';
import { type ChangeNotice, changeNoticesOf, runtimeStores } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { DueTimer, InputRecord, TaskContext } from '../api/context.js';
import { Consume, ConsumeBatch, Every, OnTimer, StreamPipeline } from '../api/decorators.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const notices = changeNoticesOf('xero');
const failure = (code: string, disposition: 'retry' | 'park' | 'dead-letter'): LedgerwireError =>
  new LedgerwireError(code, { code, disposition, retryAfterMs: disposition === 'park' ? 10_000 : undefined });

test('of a batch only the record that is to blame is set aside', async () => {
  const handled: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  @StreamPipeline({})
  class Batch {
    @ConsumeBatch(notices, { lane: () => 'all', maxBatch: 10 })
    async onNotices(records: readonly InputRecord<ChangeNotice>[]): Promise<void> {
      await gate;
      if (records.some(({ value }) => value.noticeId === 'bad')) throw failure('bad', 'dead-letter');
      handled.push(...records.map(({ value }) => value.noticeId));
    }
  }
  const driver = await PipelineDriver.start({
    service: 's',
    handlers: [new Batch()],
    clock: new ManualClock(),
  });
  for (const id of ['n1', 'n2', 'bad', 'n3']) driver.send(notices, 'c', notice(id));
  open();
  await driver.settle();
  expect(handled).toEqual(['n1', 'n2', 'n3']);
  expect(driver.broker.readAll('dead-letters')).toHaveLength(1);
});

test('of a batch with a dead letter what comes after a parked record waits behind it', async () => {
  const handled: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  @StreamPipeline({})
  class Batch {
    @ConsumeBatch(notices, { lane: () => 'all', maxBatch: 10 })
    async onNotices(records: readonly InputRecord<ChangeNotice>[]): Promise<void> {
      await gate;
      for (const { value, attempt } of records) {
        if (value.noticeId === 'bad') throw failure('bad', 'dead-letter');
        if (value.noticeId === 'busy' && attempt === 1) throw failure('limit', 'park');
      }
      handled.push(...records.map(({ value }) => value.noticeId));
    }
  }
  const clock = new ManualClock();
  const driver = await PipelineDriver.start({ service: 's', handlers: [new Batch()], clock });
  for (const id of ['n1', 'bad', 'busy', 'n2']) driver.send(notices, 'c', notice(id));
  open();
  await driver.settle();
  expect(handled).toEqual(['n1']);
  await driver.advance(20_000);
  expect(handled).toEqual(['n1', 'busy', 'n2']);
});

test('a timer in a lane that is parked meanwhile still fires', async () => {
  const seen: string[] = [];
  @StreamPipeline({})
  class Mixed {
    @Consume(notices, { lane: () => 'lane' })
    async onNotice({ value, attempt }: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
      if (value.noticeId === 'set') {
        context.setTimer({ name: 'later', key: 'k', fireAt: context.now(), lane: 'lane', payload: null });
        return;
      }
      await Promise.resolve();
      if (attempt === 1) throw failure('limit', 'park');
      seen.push(value.noticeId);
    }

    @OnTimer('later')
    async onTimer({ key }: DueTimer): Promise<void> {
      seen.push(`timer ${key}`);
      return Promise.resolve();
    }
  }
  const driver = await PipelineDriver.start({
    service: 's',
    handlers: [new Mixed()],
    clock: new ManualClock(),
  });
  driver.send(notices, 'c', notice('set'));
  await driver.settle();
  driver.send(notices, 'c', notice('n1'));
  await driver.advance(1_000);
  expect(seen).toEqual(['timer k']);
  await driver.advance(60_000);
  expect(seen).toEqual(['timer k', 'n1']);
});

test('a timer whose handler fails is tried again, and gone once it succeeds', async () => {
  let failures = 2;
  @StreamPipeline({})
  class Timers {
    @Consume(notices)
    onNotice(_record: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
      context.setTimer({ name: 'later', key: 'k', fireAt: context.now() + 1_000, lane: 'l', payload: null });
      return Promise.resolve();
    }

    @OnTimer('later')
    onTimer(): Promise<void> {
      failures -= 1;
      return failures >= 0 ? Promise.reject(failure('away', 'retry')) : Promise.resolve();
    }
  }
  const driver = await PipelineDriver.start({
    service: 's',
    handlers: [new Timers()],
    clock: new ManualClock(),
  });
  driver.send(notices, 'c', notice('n1'));
  await driver.settle();
  await driver.advance(1_000);
  expect(driver.stored(runtimeStores.timers, 'later\u0000k')).toBeDefined();
  for (let i = 0; i < 10; i += 1) await driver.advance(60_000);
  expect(failures).toBe(-1);
  expect(driver.stored(runtimeStores.timers, 'later\u0000k')).toBeUndefined();
});

test('a tick that still runs is not started again', async () => {
  let running = 0;
  let most = 0;
  let starts = 0;
  const clock = new ManualClock();
  @StreamPipeline({})
  class Slow {
    @Consume(notices)
    onNotice(): Promise<void> {
      return Promise.resolve();
    }

    @Every('slow', 1_000)
    async onTick(): Promise<void> {
      starts += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        clock.after(3_500, resolve);
      });
      running -= 1;
    }
  }
  await PipelineDriver.start({ service: 's', handlers: [new Slow()], clock });
  await clock.advance(10_000);
  expect(most).toBe(1);
  expect(starts).toBe(3);
});

function notice(noticeId: string): ChangeNotice {
  return {
    noticeId,
    webhookId: null,
    workspaceId: 'w',
    connectionId: 'c',
    vendor: 'xero',
    entityType: 'invoice',
    entityId: 'e',
    changeType: 'updated',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: 0,
  };
}
