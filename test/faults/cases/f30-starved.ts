import { setTimeout as delay } from 'node:timers/promises';
import { between, pick, strikeUntil } from '../suite/chance.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { productServices } from '../world/services.ts';

/** F30: a service gets no CPU for a while, as when its event loop is blocked: shorter and longer than the session time-out. */
export const starved: FaultTest = {
  id: 'F30',
  title: 'services that get no CPU for seconds',
  weight: 1,
  short: false,
  run: (run) => {
    const { services } = run.world;
    let longestMs = 0;
    return underLoad(run, {
      inject: (until) =>
        strikeUntil(
          until,
          () => between(run.random, 200, 800),
          async () => {
            const service = pick(run.random, productServices);
            const pauseMs = pick(run.random, [500, 2_000, 6_000, 12_000]);
            if (!services.signal(service, 'SIGSTOP')) return false;
            await delay(Math.min(pauseMs, Math.max(until - performance.now(), 300)));
            services.signal(service, 'SIGCONT');
            longestMs = Math.max(longestMs, pauseMs);
            return true;
          },
        ),
      figures: () => ({ 'longest pause ms': longestMs }),
    });
  },
};
