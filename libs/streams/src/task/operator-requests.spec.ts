import { beforeEach, expect, it } from 'vitest';
import { type ChangeNotice, topics } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { InputRecord } from '../api/context.js';
import { Consume, StreamPipeline } from '../api/decorators.js';
import { noticeFor } from '../testing/notices.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const HOUR = 3_600_000;

@StreamPipeline({})
class Refusing {
  refuse = true;
  readonly handled: string[] = [];

  @Consume(topics.changeNotices, {
    lane: ({ value }) => value.entityId,
    about: ({ workspaceId, entityId }) => ({ workspaceId, entityId }),
  })
  onNotice({ value }: InputRecord<ChangeNotice>): Promise<void> {
    if (this.refuse) {
      throw new LedgerwireError('come back later', {
        code: 'vendor-day-limit',
        disposition: 'park',
        retryAfterMs: HOUR,
      });
    }
    this.handled.push(value.entityId);
    return Promise.resolve();
  }
}

let pipeline: Refusing;
let driver: PipelineDriver;

beforeEach(async () => {
  pipeline = new Refusing();
  driver = await PipelineDriver.start({
    service: 'service',
    handlers: [pipeline],
    clock: new ManualClock(1_000_000),
  });
  for (const [connectionId, entityId] of [
    ['one', 'a'],
    ['one', 'b'],
    ['two', 'c'],
  ] as const) {
    driver.send(topics.changeNotices, connectionId, noticeFor({ connectionId, entityId }));
  }
  await driver.settle();
  pipeline.refuse = false;
});

async function ask(request: {
  action: string;
  service?: string;
  connectionId?: string;
  parkedReason?: string;
  parkedKeys?: string[];
}): Promise<void> {
  driver.send(topics.operatorRequests, 'request', {
    requestId: 'request',
    service: 'service',
    parkedKeys: [],
    connectionId: null,
    parkedReason: null,
    reason: 'the limit was raised',
    requestedAt: 0,
    ...request,
  });
  await driver.settle();
  await driver.advance(1);
}

it('tries all parked work at once', async () => {
  await ask({ action: 'retry-now' });
  expect(pipeline.handled.sort()).toEqual(['a', 'b', 'c']);
  expect(driver.parkedCount).toBe(0);
});

it('tries only what fits the filters', async () => {
  await ask({ action: 'retry-now', connectionId: 'two', parkedReason: 'vendor-day-limit' });
  expect(pipeline.handled).toEqual(['c']);
  await ask({ action: 'retry-now', parkedReason: 'another-reason' });
  expect(driver.parkedCount).toBe(2);
});

it('what an operator gives up becomes a dead letter with its bytes and an outcome', async () => {
  await ask({ action: 'give-up', connectionId: 'one' });
  expect(driver.parkedCount).toBe(1);
  expect(driver.sent(topics.deadLetters).map(({ errorCode }) => errorCode)).toEqual([
    'given-up-by-operator',
    'given-up-by-operator',
  ]);
  const outcomes = driver.sent(topics.outcomes).filter(({ status }) => status === 'dead-lettered');
  expect(outcomes.map(({ entityId }) => entityId ?? '').sort()).toEqual(['a', 'b']);
});

it('passes over requests for other services', async () => {
  await ask({ action: 'retry-now', service: 'another' });
  expect(driver.parkedCount).toBe(3);
  expect(pipeline.handled).toEqual([]);
});

it('a request that was taken survives a crash before the work is done', async () => {
  pipeline.refuse = true;
  await ask({ action: 'retry-now', connectionId: 'two' });
  pipeline.refuse = false;
  await driver.restart();
  await driver.advance(2 * HOUR);
  expect(pipeline.handled.sort()).toEqual(['a', 'b', 'c']);
});
