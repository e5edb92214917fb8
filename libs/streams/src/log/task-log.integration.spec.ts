import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { changeNoticeSchema, type Topic } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { KafkaClient } from '../kafka/kafka-client.js';
import { KafkaTaskLogFactory } from '../kafka/transactional-task-log.js';
import { logScenarios } from '../testing/scenarios/log-scenarios.js';
import { createTopicsForTest } from '../testing/topics-for-tests.js';

test.each(logScenarios)('Kafka: $name', async ({ play }) => {
  const { kafkaBrokers, registryUrl } = inject('infrastructure');
  const service = `scenario-${randomUUID().slice(0, 8)}`;
  const client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: service });
  const topic = (name: string, kind: 'compact' | 'delete'): Topic<unknown> => ({
    name: `${service}.${name}`,
    schema: changeNoticeSchema,
    key: 'key',
    policy: kind === 'compact' ? { kind } : { kind, retentionDays: 1 },
    partitions: 'chain',
  });
  const input = topic('input', 'delete');
  const output = topic('output', 'delete');
  const changelog = topic('state', 'compact');
  await createTopicsForTest(client, registryUrl, [input, output, changelog], 1);
  const options = {
    service,
    inputs: [input.name, output.name],
    topics: [input.name, output.name, changelog.name],
    transactionTimeoutMs: 10_000,
  };
  const played = play({
    input: input.name,
    output: output.name,
    changelog: changelog.name,
    process: () => new KafkaTaskLogFactory(client, options, systemClock),
  });
  await expect(played).resolves.toBeUndefined();
});
