import type { FaultTest } from '../suite/fault-test.ts';
import { strikeUntil } from '../suite/chance.ts';
import { underLoad } from '../suite/under-load.ts';

/** F11: most webhooks come several times, far out of order, several organisations in one body. */
export const webhookChaos: FaultTest = {
  id: 'F11',
  title: 'webhooks duplicated, shuffled, late and batched',
  weight: 1,
  short: true,
  run: (run) => {
    const shuffleMs = Math.round(Math.min(run.activeMs, 10_000));
    return underLoad(run, {
      habits: { duplicates: 6, duplicateFraction: 0.6, jitterMs: shuffleMs },
      inject: async (until) => {
        const deliveries = async (): Promise<number> => {
          const { totals } = await run.world.sandbox.get<{ totals: Record<string, number> }>(
            '/webhooks/deliveries?limit=1',
          );
          return totals['xero answered 200'] ?? 0;
        };
        const before = await deliveries();
        await strikeUntil(
          until,
          () => 500,
          () => false,
        );
        return (await deliveries()) - before;
      },
      figures: (load, { messages }) => ({
        'shuffle window ms': shuffleMs,
        'effects per due message': (messages.length / Math.max(load.expected.length, 1)).toFixed(3),
      }),
    });
  },
};
