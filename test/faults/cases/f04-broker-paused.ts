import { setTimeout as delay } from 'node:timers/promises';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F4: the broker stands still with all its connections open, for 5 and 20 s: no error tells anybody, only silence. */
export const brokerPaused: FaultTest = {
  id: 'F4',
  title: 'broker paused: silence instead of errors',
  weight: 1,
  short: false,
  run: (run) => {
    const { kafka } = run.world.infrastructure;
    const pauses: number[] = [];
    return underLoad(
      { ...run, activeMs: Math.max(run.activeMs, 8_000) },
      {
        inject: async (until) => {
          for (const pauseMs of [5_000, 20_000, 20_000]) {
            if (pauses.length > 0 && performance.now() + pauseMs > until) break;
            kafka.pause();
            await delay(pauseMs);
            kafka.resume();
            pauses.push(pauseMs);
            await delay(2_000);
          }
          return pauses.length;
        },
        mend: async () => kafka.resume(),
        figures: () => ({ 'paused ms': pauses.join(' and ') }),
        settleWithinMs: 120_000,
      },
    );
  },
};
