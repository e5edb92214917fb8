import { expect, test } from 'vitest';
import { DrivenService } from '../testing/scenarios/driven-service.js';
import { playSimulated } from '../testing/scenarios/simulated-service-under-test.js';
import { taskScenarios } from '../testing/scenarios/task-scenarios.js';

test.each(taskScenarios)('the driver in memory: $name', async ({ play }) => {
  await expect(play(new DrivenService())).resolves.toBeUndefined();
});

test.each(taskScenarios)('the simulated broker: $name', async (scenario) => {
  await expect(playSimulated(scenario)).resolves.toBeUndefined();
});
