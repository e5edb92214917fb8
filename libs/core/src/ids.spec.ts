import { expect, test } from 'vitest';
import { commandIdOf, digestOf, uuidV5 } from './ids.js';

const identity = { flowId: 'f', flowStep: 's', businessEvent: 'invoice 42 issued', target: '+4412' };

test('agrees with the example of RFC 9562 appendix A.4', () => {
  expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', ['www.example.com'])).toBe(
    '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  );
});

test('gives one effect one id and other effects other ids', () => {
  expect(commandIdOf(identity)).toBe(commandIdOf({ ...identity }));
  expect(commandIdOf({ ...identity, businessEvent: 'invoice 42 overdue 5' })).not.toBe(commandIdOf(identity));
  expect(commandIdOf(identity)).toHaveLength(36);
});

test('does not confuse parts that join to the same text', () => {
  expect(digestOf('ab', 'c')).not.toBe(digestOf('a', 'bc'));
});
