import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { topics } from '#libs/contracts';
import { LogProbe } from '../testing/log-probe.js';
import { KafkaService, type SharedReading } from '../testing/scenarios/kafka-service.js';

import { taskScenarios } from '../testing/scenarios/task-scenarios.js';

// They wait for the broker and for each other's sessions most of the time: all at once takes as long as the longest.
vi.setConfig({ maxConcurrency: taskScenarios.length });

const TIMEOUT_MS = 300_000;

let probe: LogProbe;
let shared: SharedReading;

beforeAll(async () => {
  probe = new LogProbe(inject('infrastructure'));
  await probe.prepare([topics.outcomes, topics.deadLetters]);
  shared = {
    outcomes: await probe.follow(topics.outcomes),
    deadLetters: await probe.follow(topics.deadLetters),
  };
});

afterAll(() => probe.close());

test.concurrent.each(taskScenarios)(
  'Kafka: $name',
  async ({ play }) => {
    const service = new KafkaService(inject('infrastructure'), probe, shared);
    try {
      await expect(play(service)).resolves.toBeUndefined();
    } finally {
      await service.end();
    }
  },
  TIMEOUT_MS,
);
