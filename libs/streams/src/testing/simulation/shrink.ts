import { type Scenario, simulate, type SimulationResult } from './scenario.js';

/** A failing history with as few steps and faults as was found, and how many it had. */
export interface ShrunkFailure {
  readonly result: SimulationResult;
  readonly strikesBefore: number;
  readonly tries: number;
}

/**
 * Leaves out steps and faults of a failing history as long as it still fails (delta debugging: halves first, then smaller and
 * smaller parts). The failure may be another one in the end; a shorter history that fails is what is wanted.
 */
export async function shrink(scenario: Scenario, seed: number, maxTries = 400): Promise<ShrunkFailure> {
  let best = await simulate(scenario, seed);
  const strikesBefore = best.strikes.length;
  let muted = new Set<number>();
  let tries = 0;
  for (let parts = 2; tries < maxTries && best.strikes.length > 0;) {
    const size = Math.max(Math.ceil(best.strikes.length / parts), 1);
    let shorter = false;
    for (let start = 0; start < best.strikes.length && tries < maxTries; start += size) {
      const without = best.strikes.slice(start, start + size).map(({ draw }) => draw);
      const candidate = new Set([...muted, ...without]);
      const result = await simulate(scenario, seed, { muted: candidate });
      tries += 1;
      if (result.violations.length === 0 || result.strikes.length >= best.strikes.length) continue;
      best = result;
      muted = candidate;
      shorter = true;
      break;
    }
    if (shorter) parts = Math.max(parts - 1, 2);
    else if (size === 1) break;
    else parts *= 2;
  }
  const result = await simulate(scenario, seed, { muted, keepHistory: true });
  return { result, strikesBefore, tries };
}
