import { NotFoundException } from '@nestjs/common';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { LedgerwireError } from '#libs/core';
import { VendorError } from '#libs/vendor-kit';
import { type RefusalCode, refusal, refusals } from '../refusal.js';
import { apiErrorOf } from './api-error.filter.js';
import { InvalidInput } from './invalid-input.js';

const vendorAway = new VendorError('down', {
  code: 'vendor-unavailable',
  disposition: 'retry',
  vendor: 'books',
  effect: 'none',
  retryAfterMs: 7_000,
});
const damaged = new LedgerwireError('row x is damaged', {
  code: 'sealed-secret-damaged',
  disposition: 'halt',
});

test.each([
  ['an unknown connection', refusal('unknown-connection', 'm'), 404, undefined],
  ['a lost consent', refusal('needs-reauthorisation', 'm'), 409, undefined],
  ['a token that is not ready', refusal('token-not-ready', 'm', 4_000), 503, 4_000],
  ['a vendor without credentials', refusal('vendor-not-configured', 'm'), 503, 2_000],
  ['a vendor that is away', vendorAway, 503, 7_000],
  ['a damaged secret', damaged, 500, undefined],
  ["the framework's own", new NotFoundException(), 404, undefined],
  ['a database that is away', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 503, 2_000],
  ['a mistake of ours', new TypeError('secret of x is undefined'), 500, undefined],
])('answers %s with its status', (_what, error, status, retryAfterMs) => {
  expect(apiErrorOf(error)).toMatchObject({
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
});

test('says nothing about a mistake of ours', () => {
  expect(JSON.stringify(apiErrorOf(new TypeError('secret of x is undefined')))).not.toContain('secret');
});

test('a service that gets 409 may take it that the owner has to act, since nothing else that services ask answers so', () => {
  const forServices: RefusalCode[] = [
    'unknown-connection',
    'connection-disconnected',
    'not-by-consent',
    'not-by-keys',
    'token-not-ready',
  ];
  for (const code of forServices) expect(refusals[code].status).not.toBe(409);
});

test('names every field that does not fit and none of its values', () => {
  const schema = z.strictObject({ name: z.string(), nested: z.object({ count: z.int() }) });
  const read = (): unknown => InvalidInput.read(schema, { name: 7, nested: { count: 'hunter2' }, extra: 1 });
  expect(read).toThrow(
    expect.objectContaining({
      code: 'invalid-input',
      problems: expect.arrayContaining([
        expect.objectContaining({ field: 'name' }),
        expect.objectContaining({ field: 'nested.count' }),
      ]),
    }),
  );
  expect(read).not.toThrow(/hunter2/);
});
