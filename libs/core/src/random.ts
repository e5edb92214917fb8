/** A source of numbers in [0, 1). Injected, so that jitter and simulations are reproducible from a seed. */
export type Random = () => number;

/** The machine's generator, for production. Never use it for secrets; those come from node:crypto. */
export const systemRandom: Random = () => Math.random();

/** A reproducible generator (mulberry32): the same seed gives the same numbers on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
