import { expect, test } from 'vitest';
import { LedgerwireError } from '#libs/core';
import { FakeCarrier, failure, lostAnswer, refusal, tooMany } from '../testing/fake-carrier.js';
import { judgeFailure } from './judge-failure.step.js';

const messaging = new FakeCarrier(() => 0);

function judge(error: unknown, refusals = 0, random = () => 0) {
  return judgeFailure(error, { messaging, refusals, configurationWaitMs: 60_000, random });
}

test.each([
  ['a reset after the request was written', lostAnswer],
  ['a 5xx', failure({ code: 'vendor-unavailable', disposition: 'retry', status: 503, effect: 'unknown' })],
  ['an answer that cannot be read', failure({ code: 'vendor-bad-answer', status: 201, effect: 'unknown' })],
  [
    'an error that says nothing of its effect',
    new LedgerwireError('?', { code: 'odd', disposition: 'retry' }),
  ],
])('doubts after %s', (_name, error) => {
  expect(judge(error).kind).toBe('doubt');
});

test.each([
  ['429', tooMany],
  ['an open breaker', failure({ code: 'vendor-breaker-open', disposition: 'park' })],
  ['our own limiter', failure({ code: 'vendor-limit-wait', disposition: 'park' })],
  ['a vendor that cannot be reached', failure({ code: 'vendor-unreachable', disposition: 'retry' })],
  ['refused credentials', failure({ code: 'vendor-unauthorised', disposition: 'park', status: 401 })],
])('lets the command go again after %s, however often', (_name, error) => {
  expect(judge(error, 999)).toMatchObject({ kind: 'release', error, bounded: false });
});

test('goes by the table of message errors for a refusal', () => {
  expect(judge(refusal(21211))).toMatchObject({
    kind: 'refuse',
    reason: 'invalid-number',
    errorCode: '21211',
  });
  expect(judge(refusal(21610))).toMatchObject({ kind: 'opted-out', errorCode: '21610' });
  expect(judge(refusal(21408))).toMatchObject({
    kind: 'release',
    error: { code: 'country-not-enabled', disposition: 'park', retryAfterMs: 60_000 },
  });
});

test('bounds the repeats of a refusal that may pass, and waits longer each time', () => {
  expect(judge(refusal(30003), 0)).toMatchObject({ bounded: true, error: { retryAfterMs: 900_000 } });
  expect(judge(refusal(30003), 1)).toMatchObject({ kind: 'release', error: { retryAfterMs: 1_800_000 } });
  expect(judge(refusal(30003), 1, () => 0.999_999_9)).toMatchObject({ error: { retryAfterMs: 3_600_000 } });
  expect(judge(refusal(30003), 2)).toMatchObject({ kind: 'refuse', reason: 'handset-unreachable' });
});

test('hands on what nobody classified, so that the service halts', () => {
  const bug = new TypeError('a mistake of ours');
  expect(() => judge(bug)).toThrow(bug);
});
