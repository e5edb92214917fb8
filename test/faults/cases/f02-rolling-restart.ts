import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { productServices } from '../world/services.ts';

/** The promise of issue 4: SIGTERM drains, commits and leaves within this. */
const DRAIN_WITHIN_MS = 10_000;

/** F2: every service in turn is asked to end and started again, while ingress has a second replica. */
export const rollingRestart: FaultTest = {
  id: 'F2',
  title: 'rolling restart with SIGTERM',
  weight: 1,
  short: false,
  run: (run) => {
    const { services } = run.world;
    const drains: number[] = [];
    const slow: string[] = [];
    return underLoad(run, {
      inject: async (until) => {
        for (let round = 0; round === 0 || performance.now() < until; round += 1) {
          for (const service of productServices) {
            const tookMs = await services.stopPolitely(service);
            drains.push(tookMs);
            if (tookMs > DRAIN_WITHIN_MS) slow.push(`${service} needed ${Math.round(tookMs)} ms to end`);
            await services.untilReady(service);
          }
        }
        return drains.length;
      },
      check: () => slow,
      figures: () => ({ 'longest drain ms': Math.round(Math.max(...drains)) }),
    });
  },
};
