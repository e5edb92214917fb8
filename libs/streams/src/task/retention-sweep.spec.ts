import { expect, it } from 'vitest';
import {
  type ChangeNotice,
  type DerivedCommand,
  mapperStores,
  type StoreDefinition,
  topics,
} from '#libs/contracts';
import { ManualClock } from '#libs/core';
import type { InputRecord, TaskContext } from '../api/context.js';
import { Consume, StreamPipeline } from '../api/decorators.js';
import { noticeFor } from '../testing/notices.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const DAY = 86_400_000;
const remembered: StoreDefinition<DerivedCommand> = {
  ...mapperStores.commands,
  name: 'remembered',
  retentionDays: 10,
};

@StreamPipeline({ stores: { remembered } })
class Remembering {
  @Consume(topics.changeNotices)
  onNotice({ value }: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
    context
      .store(remembered)
      .put(value.entityId, { recordId: value.noticeId, derivedAt: context.now(), contentHash: null });
    return Promise.resolve();
  }
}

it('entries that were not written for longer than the store remembers are swept out, over restarts too', async () => {
  const driver = await PipelineDriver.start({
    service: 'service',
    handlers: [new Remembering()],
    clock: new ManualClock(1_000_000),
  });
  driver.send(topics.changeNotices, 'c', noticeFor({ entityId: 'old' }));
  driver.send(topics.changeNotices, 'c', noticeFor({ entityId: 'refreshed' }));
  await driver.settle();
  await driver.advance(6 * DAY);
  driver.send(topics.changeNotices, 'c', noticeFor({ entityId: 'refreshed', noticeId: 'n2' }));
  await driver.settle();
  await driver.restart();
  expect(driver.stored(remembered, 'old')).toBeDefined();

  await driver.advance(5 * DAY);
  expect(driver.stored(remembered, 'old')).toBeUndefined();
  expect(driver.stored(remembered, 'refreshed')?.recordId).toBe('n2');
});
