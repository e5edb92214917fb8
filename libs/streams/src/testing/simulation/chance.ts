import { type Random, seededRandom } from '#libs/core';

/** A fault that the seed decided on. */
export interface Strike {
  /** The number of its draw; muting it makes a like history without this fault. */
  readonly draw: number;
  readonly name: string;
}

/**
 * All chance of one simulated world. Faults are drawn one by one, and each draw depends on the seed and its number alone: so a
 * history can be shrunk by leaving single faults out, without changing the luck of the others.
 */
export class Chance {
  /** Everything that is not a fault: latencies, the order of events, jitter. */
  readonly random: Random;
  /** The faults that struck, in order. */
  readonly strikes: Strike[] = [];
  /** Once calm, no fault strikes any more. */
  calm = false;
  private draws = 0;

  constructor(
    private readonly seed: number,
    private readonly muted: ReadonlySet<number> = new Set(),
  ) {
    this.random = seededRandom(seed);
  }

  /** Whether a fault strikes here; `probability` between 0 and 1. */
  strikesHere(name: string, probability: number): boolean {
    if (this.calm || probability <= 0) return false;
    this.draws += 1;
    if (luckOf(this.seed, this.draws) >= probability || this.muted.has(this.draws)) return false;
    this.strikes.push({ draw: this.draws, name });
    return true;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** One of the given. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.random() * choices.length)] ?? choices[0];
  }
}

/** A number in [0, 1) for one draw: a hash of seed and number (the finaliser of murmur3). */
function luckOf(seed: number, draw: number): number {
  let mixed = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(draw, 0x85ebca77)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}
