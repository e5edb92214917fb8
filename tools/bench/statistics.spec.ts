import { expect, test } from 'vitest';
import { median, medianOfRatios, quantile } from './statistics.ts';

test('the median of an odd number of values is the one in the middle, of an even number the mean of two', () => {
  expect(median([3, 100, 1])).toBe(3);
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(median([])).toBeNaN();
});

test('a quantile is a value that was measured: the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantile(hundred, 0.5)).toBe(50);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(hundred, 1)).toBe(100);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('the ratio of a run is the median of its rounds, so that a slow minute of the machine does not move it', () => {
  const rounds = [
    { product: 60, limit: 100 },
    { product: 30, limit: 50 },
    { product: 61, limit: 100 },
  ];
  expect(medianOfRatios(rounds)).toEqual({ product: 60, limit: 100, ratio: 0.6 });
});
