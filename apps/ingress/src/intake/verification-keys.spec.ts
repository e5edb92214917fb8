import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#libs/core';
import { SECRET, startTestIngress, type TestIngress } from '../testing/test-ingress.js';
import { changeEvent, signed } from '../testing/test-vendor.js';

let ingress: TestIngress | undefined;

afterEach(async () => {
  await ingress?.server.close();
  ingress = undefined;
});

async function start(clock: ManualClock): Promise<TestIngress> {
  ingress = await startTestIngress({ clock });
  return ingress;
}

async function statusOf(to: TestIngress, secret: string): Promise<number> {
  const payload = JSON.stringify([changeEvent()]);
  const answer = await to.server.inject({
    method: 'POST',
    url: '/webhooks/test',
    payload,
    headers: { 'x-test-signature': signed(payload, secret) },
  });
  return answer.statusCode;
}

const rotated = [
  { keyId: 'next', secret: 'next' },
  { keyId: 'primary', secret: SECRET },
];

describe('verification keys', () => {
  it('are asked for once and then kept', async () => {
    const to = await start(new ManualClock());
    await Promise.all([statusOf(to, SECRET), statusOf(to, SECRET)]);
    expect(await statusOf(to, SECRET)).toBe(200);
    expect(to.keys.asked).toBe(1);
  });

  it('are asked for again when a signature fails, so that a rotated key works at once', async () => {
    const clock = new ManualClock();
    const to = await start(clock);
    expect(await statusOf(to, SECRET)).toBe(200);
    to.keys.keys = rotated;
    await clock.advance(5_000);
    expect(await statusOf(to, 'next')).toBe(200);
    expect(await statusOf(to, SECRET)).toBe(200);
    expect(to.keys.asked).toBe(2);
  });

  it('are not asked for more often than every few seconds, however many forgeries come', async () => {
    const clock = new ManualClock();
    const to = await start(clock);
    for (let forgery = 0; forgery < 20; forgery += 1) expect(await statusOf(to, 'guess')).toBe(401);
    expect(to.keys.asked).toBe(1);
    await clock.advance(5_000);
    await Promise.all([statusOf(to, 'guess'), statusOf(to, 'guess')]);
    expect(to.keys.asked).toBe(2);
  });

  it('that were never known make the answer 503 while token-broker is away', async () => {
    const to = await start(new ManualClock());
    to.keys.failure = new Error('away');
    expect(await statusOf(to, SECRET)).toBe(503);
    expect(to.failures).toEqual([expect.objectContaining({ code: 'verification-keys-unavailable' })]);
    to.keys.failure = undefined;
    expect(await statusOf(to, SECRET)).toBe(200);
  });

  it('that are known serve on while token-broker is away, and a forgery stays a forgery', async () => {
    const clock = new ManualClock();
    const to = await start(clock);
    await statusOf(to, SECRET);
    to.keys.failure = new Error('away');
    await clock.advance(3_600_000);
    expect(await statusOf(to, SECRET)).toBe(200);
    expect(await statusOf(to, 'guess')).toBe(401);
  });

  it('that were taken back are forgotten after their age', async () => {
    const clock = new ManualClock();
    const to = await start(clock);
    expect(await statusOf(to, SECRET)).toBe(200);
    to.keys.keys = [{ keyId: 'next', secret: 'next' }];
    await clock.advance(60_000);
    await statusOf(to, SECRET);
    await clock.advance(1);
    expect(await statusOf(to, SECRET)).toBe(401);
  });
});
