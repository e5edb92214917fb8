import { expect, test } from 'vitest';
import { seededRandom } from '#libs/core';
import { planLoad } from './load-plan.ts';
import { zipf } from './zipf.ts';

const shape = { tenants: 20, eventsPerSecond: 50, durationMs: 60_000 };

test('the same seed plans the same load, another seed another one', () => {
  expect(planLoad(shape, seededRandom(7))).toEqual(planLoad(shape, seededRandom(7)));
  expect(planLoad(shape, seededRandom(7))).not.toEqual(planLoad(shape, seededRandom(8)));
});

test('events come in order, at the rate asked for, with the shares of the load', () => {
  const events = planLoad(shape, seededRandom(1));
  expect(events.length).toBeGreaterThan(2_700);
  expect(events.length).toBeLessThan(3_300);
  expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  const unknown = events.filter(({ kind }) => kind === 'unknown-entity').length / events.length;
  expect(unknown).toBeGreaterThan(0.01);
  expect(unknown).toBeLessThan(0.03);
});

test('tenants are drawn by their rank: the first far more often than the last, none out of range', () => {
  const draw = zipf(20, 1.1, seededRandom(3));
  const counts = new Map<number, number>();
  for (let i = 0; i < 20_000; i += 1) {
    const tenant = draw();
    counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  }
  expect(Math.min(...counts.keys())).toBe(0);
  expect(Math.max(...counts.keys())).toBe(19);
  // 20^1.1 is 27: the share of the first over that of the last.
  const ratio = (counts.get(0) ?? 0) / (counts.get(19) ?? 1);
  expect(ratio).toBeGreaterThan(18);
  expect(ratio).toBeLessThan(40);
});

test('there must be somebody to draw', () => {
  expect(() => zipf(0, 1.1, seededRandom(1))).toThrow('at least one');
});
