import type { FaultTest } from '../suite/fault-test.ts';
import { between, pick, strikeUntil } from '../suite/chance.ts';
import { underLoad } from '../suite/under-load.ts';
import { productServices } from '../world/services.ts';

/** F1: kill -9 of each service at random instants. */
export const kill: FaultTest = {
  id: 'F1',
  title: 'kill -9 of every service at random instants',
  weight: 2,
  short: true,
  run: (run) => {
    const kills = new Map<string, number>();
    // Each service once before any comes twice, so that a short run kills all of them.
    let round: string[] = [];
    return underLoad(run, {
      inject: (until) =>
        strikeUntil(
          until,
          () => between(run.random, 400, 1_600),
          () => {
            if (round.length === 0) round = [...productServices];
            const service = pick(run.random, round) as (typeof productServices)[number];
            round = round.filter((other) => other !== service);
            if (!run.world.services.signal(service, 'SIGKILL')) return false;
            kills.set(service, (kills.get(service) ?? 0) + 1);
            return true;
          },
        ),
      figures: () => Object.fromEntries([...kills].map(([service, n]) => [`${service} killed`, n])),
    });
  },
};
