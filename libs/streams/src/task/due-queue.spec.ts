import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueQueue } from './due-queue.js';

it('gives keys in the order of their last time, whatever was set and deleted before', () => {
  const change = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.option(fc.nat(50)) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const queue = new DueQueue();
      const expected = new Map<string, number>();
      for (const { key, at } of changes) {
        if (at === null) {
          queue.delete(key);
          expected.delete(key);
        } else {
          queue.set(key, at);
          expected.set(key, at);
        }
        expect(queue.nextAt()).toBe(expected.size === 0 ? undefined : Math.min(...expected.values()));
      }
      const taken: number[] = [];
      for (let key = queue.takeNext(50); key !== undefined; key = queue.takeNext(50)) {
        taken.push(expected.get(key) ?? -1);
        expected.delete(key);
      }
      expect(expected.size).toBe(0);
      expect(taken).toEqual([...taken].sort((a, b) => a - b));
    }),
  );
});

it('takes nothing before its time', () => {
  const queue = new DueQueue();
  queue.set('a', 10);
  expect(queue.takeNext(9)).toBeUndefined();
  expect(queue.takeNext(10)).toBe('a');
  expect(queue.size).toBe(0);
});
