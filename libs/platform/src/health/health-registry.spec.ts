import { LedgerwireError, ManualClock } from '#libs/core';
import { describe, expect, it } from 'vitest';
import { HealthRegistry } from './health-registry.js';

describe('HealthRegistry', () => {
  it('asks the indicators of the kind that is asked for', async () => {
    const registry = new HealthRegistry(new ManualClock());
    registry.register({
      name: 'kafka',
      kind: 'live',
      check: () => ({ up: true, details: { ageSeconds: 1 } }),
    });
    registry.register({ name: 'database', kind: 'ready', check: () => Promise.resolve({ up: false }) });
    expect(await registry.check('live')).toEqual([{ name: 'kafka', up: true, details: { ageSeconds: 1 } }]);
    expect(await registry.check('ready')).toEqual([{ name: 'database', up: false }]);
  });

  it('takes a failed check for down and shows its code, not its message', async () => {
    const registry = new HealthRegistry(new ManualClock());
    registry.register({
      name: 'broken',
      kind: 'ready',
      check: () => {
        throw new LedgerwireError('postgres://me:pw@db', { code: 'database-away', disposition: 'retry' });
      },
    });
    const [result] = await registry.check('ready');
    expect(result).toMatchObject({ up: false, details: { code: 'database-away' } });
    expect(JSON.stringify(result)).not.toContain('pw@');
  });

  it('takes a check that does not answer for down, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const registry = new HealthRegistry(clock);
    registry.register({ name: 'stuck', kind: 'live', check: () => new Promise(() => undefined) });
    const results = registry.check('live');
    await clock.advance(2_000);
    expect(await results).toMatchObject([
      { name: 'stuck', up: false, details: { reason: 'no answer in time' } },
    ]);
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('refuses a name that is taken', () => {
    const registry = new HealthRegistry(new ManualClock());
    registry.register({ name: 'kafka', kind: 'live', check: () => ({ up: true }) });
    expect(() => registry.register({ name: 'kafka', kind: 'ready', check: () => ({ up: true }) })).toThrow(
      /kafka exists already/,
    );
  });
});
