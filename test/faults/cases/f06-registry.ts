import { setTimeout as delay } from 'node:timers/promises';
import { TrailReader } from '../check/evidence.ts';
import type { FaultTest } from '../suite/fault-test.ts';
import { underLoad } from '../suite/under-load.ts';

/** F6: the registry is gone. Warmed services go on; one that starts now waits for it and is not restarted again and again. */
export const registryDown: FaultTest = {
  id: 'F6',
  title: 'registry away: warmed services go on, cold ones wait',
  weight: 1,
  short: false,
  run: (run) => {
    const { world } = run;
    const { registry, registryProxy } = world.infrastructure;
    const trail = new TrailReader(world.infrastructure.direct.databaseUrl);
    let sentWithout = 0;
    let restarts = 0;
    let lettersBefore = 0;
    return underLoad(run, {
      inject: async (until) => {
        lettersBefore = await registryLetters(trail);
        const messagesBefore = await world.sandbox.ledgerEnd();
        await registry.kill();
        registryProxy.resetAll();
        const half = (until - performance.now()) / 2;
        await delay(half);
        sentWithout = (await world.sandbox.messagesAfter(messagesBefore)).length;
        const noticesBefore = world.notices.length;
        world.services.signal('mapper', 'SIGKILL');
        await delay(half);
        // One notice is the kill itself.
        restarts = world.notices.slice(noticesBefore).filter((text) => text.includes('mapper')).length - 1;
        return 2;
      },
      mend: () => registry.start(),
      check: async () => {
        const letters = (await registryLetters(trail)) - lettersBefore;
        return [
          ...(sentWithout === 0 ? ['nothing was sent while the registry was away'] : []),
          ...(letters > 0 ? [`${letters} dead letters although only the registry was away`] : []),
          ...(restarts > 2 ? [`the cold mapper ended ${restarts} times instead of waiting`] : []),
        ];
      },
      figures: () => ({
        'messages sent without registry': sentWithout,
        'restarts of the cold service': restarts,
      }),
    });
  },
};

async function registryLetters(trail: TrailReader): Promise<number> {
  const letters = await trail.deadLetters();
  return letters
    .filter(({ errorCode }) => errorCode !== 'unknown-connection')
    .reduce((sum, { n }) => sum + n, 0);
}
