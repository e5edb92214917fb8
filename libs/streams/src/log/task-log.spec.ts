import { expect, test } from 'vitest';
import { systemClock } from '#libs/core';
import { KafkaTaskLogFactory } from '../kafka/transactional-task-log.js';
import { MemoryBroker } from '../testing/memory-broker.js';
import { type LogUnderTest, logScenarios } from '../testing/scenarios/log-scenarios.js';
import { connectorFor } from '../testing/simulation/simulated-client.js';
import { SimulatedProcess } from '../testing/simulation/simulated-process.js';
import { SimulatedWorld } from '../testing/simulation/simulated-world.js';

const names = { input: 'input', output: 'output', changelog: 'counter.state' };
const [input, output, changelog] = Object.values(names);

test.each(logScenarios)('the broker in memory: $name', async ({ play }) => {
  const broker = new MemoryBroker(1, systemClock);
  await expect(play({ ...names, process: () => broker.taskLogs('counter') })).resolves.toBeUndefined();
});

test.each(logScenarios)('the simulated broker: $name', async ({ play }) => {
  const world = new SimulatedWorld({ seed: 1, partitions: 1 });
  world.chance.calm = true;
  let processes = 0;
  const log: LogUnderTest = {
    ...names,
    process: () => {
      processes += 1;
      const process = new SimulatedProcess(`process ${processes}`, world.surroundings);
      const options = {
        service: 'counter',
        inputs: [input ?? '', output ?? ''],
        topics: [input ?? '', output ?? '', changelog ?? ''],
        transactionTimeoutMs: 10_000,
      };
      return new KafkaTaskLogFactory(connectorFor(process, world.kafka), options, process.clock);
    },
  };
  let ended = false;
  const played = play(log).finally(() => {
    ended = true;
  });
  await Promise.all([
    expect(played).resolves.toBeUndefined(),
    world.queue.runUntil(() => ended, Number.POSITIVE_INFINITY),
  ]);
});
