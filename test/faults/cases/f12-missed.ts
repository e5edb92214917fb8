import { setTimeout as delay } from 'node:timers/promises';
import { requestJson } from '../../../tools/once/http.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import { brokerUrl } from '../world/tenants.ts';

const POLL_SECONDS = 30;

/** F12: Xero drops a third of its webhooks; polling finds what they would have told. */
export const missedWebhooks: FaultTest = {
  id: 'F12',
  title: 'a third of the webhooks never comes; polling finds it',
  weight: 1,
  short: false,
  run: async (run) => {
    await pollEvery(run, String(POLL_SECONDS));
    return underLoad(run, {
      habits: { dropFraction: 0.3 },
      inject: async (until) => {
        await delay(Math.max(until - performance.now(), 0));
        return 1;
      },
      mend: () => run.world.sandbox.webhookHabits({ dropFraction: 0 }).then(() => undefined),
      figures: (load, { trail }) => {
        const polled = new Set(
          trail
            .filter(({ step, origin }) => step === 'fetch' && origin === 'poll')
            .map(({ entityId }) => entityId),
        );
        return {
          'polled every s': POLL_SECONDS,
          'found by polling': load.expected.filter(({ invoiceId }) => polled.has(invoiceId)).length,
        };
      },
      // A plan every 15 s, the interval, and room for the machine.
      settleWithinMs: (POLL_SECONDS + 15) * 4_000,
    });
  },
};

async function pollEvery({ world }: FaultRun, seconds: string): Promise<void> {
  for (const { connectionId } of world.tenants) {
    await requestJson(`${brokerUrl(world.system)}/connections/${connectionId}`, {
      method: 'PATCH',
      token: world.system.sandbox.consoleToken,
      body: { settings: { pollIntervalSeconds: seconds } },
    });
  }
}
