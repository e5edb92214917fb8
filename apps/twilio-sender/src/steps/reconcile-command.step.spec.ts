import { expect, test } from 'vitest';
import { parsePolicy } from './reconcile-command.step.js';

test.each([
  ['never', { kind: 'never' }],
  ['ask', { kind: 'ask' }],
  ['repeat-after:15', { kind: 'repeat-after', afterMs: 900_000 }],
  ['repeat-after:', { kind: 'never' }],
  ['repeat-after:-1', { kind: 'never' }],
  ['always', { kind: 'never' }],
])('reads the policy %s', (text, policy) => {
  expect(parsePolicy(text)).toEqual(policy);
});
