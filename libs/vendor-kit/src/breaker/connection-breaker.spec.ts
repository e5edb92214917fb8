import { ManualClock } from '#libs/core';
import { expect, test } from 'vitest';
import {
  BreakerOpen,
  type BreakerState,
  ConnectionBreaker,
  defaultBreakerOptions,
} from './connection-breaker.js';

class VendorDown extends Error {}

function create(): {
  clock: ManualClock;
  breaker: ConnectionBreaker;
  transitions: BreakerState[];
  fail: (error?: Error) => Promise<unknown>;
  succeed: () => Promise<unknown>;
} {
  const clock = new ManualClock();
  const transitions: BreakerState[] = [];
  const breaker = new ConnectionBreaker(
    clock,
    defaultBreakerOptions,
    (error) => error instanceof VendorDown,
    (to) => void transitions.push(to),
  );
  const settle = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
  return {
    clock,
    breaker,
    transitions,
    fail: (failure = new VendorDown('down')) => settle(breaker.run(() => Promise.reject(failure))),
    succeed: () => settle(breaker.run(() => Promise.resolve('fine'))),
  };
}

test('opens when most of enough requests fail and says when to come back', async () => {
  const { breaker, fail, clock, transitions } = create();
  for (let call = 0; call < 5; call++) await fail();
  expect(breaker.state).toBe('open');
  expect(transitions).toEqual(['open']);
  await clock.advance(10_000);
  const refused = await fail();
  expect(refused).toBeInstanceOf(BreakerOpen);
  expect(refused).toMatchObject({ nextTryInMs: 20_000 });
});

test('stays closed with few requests, with few failures, and for errors that are not the vendor’s', async () => {
  const few = create();
  for (let call = 0; call < 4; call++) await few.fail();
  expect(few.breaker.state).toBe('closed');

  const mixed = create();
  for (let call = 0; call < 20; call++) await (call % 2 === 0 ? mixed.succeed() : mixed.fail());
  expect(mixed.breaker.state).toBe('closed');

  const refusals = create();
  for (let call = 0; call < 20; call++)
    expect(await refusals.fail(new Error('429'))).toMatchObject({ message: '429' });
  expect(refusals.breaker.state).toBe('closed');
});

test('forgets failures that are older than its window', async () => {
  const { breaker, fail, clock } = create();
  for (let call = 0; call < 4; call++) await fail();
  await clock.advance(31_000);
  for (let call = 0; call < 4; call++) await fail();
  expect(breaker.state).toBe('closed');
});

test('lets one request try after its rest, which closes or opens it again', async () => {
  const { breaker, fail, succeed, clock, transitions } = create();
  for (let call = 0; call < 5; call++) await fail();
  await clock.advance(30_000);
  expect(breaker.state).toBe('half-open');
  const trial = Promise.withResolvers<string>();
  const first = breaker.run(() => trial.promise).catch((error: unknown) => error);
  expect(await succeed()).toBeInstanceOf(BreakerOpen);
  trial.reject(new VendorDown('still down'));
  await first;
  expect(breaker.state).toBe('open');
  await clock.advance(30_000);
  expect(await succeed()).toBe('fine');
  expect(transitions).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  expect(await succeed()).toBe('fine');
});

test('an answer from before the rest does not decide the trial', async () => {
  const { breaker, fail, clock } = create();
  const old = Promise.withResolvers<string>();
  const slow = breaker.run(() => old.promise).catch((error: unknown) => error);
  for (let call = 0; call < 6; call++) await fail();
  await clock.advance(30_000);
  expect(breaker.state).toBe('half-open');
  old.resolve('late');
  expect(await slow).toBe('late');
  expect(breaker.state).toBe('half-open');
});
