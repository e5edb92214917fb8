import type { Scenario } from '#libs/streams';
import { clockScenario } from './clock.scenario.js';
import { fetcherScenario } from './fetcher.scenario.js';
import { mapperScenario } from './mapper.scenario.js';
import { senderScenario } from './sender.scenario.js';
import { taskScenario } from './task.scenario.js';

/**
 * Every scenario of the simulation, with its share of the seeds of a run. A world of a real service takes seven to twelve times as
 * long as one of the synthetic task: with these shares they take more than half of the time.
 */
export const scenarios: readonly { readonly scenario: Scenario; readonly share: number }[] = [
  { scenario: taskScenario, share: 833 },
  { scenario: fetcherScenario, share: 60 },
  { scenario: mapperScenario, share: 33 },
  { scenario: senderScenario, share: 70 },
  { scenario: clockScenario, share: 4 },
];
