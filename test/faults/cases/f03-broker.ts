import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { postWebhook, webhookBody } from '../load/signed-webhook.ts';
import type { FaultRun, FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** Records under way when the broker goes may still be acknowledged; after this nothing can be. */
const LAST_ANSWERS_MS = 500;
const PROBE_EVERY_MS = 150;

/** F3: the broker ends politely, is killed, and stays away for a while; ingress must not say 2xx to what it cannot store. */
export const brokerRestart: FaultTest = {
  id: 'F3',
  title: 'broker restarted, killed and away; ingress answers 503 meanwhile',
  weight: 1.5,
  short: true,
  run: (run) => {
    const answers = new Map<number, number>();
    const wrong: string[] = [];
    const { kafka } = run.world.infrastructure;
    return underLoad(run, {
      inject: async (until) => {
        const awayMs = Math.max(until - performance.now(), 6_000) / 3;
        let outages = 0;
        for (const end of [() => kafka.stop(), () => kafka.kill()]) {
          await end();
          outages += 1;
          await probeIngress(run, awayMs, answers, wrong);
          await kafka.start();
          await delay(1_000);
        }
        return outages;
      },
      check: () => [
        ...wrong.slice(0, 3),
        ...((answers.get(503) ?? 0) === 0 ? ['ingress never answered 503 although no broker was there'] : []),
      ],
      figures: (load) => ({
        '503 while away': answers.get(503) ?? 0,
        '2xx while away': [...answers].reduce(
          (sum, [status, n]) => sum + (status < 300 && status > 0 ? n : 0),
          0,
        ),
        '503 to the load': load.answers.get(503) ?? 0,
      }),
    });
  },
};

/** Asks ingress to take webhooks for a while in which no broker is there. */
async function probeIngress(
  { world }: FaultRun,
  forMs: number,
  answers: Map<number, number>,
  wrong: string[],
): Promise<void> {
  await delay(LAST_ANSWERS_MS);
  const end = performance.now() + forMs;
  const asked: Promise<void>[] = [];
  const tenantId = world.tenants[0]?.accountId ?? '';
  while (performance.now() < end) {
    asked.push(
      postWebhook(world, webhookBody(tenantId, randomUUID())).then((status) => {
        answers.set(status, (answers.get(status) ?? 0) + 1);
        if (status !== 503) wrong.push(`ingress answered ${status} to a webhook while no broker was there`);
      }),
    );
    await delay(PROBE_EVERY_MS);
  }
  // Answers that would only come once the broker is back are late for the vendor, and no 2xx that lies.
  await Promise.all(asked);
}
