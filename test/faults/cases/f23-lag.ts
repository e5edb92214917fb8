import { setTimeout as delay } from 'node:timers/promises';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F23: everything behind ingress stands still while the load goes on threefold, and then has to catch up. */
export const lag: FaultTest = {
  id: 'F23',
  title: 'a lag builds up and is worked off',
  weight: 1,
  short: false,
  run: (run) => {
    const { services, sandbox } = run.world;
    let drained = 0;
    let before = 0;
    let resumedAt = 0;
    return underLoad(
      { ...run, eventsPerSecond: run.eventsPerSecond * 3 },
      {
        inject: async (until) => {
          services.signal('fetcher', 'SIGSTOP');
          await delay(Math.max(until - performance.now(), 0));
          before = await sandbox.ledgerEnd();
          resumedAt = performance.now();
          services.signal('fetcher', 'SIGCONT');
          return 1;
        },
        figures: async () => {
          drained = (await sandbox.messagesAfter(before)).length;
          const seconds = (performance.now() - resumedAt) / 1_000;
          return { 'messages after': drained, 'a second': (drained / seconds).toFixed(1) };
        },
        settleWithinMs: 150_000,
      },
    );
  },
};
