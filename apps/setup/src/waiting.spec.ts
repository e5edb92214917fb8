import { describe, expect, it } from 'vitest';
import { LedgerwireError, ManualClock } from '#libs/core';
import { whenReady } from './waiting.js';

function away(message: string): LedgerwireError {
  return new LedgerwireError(message, { code: 'away', disposition: 'retry' });
}

describe('waiting for a dependency', () => {
  it('goes on as soon as it answers, and says meanwhile what it waits for', async () => {
    const clock = new ManualClock();
    const said: string[] = [];
    let attempts = 0;
    const ready = whenReady('Kafka', { clock, limitMs: 60_000, say: (line) => said.push(line) }, () => {
      attempts += 1;
      return attempts < 20 ? Promise.reject(away('no broker answers')) : Promise.resolve('here');
    });
    await clock.advance(0);
    await clock.advance(20_000);
    await expect(ready).resolves.toBe('here');
    expect(attempts).toBe(20);
    expect(said).toEqual([
      'waiting for Kafka (0 of 60 s): no broker answers',
      'waiting for Kafka (5 of 60 s): no broker answers',
    ]);
  });

  it('gives up after its limit with the last reason', async () => {
    const clock = new ManualClock();
    const ready = whenReady('PostgreSQL', { clock, limitMs: 2_000, say: () => undefined }, () =>
      Promise.reject(away('connection refused')),
    );
    ready.catch(() => undefined);
    await clock.advance(0);
    await clock.advance(5_000);
    await expect(ready).rejects.toThrow('PostgreSQL did not answer for 2 s: connection refused');
  });

  it('does not wait for what will not get better', async () => {
    const final = new LedgerwireError('wrong password', { code: 'refused', disposition: 'halt' });
    const ready = whenReady(
      'Kafka',
      { clock: new ManualClock(), limitMs: 60_000, say: () => undefined },
      () => Promise.reject(final),
    );
    await expect(ready).rejects.toBe(final);
  });
});
