import { expect, test, vi } from 'vitest';
import { type ChangeNotice, changeNoticesOf } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import type { InputRecord } from '../api/context.js';
import { Consume, StreamPipeline } from '../api/decorators.js';
import { MemoryCodec } from '../testing/memory-codec.js';
import { noticeFor } from '../testing/notices.js';
import { PipelineDriver } from '../testing/pipeline-driver.js';

const notices = changeNoticesOf('xero');

/** A registry that answers when the test says so. */
class SlowRegistry extends MemoryCodec {
  private answers: (() => void) | undefined;
  private asking: Promise<void> | undefined;

  /** From now on no schema is known until {@link answer}. */
  forget(): void {
    this.asking = new Promise((resolve) => {
      this.answers = resolve;
    });
  }

  answer(): void {
    this.answers?.();
    this.asking = undefined;
  }

  override knows(bytes: Buffer): boolean {
    return this.asking === undefined && super.knows(bytes);
  }

  override async learn(bytes: Buffer): Promise<void> {
    await this.asking;
    return super.learn(bytes);
  }
}

test('a lane that wakes while the registry is asked about a later record of it keeps its order', async () => {
  const handled: string[] = [];
  @StreamPipeline({})
  class FirstWaits {
    @Consume(notices, { lane: ({ value }) => value.entityId })
    onNotice({ value, attempt }: InputRecord<ChangeNotice>): Promise<void> {
      if (value.noticeId === 'v1' && attempt === 1)
        return Promise.reject(
          new LedgerwireError('wait', { code: 'wait', disposition: 'park', retryAfterMs: 1_000 }),
        );
      handled.push(value.noticeId);
      return Promise.resolve();
    }
  }
  const clock = new ManualClock();
  const codec = new SlowRegistry();
  const driver = await PipelineDriver.start({ service: 's', handlers: [new FirstWaits()], clock, codec });
  const send = (noticeId: string): void =>
    driver.send(notices, 'c', noticeFor({ noticeId, connectionId: 'c', entityId: 'invoice' }));
  send('v1');
  await driver.settle();
  expect(driver.parkedCount).toBe(1);
  codec.forget();
  send('v2');
  await clock.advance(2_000);
  codec.answer();
  await vi.waitFor(async () => {
    await driver.advance(100);
    expect(handled).toEqual(['v1', 'v2']);
  });
});
