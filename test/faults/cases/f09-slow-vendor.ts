import { setTimeout as delay } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

const KINDS = ['timeout', 'slow-body', 'endless-body', 'gzip-bomb', 'cut-body'] as const;
/** A fetcher that read a bomb or an endless body whole would grow by far more. */
const MOST_GROWTH_MB = 350;
/** What a fetcher may ever need, in MiB; the chart gives it more. */
export const MOST_FETCHER_MB = 640;

/** F9: the vendor's answers never come, drip, never end, explode when unpacked, or break off. */
export const slowVendor: FaultTest = {
  id: 'F9',
  title: 'vendor answers that drip, never end, explode or break off',
  weight: 1,
  short: false,
  run: (run) => {
    const { sandbox, services } = run.world;
    let beforeMb = 0;
    let mostMb = 0;
    const residentNow = (): number => residentMb(services.processes('fetcher')[0]?.pid);
    return underLoad(run, {
      inject: async (until) => {
        let struck = 0;
        beforeMb = residentNow();
        const part = (until - performance.now()) / KINDS.length;
        for (const kind of KINDS) {
          await sandbox.arm({
            vendor: 'xero',
            endpoint: 'GET *',
            kind,
            probability: 0.3,
            seed: Math.floor(run.random() * 1e9),
          });
          for (const end = performance.now() + part; performance.now() < end; await delay(200))
            mostMb = Math.max(mostMb, residentNow());
          struck += await sandbox.injected();
          await sandbox.disarmAll();
        }
        return struck;
      },
      check: () => {
        const bounded = mostMb - beforeMb <= MOST_GROWTH_MB && mostMb <= MOST_FETCHER_MB;
        return bounded ? [] : [`I9: the fetcher grew from ${beforeMb} to ${mostMb} MB`];
      },
      figures: () => ({ 'fetcher before MB': beforeMb, 'fetcher at most MB': mostMb }),
      settleWithinMs: 150_000,
    });
  },
};

/** Resident memory by /proc (Linux); 0 elsewhere or when the process is gone. */
function residentMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
