import { laneScenarios } from './lane-scenarios.js';
import { parkingScenarios } from './parking-scenarios.js';
import type { TaskScenario } from './service-under-test.js';
import { stopScenarios } from './stop-scenarios.js';
import { timerScenarios } from './timer-scenarios.js';

/**
 * What services rely on in the runtime. The same list runs on the driver that tests of handlers use, on the simulated broker
 * and on Kafka, so that the doubles cannot lie.
 */
export const taskScenarios: readonly TaskScenario[] = [
  ...parkingScenarios,
  ...timerScenarios,
  ...laneScenarios,
  ...stopScenarios,
];
