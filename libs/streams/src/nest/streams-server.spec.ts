import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { expect, test } from 'vitest';
import { changeNoticesOf, mapperStores, type Topic, topics } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { InputRecord, TaskContext } from '../api/context.js';
import { Consume, OnTimer, StreamPipeline } from '../api/decorators.js';
import type { StreamsRuntime } from '../streams-runtime.js';
import type { Topology } from '../task/topology.js';
import { StreamsServer } from './streams-server.js';

@StreamPipeline({ stores: mapperStores, outputs: [topics.messages] })
class Pipeline {
  @Consume(topics.changeNotices)
  async onNotice(record: InputRecord<unknown>, context: TaskContext): Promise<void> {
    await Promise.resolve();
    if (record.key === 'bad')
      throw new LedgerwireError('no', { code: 'no-good', disposition: 'dead-letter' });
    if (context.service !== 'svc') throw new Error('no context');
  }

  @OnTimer('later')
  async onTimer(): Promise<void> {
    return Promise.resolve();
  }
}

@Module({ controllers: [Pipeline] })
class TestModule {}

async function topologyOf(
  module: new () => object,
  pipelines: readonly (new () => object)[],
  notices: Topic<unknown> | readonly Topic<unknown>[] = changeNoticesOf('xero'),
): Promise<Topology> {
  let built: Topology | undefined;
  const strategy = new StreamsServer({
    service: 'svc',
    pipelines,
    bindings: { [topics.changeNotices.name]: notices },
    beforeStart: () => Promise.resolve(),
    createRuntime: (topology) => {
      built = topology;
      return { start: () => Promise.resolve(), stop: () => Promise.resolve() } as StreamsRuntime;
    },
  });
  const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
  await app.listen();
  await expect.poll(() => built).toBeDefined();
  await app.close();
  if (!built) throw new Error('no topology');
  return built;
}

const record = (key: string): InputRecord<unknown> => ({
  value: {},
  key,
  headers: {},
  topic: 't',
  partition: 0,
  offset: 0,
  timestamp: 0,
  attempt: 1,
});

test('makes a topology of the decorated controllers, with topics bound at start', async () => {
  const topology = await topologyOf(TestModule, [Pipeline]);
  expect(topology.inputs.map(({ topic }) => topic.name)).toEqual(['change-notices.xero']);
  expect([...topology.timers.keys()]).toEqual(['later']);
  expect(topology.stores).toEqual(Object.values(mapperStores));
  expect(topology.outputs.map(({ name }) => name)).toEqual(['messages', 'outcomes', 'dead-letters']);
});

test('gives one handler several topics, when its topic stands for them', async () => {
  const names = ['change-notices.xero', 'change-notices.freshbooks'];
  const topology = await topologyOf(
    TestModule,
    [Pipeline],
    ['xero', 'freshbooks'].map((vendor) => changeNoticesOf(vendor)),
  );
  expect(topology.inputs.map(({ topic }) => topic.name)).toEqual(names);
});

test('gives the runtime what a handler threw, unchanged', async () => {
  const topology = await topologyOf(TestModule, [Pipeline]);
  const invoke = topology.inputs[0]?.invoke;
  const context = { service: 'svc' } as TaskContext;
  await expect(invoke?.(record('good'), context)).resolves.toBeUndefined();
  await expect(invoke?.(record('bad'), context)).rejects.toMatchObject({ code: 'no-good' });
});

test('refuses two handlers for one topic', async () => {
  @StreamPipeline({})
  class Second {
    @Consume(topics.changeNotices)
    async onNotice(): Promise<void> {
      return Promise.resolve();
    }
  }
  @Module({ controllers: [Pipeline, Second] })
  class Both {}
  await expect(topologyOf(Both, [Pipeline, Second])).rejects.toThrow(
    'two handlers for topic change-notices.xero',
  );
});
