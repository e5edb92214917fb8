import { between, strikeUntil } from '../suite/chance.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F1 where it hurts most: the sender dies while Twilio is at work on several messages, between intent and outcome. */
export const senderKilled: FaultTest = {
  id: 'F1S',
  title: 'kill -9 of twilio-sender while its calls are under way',
  weight: 1,
  short: false,
  run: (run) => {
    const { sandbox, services } = run.world;
    return underLoad(run, {
      inject: async (until) => {
        // Applied at once, answered late: whoever dies in between does not know it.
        await sandbox.arm({
          vendor: 'twilio',
          endpoint: 'POST /Messages.json',
          kind: 'latency',
          when: 'after',
          latencyMs: 600,
          latencyMaxMs: 1_200,
          seed: Math.floor(run.random() * 1e9),
        });
        return strikeUntil(
          until,
          () => between(run.random, 2_000, 4_000),
          () => services.signal('twilio-sender', 'SIGKILL'),
        );
      },
    });
  },
};
