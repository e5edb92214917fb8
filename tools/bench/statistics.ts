/** The value in the middle; the mean of the two in the middle when their number is even. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = sortedCopy(values);
  const middle = sorted.length / 2;
  if (Number.isInteger(middle)) return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
  return sorted[Math.floor(middle)] ?? NaN;
}

/**
 * The smallest of the values that at least the fraction `q` of them does not exceed (nearest rank, so that a p99 is a
 * latency that happened and not a mixture). NaN of nothing.
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = sortedCopy(values);
  const rank = Math.max(1, Math.ceil(q * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

/** Product and limit of the same round. */
export interface Pair {
  readonly product: number;
  readonly limit: number;
}

/**
 * Medians of rounds. The ratio is the median of the rounds' ratios and not the ratio of the medians: the two sides of a
 * round are neighbours in time, so a machine that is slow for a minute is slow for both.
 */
export function medianOfRatios(rounds: readonly Pair[]): Pair & { readonly ratio: number } {
  return {
    product: median(rounds.map(({ product }) => product)),
    limit: median(rounds.map(({ limit }) => limit)),
    ratio: median(rounds.map(({ product, limit }) => product / limit)),
  };
}

function sortedCopy(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}
