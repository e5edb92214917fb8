import type { FailedSeed, PlayedSeeds, ScenarioList, SimulationWorker } from './workers.ts';

/** Seeds of one scenario that are played together. */
interface Portion {
  readonly scenario: string;
  readonly from: number;
  readonly count: number;
}

const PORTION = 25;

/** Divides seeds among the scenarios by their shares, in portions. */
export function planPortions(
  { scenarios }: ScenarioList,
  wanted: { readonly seeds: number; readonly from: number; readonly scenario: string | undefined },
): Portion[] {
  const chosen = scenarios.filter(({ name }) => wanted.scenario === undefined || name === wanted.scenario);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const portions = chosen.map(({ name, share }) => {
    const seeds = Math.round((wanted.seeds * share) / shares);
    return Array.from({ length: Math.ceil(seeds / PORTION) }, (_, i) => ({
      scenario: name,
      from: wanted.from + i * PORTION,
      count: Math.min(PORTION, seeds - i * PORTION),
    }));
  });
  return interleaved(portions);
}

/** Every scenario from the beginning on, so that what one of them finds is found early. */
function interleaved(lists: readonly (readonly Portion[])[]): Portion[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => {
      const portion = list[i];
      return portion ? [portion] : [];
    }),
  ).flat();
}

/** Sums per scenario. */
export interface Played {
  readonly sums: ReadonlyMap<string, PlayedSeeds>;
  readonly failed: readonly FailedSeed[];
}

/** Plays all portions on the workers; unless it is to keep going, no new portion begins after one has failed. */
export async function playPortions(
  workers: readonly SimulationWorker[],
  portions: readonly Portion[],
  keepGoing: boolean,
): Promise<Played> {
  const queue = [...portions];
  const sums = new Map<string, PlayedSeeds>();
  const failed: FailedSeed[] = [];
  await Promise.all(
    workers.map(async (worker) => {
      for (let portion = queue.shift(); portion; portion = queue.shift()) {
        if (failed.length > 0 && !keepGoing) return;
        const played = await worker.play(portion.scenario, portion.from, portion.count);
        failed.push(...played.failed);
        sums.set(portion.scenario, add(sums.get(portion.scenario), played));
      }
    }),
  );
  return { sums, failed };
}

function add(sum: PlayedSeeds | undefined, played: PlayedSeeds): PlayedSeeds {
  if (!sum) return played;
  return {
    scenario: played.scenario,
    seeds: sum.seeds + played.seeds,
    events: sum.events + played.events,
    faults: sum.faults + played.faults,
    virtualMs: sum.virtualMs + played.virtualMs,
    failed: [...sum.failed, ...played.failed],
  };
}
