import type { Random } from './random.js';

/** Bounds of an exponential backoff, in milliseconds. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * The wait before attempt `attempt` (1 = first repeat): uniformly drawn from 0 … min(cap, base × 2^(attempt−1)), "full jitter"
 * (AWS Architecture Blog, Exponential Backoff And Jitter), so that many waiters do not return at once.
 */
export function fullJitterBackoff(policy: BackoffPolicy, attempt: number, random: Random): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 40));
  return Math.round(random() * ceiling);
}
