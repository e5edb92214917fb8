import type { Random } from '#libs/core';

/**
 * Draws 0 … count-1 by Zipf's law: number n comes up with a weight of 1 / (n + 1)^exponent, so that a few tenants make most of the load.
 *
 * @throws RangeError when there is nothing to draw from.
 */
export function zipf(count: number, exponent: number, random: Random): () => number {
  if (count < 1) throw new RangeError('zipf needs at least one thing to draw');
  const upTo: number[] = [];
  let sum = 0;
  for (let n = 1; n <= count; n += 1) {
    sum += 1 / n ** exponent;
    upTo.push(sum);
  }
  return () => {
    const point = random() * sum;
    const index = upTo.findIndex((edge) => point < edge);
    return index === -1 ? count - 1 : index;
  };
}
