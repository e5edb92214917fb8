import type { Scenario } from '#libs/streams';
import { clockScenario } from './clock.scenario.js';
import { fetcherScenario } from './fetcher.scenario.js';
import { mapperScenario } from './mapper.scenario.js';
import { senderScenario } from './sender.scenario.js';
import { taskScenario } from './task.scenario.js';

/**
 * Every scenario of the simulation, with its share of the seeds of a run. A world of a real service takes five to twenty times as
 * long as one of the synthetic task, nights of the clock seventy times: with these shares they take half of the time.
 */
export const scenarios: readonly { readonly scenario: Scenario; readonly share: number }[] = [
  { scenario: taskScenario, share: 886 },
  { scenario: fetcherScenario, share: 40 },
  { scenario: mapperScenario, share: 20 },
  { scenario: senderScenario, share: 52 },
  { scenario: clockScenario, share: 2 },
];
