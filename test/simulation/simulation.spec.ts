import { expect, test } from 'vitest';
import { simulate } from '#libs/streams';
import { scenarios } from './scenarios.js';

test.each(scenarios.map(({ scenario }) => [scenario.name, scenario] as const))(
  '%s: a seed gives the same history every time',
  async (_name, scenario) => {
    for (const seed of [1, 2, 3]) {
      const first = await simulate(scenario, seed, { keepHistory: true });
      const second = await simulate(scenario, seed, { keepHistory: true });
      expect(second).toEqual(first);
      expect(first.violations).toEqual([]);
      expect(first.history.length).toBeGreaterThan(20);
    }
  },
);

test.each(scenarios.map(({ scenario }) => [scenario.name, scenario] as const))(
  '%s: another seed gives another history',
  async (_name, scenario) => {
    const first = await simulate(scenario, 1, { keepHistory: true });
    const second = await simulate(scenario, 2, { keepHistory: true });
    expect(second.history).not.toEqual(first.history);
  },
);
