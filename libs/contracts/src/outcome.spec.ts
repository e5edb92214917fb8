import { expect, test } from 'vitest';
import { encodeValue } from './schema.js';
import { outcomeSchema } from './generated/schemas.js';
import { outcomeOf, traceIdOf } from './outcome.js';

const sent = { workspaceId: 'w', step: 'send', status: 'sent', service: 's', at: 1, what: 'c1' };

test('completes an outcome so that it fits its schema', () => {
  expect(encodeValue(outcomeSchema, outcomeOf(sent)).length).toBeGreaterThan(40);
});

test('gives the same id when a step is repeated, whatever the time and the service', () => {
  const again = outcomeOf({ ...sent, at: 2, service: 'other', detail: 'x' });
  expect(again.outcomeId).toBe(outcomeOf(sent).outcomeId);
});

test.each([{ step: 'map' }, { status: 'failed' }, { reason: 'r' }, { what: 'c2' }, { attempt: 2 }])(
  'gives another id for %o',
  (difference) => {
    expect(outcomeOf({ ...sent, ...difference }).outcomeId).not.toBe(outcomeOf(sent).outcomeId);
  },
);

test('reads the trace id of a traceparent and nothing of what is none', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  expect(traceIdOf(`00-${trace}-00f067aa0ba902b7-01`)).toBe(trace);
  expect(traceIdOf('00-xyz')).toBeNull();
  expect(traceIdOf(undefined)).toBeNull();
});
