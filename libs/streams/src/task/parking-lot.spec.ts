import { expect, it } from 'vitest';
import { groupOf, parkedKeyOf, ParkingLot } from './parking-lot.js';

const anyRoom = (): number => Number.POSITIVE_INFINITY;

function park(lot: ParkingLot, lane: string, offset: number, wakeAt: number, key = 'tenant'): string {
  const storeKey = parkedKeyOf(lane, { topic: 'input', offset });
  lot.set(storeKey, { lane, topic: 'input', key: Buffer.from(key), wakeAt });
  return storeKey;
}

it('a lane wakes when its first record may, in the order of the input', () => {
  const lot = new ParkingLot();
  const third = park(lot, 'a', 12, 0);
  const first = park(lot, 'a', 3, 500);
  const second = park(lot, 'a', 5, 100);

  expect(lot.nextAt()).toBe(500);
  expect(lot.takeDue(499, anyRoom, 599)).toEqual([]);
  expect(lot.takeDue(500, anyRoom, 600)).toEqual([first, second, third]);
  expect(lot.isClosed('a')).toBe(false);
  expect(lot.size).toBe(0);
});

it('one that was parked late still goes before those that were parked behind it', () => {
  const lot = new ParkingLot();
  const later = park(lot, 'a', 8, 0);
  const earlier = park(lot, 'a', 7, 0);

  expect(lot.hasEarlier('a', later)).toBe(true);
  expect(lot.hasEarlier('a', earlier)).toBe(false);
});

it('takes no more of a group than there is room for, and leaves the others alone', () => {
  const lot = new ParkingLot();
  const large = Array.from({ length: 10 }, (_, offset) => park(lot, 'one-lane', offset, 0, 'large'));
  const small = park(lot, 'other', 50, 0, 'small');
  const room = (group: string): number => (group === groupOf('input', 'large') ? 4 : 9);

  expect(lot.takeDue(0, room, 100).sort()).toEqual([...large.slice(0, 4), small].sort());
  expect(lot.isClosed('one-lane')).toBe(true);
  expect(lot.nextAt()).toBe(100);
  expect(lot.takeDue(100, room, 200)).toEqual(large.slice(4, 8));
});

it('a group without room is not woken by what is parked after', () => {
  const lot = new ParkingLot();
  park(lot, 'a', 1, 0);
  lot.takeDue(0, () => 0, 100);
  park(lot, 'b', 2, 0);

  expect(lot.nextAt()).toBe(100);
  expect(lot.takeDue(100, anyRoom, 200)).toHaveLength(2);
});

it('forgets what was deleted, and the next of the lane decides when it wakes', () => {
  const lot = new ParkingLot();
  const first = park(lot, 'a', 1, 900);
  const second = park(lot, 'a', 2, 300);

  lot.delete(first);
  expect(lot.nextAt()).toBe(300);
  lot.delete(second);
  expect(lot.nextAt()).toBeUndefined();
  expect(lot.isClosed('a')).toBe(false);
});
