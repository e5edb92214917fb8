import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MasterKeys } from './master-keys.js';
import { SecretBox, type SecretPlace } from './secret-box.js';

const oldKey = randomBytes(32).toString('base64');
const newKey = randomBytes(32).toString('base64');
const place: SecretPlace = { table: 'grants', row: 'g1', column: 'refresh_token' };

function boxOf(keys: string): SecretBox {
  return new SecretBox(MasterKeys.parse(keys));
}

test('opens whatever text it sealed', () => {
  const box = boxOf(`k1:${oldKey}`);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
      expect(box.open(box.seal(secret, place), place, 'k1')).toBe(secret);
    }),
  );
});

test('seals the same secret differently each time', () => {
  const box = boxOf(`k1:${oldKey}`);
  expect(box.seal('same', place).equals(box.seal('same', place))).toBe(false);
});

test('refuses a secret with any one bit changed or its end cut off', () => {
  const box = boxOf(`k1:${oldKey}`);
  const sealed = box.seal('a refresh token', place);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const tampered = Buffer.from(sealed);
    tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => box.open(tampered, place, 'k1')).toThrow(/cannot be opened/);
  }
  for (let length = 0; length < sealed.length; length += 1)
    expect(() => box.open(sealed.subarray(0, length), place, 'k1')).toThrow(/cannot be opened/);
});

test.each([{ table: 'other' }, { row: 'g2' }, { column: 'access_token' }])(
  'refuses a secret that was moved to %o',
  (moved) => {
    const box = boxOf(`k1:${oldKey}`);
    const sealed = box.seal('a refresh token', place);
    expect(() => box.open(sealed, { ...place, ...moved }, 'k1')).toThrow(
      expect.objectContaining({ code: 'sealed-secret-damaged', disposition: 'halt' }),
    );
  },
);

test('after a rotation seals with the new key and still opens with the old one', () => {
  const sealedBefore = boxOf(`k1:${oldKey}`).seal('old secret', place);
  const box = boxOf(`k2:${newKey},k1:${oldKey}`);
  expect(box.currentKeyId).toBe('k2');
  expect(box.open(sealedBefore, place, 'k1')).toBe('old secret');
  expect(boxOf(`k2:${newKey}`).open(box.seal('new secret', place), place, 'k2')).toBe('new secret');
});

test('says which key is missing and which there are', () => {
  expect(() => boxOf(`k2:${newKey}`).open(Buffer.alloc(40), place, 'k1')).toThrow(
    /"k1", which LEDGERWIRE_MASTER_KEYS does not hold \(it holds k2\)/,
  );
});

test('does not open with another key under the same id', () => {
  const sealed = boxOf(`k1:${oldKey}`).seal('secret', place);
  expect(() => boxOf(`k1:${newKey}`).open(sealed, place, 'k1')).toThrow(/cannot be opened/);
});

test.each([
  ['', /entry 1 must be id:base64/],
  ['k1', /entry 1 must be id:base64/],
  [`:${oldKey}`, /entry 1/],
  [`k1:${oldKey},k2`, /entry 2/],
  [`k1:${oldKey},k1:${newKey}`, /names key k1 twice/],
  [`k1:${randomBytes(16).toString('base64')}`, /key k1 must be 32 bytes/],
  [`k1:${oldKey.slice(0, -3)}`, /key k1 must be 32 bytes/],
  [`k1:!${oldKey.slice(1)}`, /key k1 must be 32 bytes/],
])('refuses the key list %j without showing a key', (text, message) => {
  const parsing = (): MasterKeys => MasterKeys.parse(text);
  expect(parsing).toThrow(message);
  for (const key of [oldKey, newKey]) expect(parsing).not.toThrow(key);
});

test('keys do not show when the ring is printed', () => {
  const keys = MasterKeys.parse(`k1:${oldKey}`);
  const printed = JSON.stringify({ keys }) + inspect(keys, { depth: 9, showHidden: true });
  const hex = Buffer.from(oldKey, 'base64').toString('hex');
  for (const form of [oldKey, hex, hex.replaceAll(/(..)(?=.)/g, '$1 ')]) expect(printed).not.toContain(form);
});
