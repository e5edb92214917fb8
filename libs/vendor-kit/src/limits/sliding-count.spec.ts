import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingCount } from './sliding-count.js';

test('never counts less than what happened in the last window', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 3 })));
  fc.assert(
    fc.property(steps, (events) => {
      const count = new SlidingCount(1000, 10, 0);
      const happened: { at: number; times: number }[] = [];
      let now = 0;
      for (const [wait, times] of events) {
        now += wait;
        count.add(now, times);
        happened.push({ at: now, times });
        const within = (windowMs: number): number =>
          happened.filter(({ at }) => at > now - windowMs).reduce((sum, event) => sum + event.times, 0);
        expect(count.total(now)).toBeGreaterThanOrEqual(within(1000));
        expect(count.total(now)).toBeLessThanOrEqual(within(1100));
      }
    }),
  );
});

test('names the first moment at which there is room again', () => {
  const times = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 20 }), (waits, limit) => {
      const count = new SlidingCount(1000, 10, 0);
      let now = 0;
      for (const wait of waits) count.add((now += wait / 5), 1);
      const freeAt = count.belowAt(now, limit);
      const full = freeAt === now || count.total(freeAt - 0.001) >= limit;
      expect(full).toBe(true);
      expect(count.total(freeAt)).toBeLessThan(limit);
    }),
  );
});
