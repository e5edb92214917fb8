import { setTimeout as delay } from 'node:timers/promises';
import { endsOfDoubt } from '../check/invariants.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';
import type { World } from '../world/world.ts';

const SEND = { vendor: 'twilio', endpoint: 'POST /Messages.json' } as const;

/**
 * F10: Twilio has the message, and its answer is lost: reset, time-out or 500 after it was applied, and a connection that breaks when the
 * request was seen. Some status callbacks are lost too, so that the list of messages has to tell.
 */
export const ambiguous: FaultTest = {
  id: 'F10',
  title: 'a send is applied and its answer is lost',
  weight: 1.5,
  short: true,
  run: (run) => {
    const { world } = run;
    return underLoad(run, {
      inject: async (until) => {
        const seed = Math.floor(run.random() * 1e9);
        const after = { ...SEND, when: 'after', seed } as const;
        const lost = { ...after, kind: 'reset' } as const;
        const refused = { ...after, kind: 'status', status: 500 } as const;
        await world.sandbox.arm({ ...lost, probability: 0.1 });
        await world.sandbox.arm({ ...refused, probability: 0.05 });
        // Before it was applied: the product cannot tell these from the others, and must send again after all.
        await world.sandbox.arm({
          ...SEND,
          when: 'before',
          kind: 'reset',
          probability: 0.05,
          seed: seed + 1,
        });
        const cut = world.vendorProxy.arm({
          on: ({ name }) => name.startsWith('POST') && name.endsWith('/Messages.json') && run.random() < 0.05,
          action: { kind: 'reset-after-request' },
        });
        // In the first half no callback tells what became of a message, so that the list has to.
        const half = (performance.now() + until) / 2;
        await world.sandbox.post('/twilio/progress', { callbackStatuses: [] });
        await strikeSurely(world, [lost, refused]);
        await delay(Math.max(half - performance.now(), 0));
        await world.sandbox.post('/twilio/progress', { callbackStatuses: CALLBACKS });
        await strikeSurely(world, [lost]);
        await delay(Math.max(until - performance.now(), 0));
        return cut.struck;
      },
      check: (_load, { trail }) => {
        const open = endsOfDoubt(trail)['open'] ?? 0;
        return open === 0 ? [] : [`${open} commands are still in doubt`];
      },
      figures: (_load, { trail }) => ({ 'first told uncertain': trail.filter(isFirstDoubt).length }),
    });
  },
};

/** Chance may spare the few sends of a short run: each of these strikes one send, however long that takes to come. */
async function strikeSurely(
  { sandbox }: World,
  faults: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const armed = await Promise.all(faults.map((fault) => sandbox.arm({ ...fault, times: 1 })));
  const deadline = performance.now() + SURELY_WITHIN_MS;
  while (performance.now() < deadline) {
    const counts = await sandbox.strikes();
    if (armed.every(({ id }) => (counts.get(id) ?? 0) > 0)) return;
    await delay(200);
  }
}

const SURELY_WITHIN_MS = 20_000;
const CALLBACKS = ['queued', 'sent', 'delivered', 'undelivered', 'failed', 'canceled'];

function isFirstDoubt({ status, reason }: { status: string; reason: string | null }): boolean {
  return status === 'uncertain' && (reason === 'lost-answer' || reason === 'interrupted');
}
