import { setTimeout as delay } from 'node:timers/promises';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F7: PostgreSQL is killed, stands still, cuts connections, and dies without a word. Messages go on without it; the trail catches up. */
export const database: FaultTest = {
  id: 'F7',
  title: 'PostgreSQL killed, paused, cut off and silent',
  weight: 1,
  short: false,
  run: (run) => {
    const { world } = run;
    const { postgres, postgresProxy } = world.infrastructure;
    let sentWithout = 0;
    return underLoad(run, {
      inject: async (until) => {
        const part = (until - performance.now()) / 3;
        const before = await world.sandbox.ledgerEnd();
        await postgres.kill();
        await delay(part);
        sentWithout = (await world.sandbox.messagesAfter(before)).length;
        await postgres.start();
        await delay(1_000);
        postgres.pause();
        await delay(part);
        postgres.resume();
        const cut = postgresProxy.resetAll();
        await delay(part / 2);
        // Nobody is told, and healing does not help these: whoever waits for an answer has to give it up himself.
        return 2 + cut + postgresProxy.deafen();
      },
      mend: async () => postgres.resume(),
      check: () => (sentWithout === 0 ? ['nothing was sent while PostgreSQL was away'] : []),
      figures: () => ({ 'messages sent without PostgreSQL': sentWithout }),
    });
  },
};
