import { setTimeout as delay } from 'node:timers/promises';
import { kafkaApi } from '../proxy/protocol.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { metricSum } from '../world/metrics.ts';

/** F5: between services and broker there is latency, answers are lost (to commits too), connections break or go dead without a word. */
export const network: FaultTest = {
  id: 'F5',
  title: 'network to the broker: latency, lost answers, resets, half-open connections',
  weight: 1.5,
  short: false,
  run: (run) => {
    const { kafkaProxy } = run.world.infrastructure;
    let lostCommits = 0;
    let dead = 0;
    return underLoad(
      { ...run, activeMs: Math.max(run.activeMs, 14_000) },
      {
        inject: async (until) => {
          const part = (until - performance.now()) / 4;
          kafkaProxy.slowness = { latencyMs: 30, bytesPerSecond: 2_000_000 };
          await delay(part);
          kafkaProxy.slowness = {};
          const commits = kafkaProxy.arm({
            on: ({ name }) => name === kafkaApi.endTxn && run.random() < 0.05,
            action: { kind: 'reset-after-request' },
          });
          const writes = kafkaProxy.arm({
            on: ({ name }) => name === kafkaApi.produce && run.random() < 0.03,
            action: { kind: 'reset-after-request' },
          });
          await delay(part);
          let resets = 0;
          for (const end = performance.now() + part; performance.now() < end; resets += kafkaProxy.resetAll())
            await delay(1_500);
          const struck = commits.struck + writes.struck;
          lostCommits = commits.struck;
          commits.disarm();
          writes.disarm();
          kafkaProxy.halfOpen();
          await delay(part);
          kafkaProxy.heal();
          // Dead for good, and no reset ever tells: only their own time-outs help the services.
          dead = kafkaProxy.deafen();
          return struck + resets + 1 + dead;
        },
        figures: async () => ({
          'answers to commits lost': lostCommits,
          'connections that died in silence': dead,
          'connections accepted': kafkaProxy.accepted,
          'tasks replaced (mapper)': await metricSum(run.world, 'mapper', 'stream_tasks_lost_total'),
        }),
        settleWithinMs: 120_000,
      },
    );
  },
};
