import { setTimeout as delay } from 'node:timers/promises';
import { pick } from '../suite/chance.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F22: replicas come and go the whole time; politely or by kill, and the group never rests. */
export const rebalanceStorm: FaultTest = {
  id: 'F22',
  title: 'replicas come and go',
  weight: 2,
  short: false,
  run: (run) => {
    const { world } = run;
    let longestStallMs = 0;
    return underLoad(run, {
      inject: async (until) => {
        let rebalances = 0;
        const watching = watchProgress(() => world.sandbox.ledgerEnd(), until);
        while (performance.now() < until) {
          const service = pick(run.random, ['mapper', 'fetcher', 'twilio-sender'] as const);
          const replica = await world.services.addReplica(service, 2);
          await delay(500);
          if (run.random() < 0.3) world.services.signal(service, 'SIGKILL');
          await delay(1_000);
          await replica.remove();
          rebalances += 2;
        }
        longestStallMs = await watching;
        return rebalances;
      },
      check: () =>
        longestStallMs <= 30_000 ? [] : [`nothing moved for ${Math.round(longestStallMs / 1000)} s`],
      figures: () => ({ 'longest stall ms': Math.round(longestStallMs) }),
    });
  },
};

/** The longest time in which nothing happened. */
async function watchProgress(read: () => Promise<number>, until: number): Promise<number> {
  let last = await read();
  let movedAt = performance.now();
  let longest = 0;
  while (performance.now() < until) {
    await delay(250);
    const now = await read();
    if (now !== last) {
      last = now;
      movedAt = performance.now();
    }
    longest = Math.max(longest, performance.now() - movedAt);
  }
  return longest;
}
