import { expect, test } from 'vitest';
import { type ChangeNotice, changeNoticesOf, mapperStores, outcomeOf, topics } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { InputRecord, TaskContext } from '../api/context.js';
import { Consume, StreamPipeline } from '../api/decorators.js';
import { noticeFor } from '../testing/notices.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const notices = changeNoticesOf('xero');

/** Lanes that compare and write one entry, all in the turn in which the gate opens. */
@StreamPipeline({ stores: mapperStores })
class Racers {
  readonly gate = Promise.withResolvers<void>();
  waiting = 0;

  constructor(private readonly afterwards: (context: TaskContext) => void) {}

  @Consume(notices, {
    lane: ({ value }) => value.entityId,
    about: ({ workspaceId }) => ({ workspaceId, step: 'fetch' }),
  })
  async onNotice({ value }: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
    this.waiting += 1;
    await this.gate.promise;
    const store = context.store(mapperStores.commands);
    if (store.get('shared')) return;
    store.put('shared', { recordId: value.noticeId, derivedAt: context.now(), contentHash: null });
    context.emit(topics.outcomes, value.workspaceId, emittedBy(value));
    this.afterwards(context);
  }
}

test('of lanes that compare and write in one turn, one wins when it publishes', async () => {
  const driver = await race((context) => context.publish());
  expect(driver.sent(topics.outcomes)).toHaveLength(1);
});

test('without publishing both go by a state that is not the newest', async () => {
  const driver = await race(() => undefined);
  expect(driver.sent(topics.outcomes)).toHaveLength(2);
});

test('what was published stays when the handler fails after it, and survives a crash', async () => {
  const driver = await race((context) => {
    context.publish();
    throw new LedgerwireError('too late', { code: 'limit', disposition: 'park', retryAfterMs: 1_000 });
  });
  await driver.restart();
  await driver.advance(2_000);
  expect(driver.stored(mapperStores.commands, 'shared')).toBeDefined();
  expect(driver.sent(topics.outcomes).filter(({ status }) => status === 'emitted')).toHaveLength(1);
});

/** Publishes, and ends when it may. */
@StreamPipeline({ stores: mapperStores })
class Publisher {
  readonly end = Promise.withResolvers<void>();
  published = false;

  @Consume(notices, {
    lane: ({ value }) => value.entityId,
    about: ({ workspaceId }) => ({ workspaceId, step: 'fetch' }),
  })
  async onNotice({ value }: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
    context.emit(topics.outcomes, value.workspaceId, emittedBy(value));
    context.publish();
    this.published = true;
    await this.end.promise;
  }
}

test('a handler that ends when it has published makes one transaction', async () => {
  const { driver, publisher, transactions } = await publishOne();
  publisher.end.resolve();
  await driver.settle();
  expect(driver.sent(topics.outcomes)).toHaveLength(1);
  expect(transactions()).toBe(1);
});

test('what was published is committed also when its handler goes on', async () => {
  const { driver, publisher, clock, transactions } = await publishOne();
  await clock.advance(100);
  await expect.poll(() => driver.sent(topics.outcomes)).toHaveLength(1);
  publisher.end.resolve();
  await driver.settle();
  expect(transactions()).toBe(2);
});

async function publishOne() {
  const publisher = new Publisher();
  const clock = new ManualClock();
  let transactions = 0;
  const driver = await PipelineDriver.start({
    service: 'fetcher-xero',
    handlers: [publisher],
    clock,
    beforeCommit: () => {
      transactions += 1;
    },
  });
  driver.send(notices, 'c1', noticeFor({ noticeId: 'n1', entityId: 'e1' }));
  await expect.poll(() => publisher.published).toBe(true);
  return { driver, publisher, clock, transactions: () => transactions };
}

async function race(afterwards: (context: TaskContext) => void): Promise<PipelineDriver> {
  const racers = new Racers(afterwards);
  const driver = await PipelineDriver.start({
    service: 'fetcher-xero',
    handlers: [racers],
    clock: new ManualClock(),
  });
  driver.send(notices, 'c1', noticeFor({ noticeId: 'n1', entityId: 'e1' }));
  driver.send(notices, 'c1', noticeFor({ noticeId: 'n2', entityId: 'e2' }));
  await expect.poll(() => racers.waiting).toBe(2);
  racers.gate.resolve();
  await driver.settle();
  return driver;
}

function emittedBy({ noticeId, workspaceId }: ChangeNotice) {
  return outcomeOf({
    workspaceId,
    step: 'fetch',
    status: 'emitted',
    service: 'fetcher-xero',
    at: 0,
    what: noticeId,
  });
}
