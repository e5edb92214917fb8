import { setTimeout as delay } from 'node:timers/promises';
import type { Evidence } from '../check/evidence.ts';
import type { LoadDriver } from '../load/load-driver.ts';
import type { FaultReport, FaultRun, FaultTest } from '../suite/fault-test.ts';
import { quantile } from '../suite/quantiles.ts';
import { underLoad } from '../suite/under-load.ts';
import { setConnectionSettings } from '../world/connection-settings.ts';
import { metricSum } from '../world/metrics.ts';
import { LOAD_SETTINGS } from '../world/tenants.ts';

/**
 * What Xero's usual 5,000 calls a day leave for polls is one in 172 s of each kind. The organisations of this fault have an
 * app with more calls, so that a fault of seconds sees several polls.
 */
const POLL_SECONDS = 5;
/** The plan of polls is looked at every 15 s. */
const PLANNED_WITHIN_MS = 15_000;

/** F12: Xero drops a third of its webhooks; polling finds what they would have told. */
export const missedWebhooks: FaultTest = {
  id: 'F12',
  title: 'a third of the webhooks never comes; polling finds it',
  weight: 1,
  short: false,
  run: async (run) => {
    let pollsBefore = 0;
    await eachTenant(run, { ...LOAD_SETTINGS, pollIntervalSeconds: String(POLL_SECONDS) });
    await delay(PLANNED_WITHIN_MS + POLL_SECONDS * 1_000);
    const pollsOf = (): Promise<number> => metricSum(run.world, 'fetcher', 'fetch_polls_total');
    const report = await underLoad(run, {
      habits: { dropFraction: 0.3 },
      inject: async (until) => {
        pollsBefore = await pollsOf();
        await delay(Math.max(until - performance.now(), 0));
        return 0;
      },
      mend: () => run.world.sandbox.webhookHabits({ dropFraction: 0 }).then(() => undefined),
      strikes: (load, evidence) => foundByPolling(load, evidence).length,
      figures: async (load, evidence) => figures(load, evidence, (await pollsOf()) - pollsBefore),
      settleWithinMs: 90_000,
    });
    await eachTenant(run, LOAD_SETTINGS);
    return report;
  },
};

/** Milliseconds from the change in the books to its message, for each invoice of which only a poll told. */
function foundByPolling({ expected }: LoadDriver, { messages, trail }: Evidence): number[] {
  const sentAt = new Map(messages.map(({ to, realAtMs }) => [to, realAtMs]));
  const firstOrigin = new Map<string | null, string | null>();
  for (const { step, entityId, origin } of trail)
    if (step === 'fetch' && !firstOrigin.has(entityId)) firstOrigin.set(entityId, origin);
  return expected
    .filter(({ invoiceId }) => firstOrigin.get(invoiceId) === 'poll')
    .flatMap(({ to, dueAt }) => Math.max((sentAt.get(to) ?? dueAt) - dueAt, 0));
}

function figures(load: LoadDriver, evidence: Evidence, polls: number): FaultReport['figures'] {
  const found = foundByPolling(load, evidence);
  const seconds = (share: number): string => (quantile(found, share) / 1_000).toFixed(1);
  return {
    'polled every s': POLL_SECONDS,
    'found by polling': found.length,
    'found after s (p50)': seconds(0.5),
    'found after s (p95)': seconds(0.95),
    'polls per 1,000 invoices': Math.round((polls * 1_000) / Math.max(load.expected.length, 1)),
  };
}

async function eachTenant({ world }: FaultRun, settings: Readonly<Record<string, string>>): Promise<void> {
  for (const { connectionId } of world.tenants) await setConnectionSettings(world, connectionId, settings);
}
