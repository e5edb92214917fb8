import { ManualClock } from '#libs/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../logging/logger.js';
import { Lifecycle, type ShutdownPhase, shutdownPhases } from './lifecycle.js';

const never = new Promise<void>(() => undefined);
let clock: ManualClock;
let lifecycle: Lifecycle;
let order: string[];

beforeEach(() => {
  clock = new ManualClock();
  lifecycle = new Lifecycle(silentLogger, clock, () => undefined, {
    drainTimeoutMs: 8_000,
    closeTimeoutMs: 2_000,
  });
  order = [];
});

function hook(phase: ShutdownPhase, name: string, run: () => Promise<void> | void = () => undefined): void {
  lifecycle.onShutdown(phase, name, () => {
    order.push(name);
    return run();
  });
}

describe('Lifecycle', () => {
  it('runs the phases in order, whatever the order of registration', async () => {
    for (const phase of [...shutdownPhases].reverse()) hook(phase, phase);
    expect(await lifecycle.shutdown('test')).toBe(true);
    expect(order).toEqual(['stop-intake', 'drain', 'flush', 'close']);
    expect(lifecycle.state).toBe('stopped');
  });

  it('waits for all hooks of a phase before the next', async () => {
    const slow = Promise.withResolvers<void>();
    hook('drain', 'slow', () => slow.promise);
    hook('drain', 'quick');
    hook('flush', 'after');
    const stopped = lifecycle.shutdown('test');
    await clock.advance(1_000);
    expect(order).toEqual(['slow', 'quick']);
    slow.resolve();
    await stopped;
    expect(order).toEqual(['slow', 'quick', 'after']);
  });

  it('closes even when the drain takes too long, and says that it was not clean', async () => {
    hook('drain', 'stuck', () => never);
    hook('flush', 'flush');
    hook('close', 'close');
    const stopped = lifecycle.shutdown('test');
    await clock.advance(7_999);
    expect(order).toEqual(['stuck']);
    await clock.advance(1);
    expect(await stopped).toBe(false);
    expect(order).toEqual(['stuck', 'close']);
  });

  it('leaves out the phases that were still to come when the time ran out, also if the stuck hook ends later', async () => {
    const late = Promise.withResolvers<void>();
    hook('stop-intake', 'late', () => late.promise);
    hook('drain', 'drain');
    const stopped = lifecycle.shutdown('test');
    await clock.advance(8_000);
    expect(await stopped).toBe(false);
    late.resolve();
    await clock.advance(0);
    expect(order).toEqual(['late']);
  });

  it('does not wait for ever for a close either', async () => {
    hook('close', 'stuck', () => never);
    const stopped = lifecycle.shutdown('test');
    // Lets the empty phases before it go by.
    await clock.advance(0);
    await clock.advance(2_000);
    expect(await stopped).toBe(false);
  });

  it('goes on after a hook that throws, and says that it was not clean', async () => {
    hook('stop-intake', 'broken', () => {
      throw new Error('broken');
    });
    hook('drain', 'next');
    expect(await lifecycle.shutdown('test')).toBe(false);
    expect(order).toEqual(['broken', 'next']);
  });

  it('stops once, however often it is asked', async () => {
    hook('close', 'close');
    expect(await Promise.all([lifecycle.shutdown('a'), lifecycle.shutdown('b')])).toEqual([true, true]);
    expect(order).toEqual(['close']);
  });

  it('runs only after its start, and not when it is stopping by then', async () => {
    expect(lifecycle.state).toBe('starting');
    const stopped = lifecycle.shutdown('test');
    lifecycle.started();
    expect(lifecycle.state).toBe('stopping');
    await stopped;
  });

  it('leaves no timer behind', async () => {
    await lifecycle.shutdown('test');
    expect(clock.nextTimerAt()).toBeUndefined();
  });
});
