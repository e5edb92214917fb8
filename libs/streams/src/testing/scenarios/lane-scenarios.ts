import assert from 'node:assert/strict';
import type { ChangeNotice } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import { Gate } from './gate.js';
import { later, parkedOf, told } from './parking-scenarios.js';
import { marks, type TaskScenario } from './service-under-test.js';

/** What runs side by side and what keeps its order. */
export const laneScenarios: readonly TaskScenario[] = [
  {
    name: 'records of an entity are handled in their order, whatever each takes and however often it is parked',
    play: async (service) => {
      const notices = Array.from({ length: 40 }, (_, i) => numbered(i, `e${i % 4}`));
      await service.start(
        {
          onNotice: async ({ value, attempt }) => {
            const number = Number(value.noticeId);
            await service.sleep((number * 7) % 13);
            if (number % 5 === 0 && attempt <= number % 3) throw later('limited', 10);
          },
        },
        { maxInFlightPerKey: 3 },
      );
      await service.send(notices);
      await service.until('all are done', () => service.outputs().length === notices.length);
      for (const entity of ['e0', 'e1', 'e2', 'e3']) {
        const of = (all: readonly Partial<ChangeNotice>[]) =>
          all.filter(({ entityId }) => entityId === entity).map(({ noticeId }) => noticeId);
        assert.deepEqual(of(service.outputs()), of(notices));
      }
    },
  },
  {
    name: 'a lane whose handler does not end delays no other lane',
    play: async (service) => {
      const gate = new Gate();
      await service.start({
        onNotice: ({ value }) => (value.entityId === 'slow' ? gate.passed : undefined),
      });
      await service.send([numbered(1, 'slow'), numbered(2, 'slow'), numbered(3, 'e1'), numbered(4, 'e2')]);
      await service.until('the others', () => service.outputs().length === 2);
      gate.open();
      await service.until('all of them', () => service.outputs().length === 4);
      assert.deepEqual(told(service), ['3', '4', '1', '2'].map(first));
    },
  },
  {
    name: 'a parked lane delays no other lane, and what comes later in it waits behind it',
    play: async (service) => {
      let allowed = false;
      await service.start({
        onNotice: ({ value }) => {
          if (value.noticeId === '1' && !allowed) throw later('limited', 50);
        },
      });
      await service.send([numbered(1, 'parked')]);
      await service.until('it is parked', () => parkedOf(service).length > 0);
      await service.send([numbered(2, 'parked'), numbered(3, 'e1')]);
      await service.until('the other lane', () => service.outputs().length === 1);
      await service.send([numbered(4, 'e1')]);
      await service.until('the other lane again', () => service.outputs().length === 2);
      allowed = true;
      await service.until('all of them', () => service.outputs().length === 4);
      assert.deepEqual(
        service.outputs().map(({ noticeId }) => noticeId),
        ['3', '4', '1', '2'],
      );
    },
  },
  {
    name: 'a record that finished out of order is not handled again after a crash',
    play: async (service) => {
      const seen: string[] = [];
      const gate = new Gate();
      await service.start({
        onNotice: ({ value }) => {
          seen.push(value.noticeId);
          return value.entityId === 'slow' ? gate.passed : undefined;
        },
      });
      await service.send([numbered(1, 'slow'), numbered(2, 'quick')]);
      await service.until('the quick one', () => service.outputs().length === 1);
      await service.kill();
      await service.until('the slow one again', () => seen.filter((id) => id === '1').length > 1);
      gate.open();
      await service.until('both', () => service.outputs().length === 2);
      await service.send([numbered(3, 'quick')]);
      await service.until('the next one', () => service.outputs().length === 3);
      // A handler may be called again whenever a transaction did not surely succeed, but never for what is committed.
      assert.equal(seen.filter((id) => id === '2').length, 1);
      assert.deepEqual(told(service), ['2', '1', '3'].map(first));
    },
  },
  {
    name: 'what was committed before an effect is found by the next process after a crash in between',
    play: async (service) => {
      const found: (string | undefined)[] = [];
      const never = new Gate();
      await service.start({
        onNotice: async ({ value }, context) => {
          const store = context.store(marks);
          const intent = store.get(value.noticeId);
          if (intent) {
            found.push(intent.recordId);
            return;
          }
          store.put(value.noticeId, { recordId: 'intended', derivedAt: 0, contentHash: null });
          await context.commit();
          found.push(undefined);
          await never.passed;
        },
      });
      await service.send([numbered(1, 'e1')]);
      await service.until('the intent', () => found.length === 1);
      await service.kill();
      await service.until('the second try', () => service.outputs().length === 1);
      assert.deepEqual(found, [undefined, 'intended']);
    },
  },
  {
    name: 'whatever sets a record aside, its dead letter has its bytes, headers, error and origin',
    play: async (service) => {
      await service.start(
        {
          onNotice: ({ value: { noticeId } }) => {
            if (noticeId === 'refused')
              throw new LedgerwireError('no', { code: 'refused', disposition: 'dead-letter' });
            if (noticeId === 'late')
              throw new LedgerwireError('no', { code: 'late', disposition: 'retry', retryAfterMs: 60 });
            if (noticeId === 'given-up') throw later('given-up', 86_400_000);
          },
        },
        { retry: { baseMs: 1, capMs: 2, deadlineMs: 50 } },
      );
      const unreadable = Buffer.from([1, 2, 3]);
      await service.sendRaw({ value: unreadable, headers: { origin: 'webhook', workspace: 'w' } });
      await service.send(['refused', 'late', 'given-up'].map((id) => ({ noticeId: id, entityId: id })));
      const isParked = () => parkedOf(service).some(({ reason }) => reason === 'given-up');
      await service.until('one is parked for long', isParked);
      await service.ask({ action: 'give-up', parkedReason: 'given-up' });
      await service.until('all of them', () => service.deadLetters().length === 4);
      const letters = [...service.deadLetters()].sort((a, b) => a.originOffset - b.originOffset);
      assert.deepEqual(
        letters.map(({ errorCode }) => errorCode),
        [letters[0]?.errorCode, 'refused', 'deadline-late', 'given-up-by-operator'],
      );
      assert.match(letters[0]?.errorCode ?? '', /undecodable|unknown-schema/);
      assert.ok(letters[0]?.value?.equals(unreadable));
      assert.deepEqual(
        letters[0]?.headers.map(({ key, value }) => `${key}=${value?.toString() ?? ''}`),
        ['origin=webhook', 'workspace=w'],
      );
      const offsets = letters.map(({ originOffset }) => originOffset);
      assert.deepEqual(
        offsets.map((offset) => offset - (offsets[0] ?? 0)),
        [0, 1, 2, 3],
      );
      assert.equal(new Set(letters.map(({ originTopic }) => originTopic)).size, 1);
      assert.ok(letters.every(({ value, originPartition }) => value !== null && originPartition >= 0));
    },
  },
];

function numbered(number: number, entityId: string): Partial<ChangeNotice> {
  return { noticeId: String(number), entityId };
}

function first(noticeId: string): string {
  return `${noticeId} attempt 1`;
}
