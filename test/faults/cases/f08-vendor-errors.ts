import { setTimeout as delay } from 'node:timers/promises';
import type { Evidence } from '../check/evidence.ts';
import type { LoadDriver } from '../load/load-driver.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** Another tenant's p99 may be twice its undisturbed one; below this it is noise of the machine. */
const NOISE_MS = 2_000;
/** Between the fault of one and the fault of all, so that nobody's message meets both. */
const CALM_MS = 3_000;

/** F8: first one tenant gets nothing but 429 and 5xx, then the whole vendor does, then Twilio does. */
export const vendorErrors: FaultTest = {
  id: 'F8',
  title: 'vendor answers 5xx and 429, for one tenant and for all',
  weight: 1.5,
  short: true,
  run: (run) => {
    const { sandbox, tenants } = run.world;
    // The largest tenant of the zipf law: its records are many, and all of them wait.
    const victim = tenants[0];
    let oneTenantFrom = 0;
    let oneTenantTo = 0;
    return underLoad(run, {
      inject: async (until) => {
        const third = (until - performance.now() - CALM_MS) / 3;
        const reads = { vendor: 'xero', endpoint: 'GET *', kind: 'status' } as const;
        oneTenantFrom = Date.now();
        await sandbox.arm({
          ...reads,
          connection: victim?.accountId,
          status: 429,
          headers: { 'retry-after': '2', 'x-rate-limit-problem': 'minute' },
          probability: 0.7,
          seed: seedOf(run),
        });
        await sandbox.arm({ ...reads, connection: victim?.accountId, status: 503 });
        await delay(third);
        oneTenantTo = Date.now();
        const struck = await sandbox.injected();
        await sandbox.disarmAll();
        await delay(CALM_MS);
        await sandbox.arm({ ...reads, status: 429, probability: 0.3, seed: seedOf(run) });
        await sandbox.arm({ ...reads, status: 500, probability: 0.3, seed: seedOf(run) });
        await delay(third);
        const more = await sandbox.injected();
        await sandbox.disarmAll();
        const sends = { vendor: 'twilio', endpoint: 'POST /Messages.json', kind: 'status' } as const;
        await sandbox.arm({ ...sends, status: 429, probability: 0.4, seed: seedOf(run) });
        await sandbox.arm({ ...sends, status: 503, probability: 0.1, seed: seedOf(run) });
        await delay(third);
        return struck + more;
      },
      figures: (load, evidence) => isolation(load, evidence, oneTenantFrom, oneTenantTo).figures,
      check: (load, evidence) =>
        run.judgesSpeed ? isolation(load, evidence, oneTenantFrom, oneTenantTo).failures : [],
      settleWithinMs: 150_000,
    });
  },
};

/** I6: while one tenant's vendor account is broken, the messages of the others come as before. */
function isolation(
  { expected }: LoadDriver,
  { messages }: Evidence,
  from: number,
  to: number,
): { figures: Record<string, string | number>; failures: string[] } {
  const sentAt = new Map(messages.map((message) => [message.to, message.realAtMs]));
  const delays = (wanted: (dueAt: number) => boolean): number[] =>
    expected
      .filter(({ tenant, dueAt }) => tenant !== 0 && wanted(dueAt))
      .map(({ to: recipient, dueAt }) => Math.max((sentAt.get(recipient) ?? Infinity) - dueAt, 0));
  const calm = percentile99(delays((dueAt) => dueAt < from));
  const during = percentile99(delays((dueAt) => dueAt >= from && dueAt < to));
  const limit = Math.max(2 * calm, NOISE_MS);
  return {
    figures: { 'healthy p99 before ms': Math.round(calm), 'healthy p99 during ms': Math.round(during) },
    failures:
      during <= limit
        ? []
        : [
            `I6: healthy tenants waited ${Math.round(during)} ms (p99), ${Math.round(calm)} ms before the fault`,
          ],
  };
}

function percentile99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * 0.99) - 1, 0)] ?? 0;
}

function seedOf({ random }: FaultRun): number {
  return Math.floor(random() * 1e9);
}
