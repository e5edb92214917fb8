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

test.each([
  // A member that had been expelled went on with tasks that somebody else had had meanwhile.
  ['task', 20387],
  // Records of a batch were handled although one before them was parked.
  ['task', 292],
  // A task that was opened during a rebalance stood still.
  ['task', 33],
  // An invoice that was read for the sake of its payment was told before its own contact.
  ['fetcher', 155],
  // Two lanes that had waited for one contact both told it.
  ['fetcher', 2],
])('%s seed %i, which once broke a promise, keeps them all', async (name, seed) => {
  const found = scenarios.find(({ scenario }) => scenario.name === name);
  expect(found && (await simulate(found.scenario, seed)).violations).toEqual([]);
});
