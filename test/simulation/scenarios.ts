import type { Scenario } from '#libs/streams';
import { clockScenario } from './clock.scenario.js';
import { mapperScenario } from './mapper.scenario.js';
import { senderScenario } from './sender.scenario.js';
import { taskScenario } from './task.scenario.js';

/** Every scenario of the simulation, with its share of the seeds of a run. */
export const scenarios: readonly { readonly scenario: Scenario; readonly share: number }[] = [
  { scenario: taskScenario, share: 60 },
  { scenario: mapperScenario, share: 1 },
  { scenario: senderScenario, share: 3 },
  { scenario: clockScenario, share: 0.25 },
];
