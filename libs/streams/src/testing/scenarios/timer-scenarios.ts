import assert from 'node:assert/strict';
import { told } from './parking-scenarios.js';
import type { TaskScenario } from './service-under-test.js';

/** Time that becomes work. */
export const timerScenarios: readonly TaskScenario[] = [
  {
    name: 'a timer fires at its time with its payload, once, and not before',
    play: async (service) => {
      let fireAt = Infinity;
      let firedAt = 0;
      await service.start({
        onNotice: (_record, context) => {
          fireAt = context.now() + 200;
          context.setTimer({ name: 'alarm', key: 't1', fireAt, lane: 'e1', payload: { step: 3 } });
          context.setTimer({ name: 'alarm', key: 't2', fireAt: fireAt + 200, lane: 'e1', payload: null });
        },
        onTimer: ({ key }, context) => {
          if (key === 't1') firedAt = context.now();
        },
      });
      await service.send([{ noticeId: 'n1' }]);
      await service.until('both timers', () => service.outputs().length === 3);
      assert.ok(firedAt >= fireAt, 'it fired before its time');
      assert.deepEqual(told(service), ['n1 attempt 1', 't1 timer {"step":3}', 't2 timer null']);
    },
  },
  {
    name: 'a timer that was cancelled or moved does not fire at its former time',
    play: async (service) => {
      // The machine may be so slow that the timers are due before they are changed: then they get more time.
      let delayMs = 400;
      const changes: { readonly inTime: boolean }[] = [];
      const timer = (key: string, fireAt: number, payload: string) =>
        ({ name: 'alarm', key, fireAt, lane: 'e1', payload }) as const;
      let fireAt = 0;
      await service.start({
        onNotice: ({ value }, context) => {
          const round = value.entityId;
          if (value.noticeId === 'set') {
            fireAt = context.now() + delayMs;
            for (const key of ['cancelled', 'moved']) context.setTimer(timer(key + round, fireAt, 'first'));
            context.setTimer(timer(`last${round}`, fireAt + 200, 'sentinel'));
            return;
          }
          changes.push({ inTime: context.now() < fireAt });
          context.cancelTimer('alarm', `cancelled${round}`);
          context.setTimer(timer(`moved${round}`, fireAt + 100, 'second'));
        },
      });
      for (let round = 1; !changes.at(-1)?.inTime; round += 1, delayMs *= 5) {
        const before = service.outputs().length;
        const entityId = `-${round}`;
        await service.send([
          { noticeId: 'set', entityId },
          { noticeId: 'change', entityId },
        ]);
        await service.until('the last timer', () =>
          service.outputs().some(({ noticeId }) => noticeId === `last-${round}`),
        );
        if (!changes.at(-1)?.inTime) continue;
        assert.deepEqual(told(service).slice(before), [
          'set attempt 1',
          'change attempt 1',
          `moved-${round} timer "second"`,
          `last-${round} timer "sentinel"`,
        ]);
      }
    },
  },
  {
    name: 'a timer survives a crash and fires once',
    play: async (service) => {
      await service.start({
        onNotice: ({ value }, context) => {
          if (value.noticeId !== 'set') return;
          const fireAt = context.now() + 500;
          context.setTimer({ name: 'alarm', key: 't1', fireAt, lane: 'e1', payload: 'kept' });
        },
      });
      await service.send([{ noticeId: 'set' }]);
      await service.until('it is set', () => service.outputs().length === 1);
      await service.kill();
      await service.until('it has fired', () => service.outputs().length === 2);
      await service.kill();
      await service.send([{ noticeId: 'n2' }]);
      await service.until('the next one', () => service.outputs().length === 3);
      assert.deepEqual(told(service), ['set attempt 1', 't1 timer "kept"', 'n2 attempt 1']);
    },
  },
];
