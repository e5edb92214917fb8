import { setTimeout as delay } from 'node:timers/promises';
import { kafkaApi, type SeenRequest, transactionalIdOf } from '../proxy/protocol.ts';
import { between } from '../suite/chance.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** Longer than the session time-out (10 s), so that the group gives the tasks of a paused process away. */
const PAUSE_MS = 12_000;
/** Size, correlation id and throttle time stand before the error code of an EndTxn answer (v1). */
const ERROR_CODE_AT = 12;

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
    const commits = new LateCommits();
    let pauses = 0;
    return underLoad(
      { ...run, activeMs: Math.max(run.activeMs, PAUSE_MS + 4_000) },
      {
        inject: async (until) => {
          const late = kafkaProxy.arm({
            on: (request) => commits.see(request) && run.random() < 0.03,
            action: { kind: 'reset-and-deliver-late', holdMs: between(run.random, 300, 1_500) },
            onLateAnswer: (request, answer) => commits.answered(request, answer),
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
        check: () =>
          commits.torn === 0 ? [] : [`${commits.torn} late commits ended a transaction that was not theirs`],
        figures: () => ({
          'owners paused': pauses,
          'late commits': commits.fenced + commits.inTime + commits.torn,
          'of them fenced': commits.fenced,
          'of them before anybody took over': commits.inTime,
        }),
      },
    );
  },
};

/**
 * What the broker says to commits that come late. One that arrives before its task has a new producer ends its own transaction, which
 * is as good as an answer that was lost. One that is taken when the next transaction has begun would end that one.
 */
class LateCommits {
  fenced = 0;
  inTime = 0;
  torn = 0;
  /** Producers of each task so far, and of which the transaction under way is. */
  private readonly producers = new Map<string, { asked: number; inUse: number }>();
  /** The producer that a held commit is of. */
  private readonly held = new Map<Buffer, number>();

  /** Looks at every request that passes; true for a commit. */
  see(request: SeenRequest): boolean {
    const { name } = request;
    if (name === kafkaApi.initProducerId) this.producersOf(request).asked += 1;
    if (name === kafkaApi.addPartitionsToTxn || name === kafkaApi.addOffsetsToTxn) {
      const producers = this.producersOf(request);
      producers.inUse = producers.asked;
    }
    if (name !== kafkaApi.endTxn) return false;
    this.held.set(request.bytes, this.producersOf(request).inUse);
    return true;
  }

  answered(request: SeenRequest, answer: Buffer): void {
    const code = answer.length >= ERROR_CODE_AT + 2 ? answer.readInt16BE(ERROR_CODE_AT) : -1;
    if (code !== 0) this.fenced += 1;
    else if (this.held.get(request.bytes) === this.producersOf(request).inUse) this.inTime += 1;
    else this.torn += 1;
  }

  private producersOf(request: SeenRequest): { asked: number; inUse: number } {
    const id = transactionalIdOf(request);
    const known = this.producers.get(id);
    if (known) return known;
    const fresh = { asked: 0, inUse: 0 };
    this.producers.set(id, fresh);
    return fresh;
  }
}
