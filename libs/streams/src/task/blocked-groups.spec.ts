import { beforeEach, describe, expect, it } from 'vitest';
import { BlockedGroups } from './blocked-groups.js';

const ROOM = 500;
let now = 0;
let groups: BlockedGroups;

beforeEach(() => {
  now = 1_000_000;
  groups = new BlockedGroups({ now: () => now });
});

function refuse(times: number, forMs: number, group = 'c1'): void {
  for (let time = 0; time < times; time += 1) groups.refused(group, now + forMs);
}

describe('BlockedGroups', () => {
  it('holds a group that is refused again and again until the named time, and no other', () => {
    refuse(8, 5_000);
    expect(groups.isHeld('c1')).toBe(true);
    expect(groups.roomIn('c1', ROOM)).toBe(0);
    expect(groups.roomIn('c2', ROOM)).toBe(ROOM);
    now += 5_000;
    expect(groups.isHeld('c1')).toBe(false);
  });

  it('does not hold a group for a few refusals, nor for many with work done in between', () => {
    refuse(7, 5_000);
    groups.passed('c1');
    refuse(7, 5_000);
    expect(groups.roomIn('c1', ROOM)).toBe(ROOM);
  });

  it('then tries a few of its records, and no more until their result can be known', () => {
    refuse(8, 5_000);
    now += 5_000;
    expect(groups.roomIn('c1', ROOM)).toBe(8);
    expect(groups.roomIn('c1', ROOM)).toBe(0);
    now += 1_000;
    expect(groups.roomIn('c1', 3)).toBe(3);
  });

  it('gives all the room back with the first record that passes', () => {
    refuse(100, 5_000);
    now += 5_000;
    groups.roomIn('c1', ROOM);
    groups.passed('c1');
    expect(groups.roomIn('c1', ROOM)).toBe(ROOM);
  });

  it('tries at least every ten seconds, whatever time was named', () => {
    refuse(8, 3_600_000);
    now += 10_000;
    expect(groups.roomIn('c1', ROOM)).toBe(8);
  });

  it('holds nothing when an operator lets everything through', () => {
    refuse(8, 5_000);
    groups.clear();
    expect(groups.roomIn('c1', ROOM)).toBe(ROOM);
  });
});
