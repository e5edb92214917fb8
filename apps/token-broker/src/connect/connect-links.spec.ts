import { expect, test } from 'vitest';
import { ManualClock } from '#libs/core';
import { MasterKeys } from '../crypto/master-keys.js';
import { newKey } from '../testing/broker-instance.js';
import { ConnectLinks } from './connect-links.js';

const [oldKey, nextKey] = [newKey('k1'), newKey('k2')];

function linksWith(keys: string, clock = new ManualClock(0)): ConnectLinks {
  return new ConnectLinks(MasterKeys.parse(keys), clock);
}

test('a link is good for its vendor, workspace and time, and for nothing else', async () => {
  const clock = new ManualClock(0);
  const links = linksWith(oldKey, clock);
  const link = links.create({ vendor: 'xero', workspaceId: 'w1', mayWrite: false }, 1_000);
  expect(links.check(link)).toBe('good');
  for (const change of [
    { vendor: 'other' },
    { workspaceId: 'w2' },
    { mayWrite: true },
    { expiresAt: 2_000 },
    { signature: '' },
  ])
    expect(links.check({ ...link, ...change })).toBe('forged');
  await clock.advance(1_000);
  expect(links.check(link)).toBe('expired');
});

test('a link outlives a rotation of the master key until the old key is taken away', () => {
  const link = linksWith(oldKey).create({ vendor: 'xero', workspaceId: 'w1', mayWrite: true }, 1_000);
  expect(linksWith(`${nextKey},${oldKey}`).check(link)).toBe('good');
  expect(linksWith(nextKey).check(link)).toBe('forged');
});
