import { expect, test } from 'vitest';
import { LruMap } from './lru-map.js';

test('forgets what was not used for longest, and says so', () => {
  const forgotten: number[] = [];
  const map = new LruMap<string, number>(2, (value) => forgotten.push(value));
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  expect(map.getOrCreate('c', () => 3)).toBe(3);
  expect(forgotten).toEqual([2]);
  expect(map.get('b')).toBeUndefined();
  expect(map.getOrCreate('a', () => 9)).toBe(1);
  map.delete('a');
  expect([...map.values()]).toEqual([3]);
});
