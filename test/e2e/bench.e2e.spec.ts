import { expect, test } from 'vitest';
import { reportJson, reportTable } from '../../tools/bench/report.ts';
import { runBenches } from '../../tools/bench/run-benches.ts';
import { silentProgress } from '../../tools/lib/progress.ts';

/** Every way through the benchmark with tiny counts; what it measures then means nothing, that nothing is lost does. */
test('the benchmark measures the whole system and finds each event once', async () => {
  const size = {
    only: ['ingress', 'pipeline', 'latency'],
    rounds: 1,
    warmUps: 0,
    seconds: 1,
    organisations: 3,
  } as const;
  const run = await runBenches(size, {
    progress: silentProgress,
    environment: { ...process.env, LEDGERWIRE_PORT_BASE: undefined },
    signal: new AbortController().signal,
  });
  expect(run.ingress?.[0]?.product.perSecond).toBeGreaterThan(0);
  expect(run.ingress?.[0]?.limit.perSecond).toBeGreaterThan(0);
  expect(run.pipeline?.[0]?.product.perSecond).toBeGreaterThan(0);
  expect(run.latency?.map(({ eventsPerSecond }) => eventsPerSecond)).toEqual([10, 50]);
  expect(reportTable(run)).toContain('latency p99 at 50/s');
  expect(JSON.parse(reportJson(run))).toMatchObject({ settings: { rounds: 1, organisations: 3 } });
}, 400_000);
