import { expect, test } from 'vitest';
import { openedDatabase } from '../testing/opened-database.js';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';

const begun = {
  stateDigest: 's1',
  vendor: 'books',
  workspaceId: 'w1',
  browserDigest: 'b1',
  keyId: 'k1',
  codeVerifier: Buffer.from('sealed'),
  createdAt: 0,
  expiresAt: 100,
};
const expected = { vendor: 'books', browserDigest: 'b1' };

test('a state is good once, in its browser, for its vendor and in its time', async () => {
  const { oauthStates } = await openedDatabase(createTestDatabase);
  await oauthStates.begin(begun);
  const use = async (changes: Partial<typeof expected>, now = 50, digest = 's1') =>
    (await oauthStates.use(digest, { ...expected, ...changes }, now)).kind;
  expect(await use({}, 50, 'never begun')).toBe('unknown');
  expect(await use({ vendor: 'other' })).toBe('foreign');
  expect(await use({ browserDigest: 'b2' })).toBe('foreign');
  expect(await use({}, 100)).toBe('expired');
  const uses = await Promise.all(Array.from({ length: 5 }, () => use({})));
  expect(uses.toSorted()).toEqual(['fresh', 'used', 'used', 'used', 'used']);
  expect(await use({})).toBe('used');
});

test('states are deleted a while after they ended', async () => {
  const { oauthStates } = await openedDatabase(createTestDatabase);
  await oauthStates.begin(begun);
  expect(await oauthStates.deleteEndedBefore(100)).toBe(0);
  expect(await oauthStates.deleteEndedBefore(101)).toBe(1);
});
