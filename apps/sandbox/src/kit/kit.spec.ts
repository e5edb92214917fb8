import { describe, expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import { Ids } from './ids.js';
import { FixedWindow, SlidingWindow } from './rate-window.js';
import { SandboxClock } from './sandbox-clock.js';
import { TruthLedger } from './truth-ledger.js';
import { WebhookHabits } from './webhook-habits.js';

describe('the clock', () => {
  test('runs what becomes due in order of time, then of creation, when it jumps', () => {
    const clock = new SandboxClock(new ManualClock());
    const ran: string[] = [];
    clock.after(2000, () => ran.push('late'));
    clock.after(1000, () => {
      ran.push('first');
      clock.after(500, () => ran.push('child'));
    });
    clock.after(1000, () => ran.push('second'));
    const cancel = clock.after(1500, () => ran.push('cancelled'));
    cancel();
    clock.advance(1999);
    expect(ran).toEqual(['first', 'second', 'child']);
    clock.advance(1);
    expect(ran).toEqual(['first', 'second', 'child', 'late']);
    expect(clock.state().timers).toBe(0);
  });

  test('is not behind the machine, however often that goes on between two looks at it', () => {
    let now = 1_000_000;
    const clock = new SandboxClock({ now: () => (now += 1), after: () => () => undefined });
    expect(clock.state().aheadMs).toBe(0);
    clock.setSpeed(2);
    clock.setSpeed(1);
    expect(clock.state().aheadMs).toBe(1);
    clock.reset();
    expect(clock.state().aheadMs).toBe(0);
  });

  test('follows the machine’s time, as many times faster as it is told', async () => {
    const real = new ManualClock(1_000_000);
    const clock = new SandboxClock(real);
    let ran = 0;
    clock.after(60_000, () => {
      ran += 1;
    });
    clock.setSpeed(60);
    await real.advance(999);
    expect(ran).toBe(0);
    await real.advance(1);
    expect(ran).toBe(1);
    expect(clock.now()).toBe(1_060_000);
    clock.setSpeed(1);
    await real.advance(10);
    expect(clock.now()).toBe(1_060_010);
    clock.reset();
    expect(clock.now()).toBe(real.now());
  });

  test('keeps thousands of timers in order', async () => {
    const real = new ManualClock();
    const clock = new SandboxClock(real);
    const delays = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 5003);
    const ran: number[] = [];
    for (const delay of delays) clock.after(delay, () => ran.push(delay));
    await real.advance(6000);
    expect(ran).toEqual(delays.toSorted((a, b) => a - b));
  });
});

describe('rate windows', () => {
  test('a sliding window frees a call when it is a window old', () => {
    const window = new SlidingWindow(60_000, 2);
    expect(window.take(0)).toMatchObject({ allowed: true, remaining: 1 });
    expect(window.take(30_000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(window.take(59_000)).toEqual({ allowed: false, remaining: 0, retryAfterSeconds: 1 });
    expect(window.take(60_000).allowed).toBe(true);
    expect(window.take(60_500)).toMatchObject({ allowed: false, retryAfterSeconds: 30 });
    expect(window.take(10 * 60_000).remaining).toBe(1);
  });

  test('a fixed window frees all calls at once', () => {
    const window = new FixedWindow(86_400_000, 1, 3_600_000);
    expect(window.take(0).allowed).toBe(true);
    expect(window.take(1000)).toEqual({ allowed: false, remaining: 0, retryAfterSeconds: 3599 });
    expect(window.take(3_600_000).allowed).toBe(true);
  });

  test('no limit never refuses', () => {
    const window = new SlidingWindow(1000, null);
    expect(window.take(0).allowed).toBe(true);
    expect(window.take(0).allowed).toBe(true);
  });
});

test('identifiers repeat with a seed and never without', () => {
  expect(new Ids(1).uuid()).toBe(new Ids(1).uuid());
  expect(new Ids().uuid()).not.toBe(new Ids().uuid());
  expect(new Ids(1).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const ids = new Ids();
  const pinned: string[] = [];
  for (const _ of [1, 2]) ids.pinned('world', () => pinned.push(ids.sid('SM')));
  expect(pinned[0]).toMatch(/^SM[0-9a-f]{32}$/);
  expect(pinned[0]).toBe(pinned[1]);
});

test('the ledger numbers effects and shows the hash of the text, not the text', () => {
  const ledger = new TruthLedger(new ManualClock(Date.UTC(2026, 10, 21)));
  const effect = { vendor: 'twilio', kind: 'message', action: 'create', account: 'AC1', id: 'SM1' };
  ledger.record({ ...effect, body: 'abc' });
  ledger.record({ ...effect, id: 'SM2', account: 'AC2' });
  expect(ledger.read({})).toMatchObject([
    {
      sequence: 1,
      at: '2026-11-21T00:00:00.000Z',
      bodyHash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    },
    { sequence: 2, id: 'SM2' },
  ]);
  expect(ledger.read({})[0]).not.toHaveProperty('body');
  expect(ledger.read({ after: 1 })).toHaveLength(1);
  expect(ledger.read({ account: 'AC1' })).toHaveLength(1);
});

test('webhook habits choose the same webhooks for the same seed', () => {
  const run = (): number[] => {
    const habits = new WebhookHabits();
    habits.change({ dropFraction: 0.3, duplicates: 1, duplicateFraction: 0.5, jitterMs: 10, seed: 5 });
    return Array.from({ length: 200 }, () => habits.decide().delaysMs.length);
  };
  expect(run()).toEqual(run());
  expect(new Set(run())).toEqual(new Set([0, 1, 2]));
});
