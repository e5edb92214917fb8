import { setTimeout as delay } from 'node:timers/promises';
import { kafkaApi } from '../proxy/protocol.ts';
import type { ArmedFault } from '../proxy/fault-proxy.ts';
import { between } from '../suite/chance.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** Longer than the session time-out (10 s), so that the group gives the tasks of a paused process away. */
const PAUSE_MS = 12_000;
/** Size, correlation id and throttle time stand before the error code of an EndTxn answer (v1). */
const ERROR_CODE_AT = 12;
const FENCED = new Set([47, 90]);

/**
 * F24: a process that was paused beyond its session time-out wakes up while another one owns its tasks; and a commit whose connection
 * broke reaches the broker late, during a later transaction (the flaw that Jepsen found, KIP-890).
 */
export const zombie: FaultTest = {
  id: 'F24',
  title: 'paused owner wakes up; commits that arrive late',
  weight: 2,
  short: true,
  run: (run) => {
    const { world } = run;
    const { kafkaProxy } = world.infrastructure;
    let late: ArmedFault | undefined;
    let pauses = 0;
    return underLoad(
      { ...run, activeMs: Math.max(run.activeMs, PAUSE_MS + 4_000) },
      {
        inject: async (until) => {
          late = kafkaProxy.arm({
            on: ({ name }) => name === kafkaApi.endTxn && run.random() < 0.03,
            action: { kind: 'reset-and-deliver-late', holdMs: between(run.random, 300, 1_500) },
          });
          const heir = await world.services.addReplica('mapper', 2);
          while (performance.now() + PAUSE_MS < until || pauses === 0) {
            world.services.signal('mapper', 'SIGSTOP');
            await delay(PAUSE_MS);
            world.services.signal('mapper', 'SIGCONT');
            pauses += 1;
            await delay(1_500);
          }
          await heir.remove();
          return pauses + late.struck;
        },
        check: () => accepted(late),
        figures: () => ({
          'owners paused': pauses,
          'late commits': late?.lateAnswers.length ?? 0,
          'of them fenced': codesOf(late).filter((code) => FENCED.has(code)).length,
        }),
      },
    );
  },
};

/** A late commit must be refused: taken, it would end a transaction that it does not belong to. */
function accepted(late: ArmedFault | undefined): string[] {
  const taken = codesOf(late).filter((code) => code === 0).length;
  return taken === 0 ? [] : [`${taken} late commits were taken by the broker`];
}

function codesOf(late: ArmedFault | undefined): number[] {
  return (late?.lateAnswers ?? [])
    .filter((answer) => answer.length >= ERROR_CODE_AT + 2)
    .map((answer) => answer.readInt16BE(ERROR_CODE_AT));
}
